"""A whole training in its own process: the schedule's end, what is said of it, and the model that is saved."""

import json
from pathlib import Path

import pytest

from humpback import lm as language_models
from humpback import store
from humpback.errors import TrainingFailed
from humpback.progress import Progress
from humpback.prompts.forward import TagConfig
from humpback.train.config import SftConfig
from humpback.train.job import Job
from humpback.train.sft import train

pytest.importorskip("trl")
SEED = [
    {
        "id": f"p{i}",
        "instruction": f"How do I oil chain number {i}?",
        "response": f"Put {i} drops on each link.",
        "source": "seed",
    }
    for i in range(12)
]


class Said(Progress):
    """Keeps what it was told to say."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


SAID = Said()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    config = SftConfig(lr=1e-3, lr_end=9e-6, batch=4, passes=2, max_tokens=200)
    rows = [*SEED, {**SEED[0], "instruction": "word " * 300}]
    train(folder, Job(role="forward", base_name="embedded", sft=config), rows, SAID)
    return folder


def test_the_schedule_is_linear_and_ends_at_lr_end(trained: Path) -> None:
    """A floor used as a multiplier let the rate decay to 9e-11."""
    rates = [entry["learning_rate"] for entry in store.read_json(trained / "training.json")["log"]]
    steps = len(rates)
    assert rates == pytest.approx([9e-6 + (1e-3 - 9e-6) * (1 - step / steps) for step in range(steps)], rel=1e-3)


def test_the_saved_model_opens_with_role_template_and_end_tokens(trained: Path) -> None:
    """A model without its template is asked under another one; without its role, for the wrong thing."""
    lm = language_models.open(f"transformers:{trained}")
    assert lm.role == "forward" and lm.tokenizer.chat_template and lm.tokenizer.eos_token_id in lm.ends
    assert json.loads((trained / "humpback.json").read_text())["base"] == "embedded"


def test_training_lowers_the_loss_on_what_it_saw(trained: Path, embedded) -> None:  # type: ignore[no-untyped-def]
    """A trainer that trains another copy of the weights than it saves would pass every other test."""
    from humpback.evaluate.held_out import forward_nll

    lm = language_models.open(f"transformers:{trained}")
    before, after = (sum(forward_nll(SEED, model, TagConfig(), 50)) for model in (embedded, lm))
    assert after < before * 0.8


def test_what_was_left_out_is_said(trained: Path) -> None:
    """A pair whose prompt fills the length is no example; lost in silence, nobody looks for it."""
    facts = store.read_json(trained / "training.json")
    assert (facts["examples"], facts["too_long"]) == (12, 1)
    assert any("1 of 13 examples left out" in line and "sft.max_tokens" in line for line in SAID.lines)


def test_a_training_that_fails_says_where_its_log_is(tmp_path: Path) -> None:
    """The child's traceback belongs into a file, its last line into the error."""
    rows = [{**row, "instruction": "word " * 300} for row in SEED]
    with pytest.raises(TrainingFailed) as caught:
        job = Job(role="forward", base_name="embedded", sft=SftConfig(max_tokens=50))
        train(tmp_path, job, rows, Progress(True))
    assert "prompt longer than sft.max_tokens" in caught.value.fact and "train.log" in caught.value.hint
