"""A backend is one file: its name, its settings, which of them are in plans, and how it opens."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from humpback import lm as language_models
from humpback.config import Config, build, planned
from humpback.errors import UsageFault
from humpback.lm import Question, Sampling
from humpback.lm.spec import ModelName, fingerprint, parse

# All that somebody writes who adds a backend.
PARROT = '''
"""`parrot:WORD` says its word again and again."""

from typing import Annotated

from pydantic import Field

from humpback.config import PACE
from humpback.lm import Answer, Completion, Usage, decisions
from humpback.lm.journal import Remembers, key_of
from humpback.lm.options import BackendOptions


class Options(BackendOptions):
    """`parrot:`"""

    times: int = Field(2, ge=1, description="how often it says its word")
    pause: Annotated[float, PACE] = Field(0.0, ge=0, description="seconds between two words")


class Parrot(Remembers):
    role, context = "", 100

    def __init__(self, word, options):
        self.name, self.word, self.options = f"parrot:{word}", word, options

    def close(self):
        pass

    def clip(self, text, max_tokens):
        words = text.split()
        return " ".join(words[:max_tokens]), len(words) > max_tokens

    def generate(self, prompts, sampling, seeds):
        said = Completion(" ".join([self.word] * self.options.times), "stop", self.options.times, -1.0)
        return [self.answered(key_of("generate", each), lambda: ([said], Usage(1)))[0] for each in prompts]

    def logprob(self, prompts, targets, ended=False):
        return [[-1.0 for _ in target.split()] for target in targets]

    def decide(self, states, questions):
        even = [[1 / len(decisions.labels(each))] * len(decisions.labels(each)) for each in questions]
        return [[decisions.one_order(q, p, None, "parrot") for q, p in zip(questions, even)] for _ in states]


def open(spec):
    return Parrot(spec.model, spec.options)
'''


@pytest.fixture
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file `parrot.py`, as if it lay beside the other backends."""
    (tmp_path / "parrot.py").write_text(PARROT)
    monkeypatch.setattr(language_models, "__path__", [*language_models.__path__, str(tmp_path)])
    yield
    sys.modules.pop("humpback.lm.parrot", None)
    vars(language_models).pop("parrot", None)


def test_a_backend_is_one_file(parrot: None) -> None:
    """Its options stood in a table elsewhere, and how it is held in an `isinstance` of a third file."""
    assert "parrot" in language_models.backends()
    lm = language_models.open("parrot:hello?times=3")
    assert lm.generate(["x"], Sampling(), [0])[0].text == "hello hello hello"
    assert lm.decide(["x"], [Question("predicate", "Is it?")])[0][0].probabilities == (0.5, 0.5)
    assert (lm.identity, lm.name) == ("parrot:hello?times=3", "parrot:hello")


def test_what_changes_its_answers_is_told_by_the_type_of_the_setting(parrot: None) -> None:
    """A list of names beside the settings is forgotten with the next one."""
    assert fingerprint("parrot:a?times=3") != fingerprint("parrot:a") == fingerprint("parrot:a?times=2")
    assert fingerprint("parrot:a?pause=0.5") == fingerprint("parrot:a")
    with pytest.raises(UsageFault, match="there is no setting 'time'"):
        parse("parrot:a?time=3")


def test_settings_take_it_by_name_and_plans_its_answers(parrot: None) -> None:
    """A new backend that settings refuse is none; two that answer otherwise must not be one plan."""

    class Named(Config):
        lm: ModelName = ""

    fast, other = (build(Named, [{"lm": f"parrot:a?{option}"}]) for option in ("pause=1", "times=5"))
    assert planned(fast) == {"lm": "parrot:a"} != planned(other)
    with pytest.raises(UsageFault, match="no model backend 'cockatoo'"):
        build(Named, [{"lm": "cockatoo:a"}])


@pytest.mark.parametrize("name", ["chat", "decisions", "spec", "journal", "encoders", "hosted", "_own", "no-module", ""])
def test_other_modules_of_the_room_are_no_backends(name: str) -> None:
    """`likelihood` was offered as one, since the backends were all modules but those of a list."""
    assert language_models.backend(name) is None and name not in language_models.backends()


def test_finding_backends_loads_nothing_heavy() -> None:
    """A wrong name, or `humpback doctor`, must not wait for torch."""
    code = (
        "import sys\nfrom humpback import lm\nlm.backends()\n"
        "sys.exit(', '.join({'torch', 'transformers', 'openai', 'httpx2', 'vllm'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
