"""Answers that a kill does not lose."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from humpback.lm import Answer, Completion, Question, Sampling, Usage
from humpback.lm.echo import Echo
from humpback.lm.journal import Given, Journal, Remembers, key_of

ANSWERS = [
    Completion("Wie öle ich?\n\x00", "stop", 7, -0.123456789012345),
    Answer((0.25, 0.75), 1.75, 0.5, None, 0.1, "systemone"),
    [-0.1, -2.5],
    None,
]


def test_what_was_recorded_is_recalled_to_the_last_bit(tmp_path: Path) -> None:
    """A run that goes on must end in the same rows as one that was never killed."""
    used = Usage(1, 2, 3, 0.5, seconds=0.123456789012345)
    with closing(Journal(tmp_path / "j", "m")) as journal:
        journal.record("k", ANSWERS, used)
    with closing(Journal(tmp_path / "j", "m")) as journal:
        assert journal.recall("k") == (ANSWERS, used) and journal.recall("other") is None
        assert journal.recall("k")[1].seconds == used.seconds


def test_another_models_answers_are_not_recalled(tmp_path: Path) -> None:
    """Models were known by the last name of their folder: of two that were both `01-backward` the second was given the
    first one's figures (NLL 3.93 told, 4.25 true)."""
    with closing(Journal(tmp_path / "j", "transformers:one")) as journal:
        journal.record("k", [[-1.0]], Usage())
    with closing(Journal(tmp_path / "j", "transformers:two")) as journal:
        assert journal.recall("k") is None


def test_a_line_that_a_kill_cut_off_costs_itself_alone(tmp_path: Path) -> None:
    """Half a line at the end must not make the file unreadable, nor run into the next one."""
    path = tmp_path / "j"
    with closing(Journal(path, "m")) as journal:
        journal.record("whole", [None], Usage())
    path.write_bytes(path.read_bytes() + b'{"key":"half","ans')
    with closing(Journal(path, "m")) as journal:
        journal.record("next", [[-1.0]], Usage())
    with closing(Journal(path, "m")) as again:
        assert again.recall("whole") and again.recall("half") is None and again.recall("next")


def test_the_parts_of_others_are_read_and_left_alone(tmp_path: Path) -> None:
    """Cutting off the line that another process is writing would damage its file."""
    with closing(Journal(tmp_path / "j", "m", part=".1")) as other:
        other.record("a", [None], Usage())
    cut = (tmp_path / "j.1").read_bytes() + b'{"key":"b"'
    (tmp_path / "j.1").write_bytes(cut)
    with closing(Journal(tmp_path / "j", "m", part=".0")) as journal:
        assert journal.recall("a") and (tmp_path / "j.1").read_bytes() == cut


def test_another_question_has_another_key() -> None:
    """The same prompt asked warmer, or with another seed, is another draw."""
    assert len({key_of("p", s, seed) for s in (Sampling(), Sampling(temperature=0)) for seed in (1, 2)}) == 4
    assert key_of(Question("predicate", "a")) != key_of(Question("predicate", "b"))


@pytest.mark.parametrize("call", ["generate", "logprob", "decide"])
def test_a_model_that_remembers_is_not_asked_again(tmp_path: Path, call: str) -> None:
    """Model calls are the dear part; what they took is counted in both lives."""
    asked = {"generate": (["a b", "c"], Sampling(), [1, 2]), "logprob": (["a b", "c"], ["d", "e"]),
             "decide": (["a b", "c"], [Question("predicate", "q")])}[call]  # fmt: skip
    first, again = Echo(), Echo()
    for lm in (first, again):
        lm.remember(tmp_path / "j")
        lm.made = getattr(lm, call)(*asked)  # type: ignore[attr-defined]
        lm.remember(None)
    assert first.made == again.made and first.usage == again.usage  # type: ignore[attr-defined]
    assert call != "generate" or again.history == []


def test_seconds_of_a_resumed_run_are_those_that_were_spent(tmp_path: Path) -> None:
    """The judge's seconds of a resumed run were those of reading its journal: a judge that took an hour looked free."""
    used = []
    for pause in (0.02, 0.0):
        lm = Slow(pause)
        lm.remember(tmp_path / "j")
        lm.generate(["a", "b"], Sampling(), [1, 2])
        lm.remember(None)
        used.append(lm.usage)
    assert used[0].seconds >= 0.04 and used[1].seconds == pytest.approx(used[0].seconds, abs=1e-9)


def test_a_journal_of_an_older_humpback_is_read(tmp_path: Path) -> None:
    """A window that was in work when the program was brought up to date must not end in a traceback."""
    with closing(Journal(tmp_path / "j", "m")) as journal:
        journal.record("k", [None], Usage(1, 2, 3, 0.5))
    line = orjson.loads((tmp_path / "j").read_bytes())
    del line["usage"]["seconds"]
    (tmp_path / "j").write_bytes(orjson.dumps(line) + b"\n")
    with closing(Journal(tmp_path / "j", "m")) as journal:
        assert journal.recall("k") == ([None], Usage(1, 2, 3, 0.5)) and journal.recall("k")[1].seconds == 0


def test_requests_side_by_side_take_no_second_twice(tmp_path: Path) -> None:
    """Thirty-two requests of a second each, sent at once, took a second and not half a minute."""
    lm = Remembers()
    lm.identity = "m"
    began = time.perf_counter()
    lm.started()
    for key in "abc":
        time.sleep(0.01)
        lm.recorded(key, [None], Usage(1))
    assert 0.03 <= lm.usage.seconds <= time.perf_counter() - began and lm.usage.calls == 3


class Slow(Echo):
    """Echo that takes its time, `pause` seconds for each answer."""

    def __init__(self, pause: float) -> None:
        super().__init__()
        self.pause = pause

    def answered(self, key: str, ask: Callable[[], tuple[list[Given], Usage]]) -> list[Given]:
        def slowly() -> tuple[list[Given], Usage]:
            time.sleep(self.pause)
            return ask()

        return super().answered(key, slowly)
