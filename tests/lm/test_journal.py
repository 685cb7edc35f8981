"""Answers that a kill does not lose."""

from contextlib import closing
from pathlib import Path

import pytest

from humpback.lm import Answer, Completion, Question, Sampling, Usage
from humpback.lm._journal import Journal, key_of
from humpback.lm.echo import Echo

ANSWERS = [
    Completion("Wie öle ich?\n\x00", "stop", 7, -0.123456789012345),
    Answer((0.25, 0.75), 1.75, 0.5, None, 0.1, "systemone"),
    [-0.1, -2.5],
    None,
]


def test_what_was_recorded_is_recalled_to_the_last_bit(tmp_path: Path) -> None:
    """A run that goes on must end in the same rows as one that was never killed."""
    with closing(Journal(tmp_path / "j")) as journal:
        journal.record("k", ANSWERS, Usage(1, 2, 3, 0.5))
    with closing(Journal(tmp_path / "j")) as journal:
        assert journal.recall("k") == (ANSWERS, Usage(1, 2, 3, 0.5)) and journal.recall("other") is None


def test_a_line_that_a_kill_cut_off_costs_itself_alone(tmp_path: Path) -> None:
    """Half a line at the end must not make the file unreadable, nor run into the next one."""
    path = tmp_path / "j"
    with closing(Journal(path)) as journal:
        journal.record("whole", [None], Usage())
    path.write_bytes(path.read_bytes() + b'{"key":"half","ans')
    with closing(Journal(path)) as journal:
        journal.record("next", [[-1.0]], Usage())
    with closing(Journal(path)) as again:
        assert again.recall("whole") and again.recall("half") is None and again.recall("next")


def test_the_parts_of_others_are_read_and_left_alone(tmp_path: Path) -> None:
    """Cutting off the line that another process is writing would damage its file."""
    (tmp_path / "j.1").write_bytes(b'{"key":"a","answers":[null],"usage":{}}\n{"key":"b"')
    with closing(Journal(tmp_path / "j", part=".0")) as journal:
        assert journal.recall("a") and (tmp_path / "j.1").read_bytes().endswith(b'"b"')


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
