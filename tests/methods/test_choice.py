"""Of several answers one is taken: the likeliest among those of like length."""

from pathlib import Path
from typing import Any

import pytest
from made import rows_in
from rehearsed import Refuses, Rehearsed

from humpback.methods.choice import ALIKE, Answers, LikeLength, chosen, pairs
from humpback.run import Run
from humpback.schema import PAIR, Row

LIKELY, ODD = "How do I oil a chain? You oil a chain.", "Zebras yonder quibble."


def answer(by: str, text: str, logprob: float | None) -> Row:
    return {"by": by, "response": text, "logprob": logprob}


def taken(*answers: Row) -> Row:
    [row] = chosen(None, [{"id": "a", "response": "The page.", "draft": None, "answers": list(answers)}])  # type: ignore[arg-type]
    return row


def test_the_likeliest_answer_is_taken_and_the_page_stays_beside_it() -> None:
    row = taken(answer("web", "The page.", -2.0), answer("rewritten", "The book.", -1.5))
    assert (row["response"], row["answered"], row["draft"]) == ("The book.", "rewritten", "The page.")
    row = taken(answer("web", "The page.", -1.5), answer("rewritten", "The book.", -1.6))
    assert (row["response"], row["answered"], row["draft"]) == ("The page.", "web", None)


def test_the_first_of_equals_and_one_that_was_read_before_one_that_does_not_fit() -> None:
    """A choice by the order of a set is another one on each machine."""
    assert taken(answer("web", "The page.", -2.0), answer("rewritten", "The book.", -2.0))["answered"] == "web"
    assert taken(answer("web", "The page.", None), answer("rewritten", "The book.", -9.0))["answered"] == "rewritten"
    assert taken(answer("web", "The page.", None), answer("rewritten", "The book.", None))["answered"] == "web"


def test_answers_are_held_to_those_of_like_length() -> None:
    """Long answers are likelier by the token: without it the longest would always be taken."""
    known = [(10 + i % 5, -4.0 + i / 100) for i in range(ALIKE)] + [(1000 + i % 5, -2.0 + i / 100) for i in range(ALIKE)]
    above = LikeLength(known)
    short, long = answer("web", "x" * 12, -3.0), answer("rewritten", "x" * 1002, -2.0)
    assert above(short) > 0 > above(long)
    assert above(answer("web", "x", -3.0)) == above(short), "shorter ones than any are held to the shortest"
    assert above(answer("web", "x" * 9999, -2.0)) == above(long)


def test_fewer_than_one_can_tell_the_length_of_are_held_to_each_other() -> None:
    known = [(10, -4.0), (1000, -2.0)]
    above = LikeLength(known)
    assert above(answer("web", "x" * 10, -4.0)) == -1.0 and above(answer("web", "x" * 1000, -2.0)) == 1.0
    assert LikeLength([])(answer("web", "x", None)) == float("-inf")


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with Run(tmp_path / "run", "t", Answers(written={}, web=True, tag="", max_tokens=9), engine=Rehearsed()) as made:
        yield made


def test_every_pair_lists_its_answers_and_one_without_is_dropped(run: Run) -> None:
    """What a rewrite was rejected for is no answer; a pair of which none is left is told, not lost."""
    kept = [{"id": f"p{i}", "instruction": "How do I oil a chain?", "response": ODD, "source": "web"} for i in range(3)]
    source = rows_in(run, kept, PAIR, "kept")
    other = [{**kept[0], "response": LIKELY, "answered": "rewritten"}, {**kept[1], "answered": "fact_added"}]
    written = rows_in(run, other, PAIR, "rewritten")
    answers = Answers(written={"rewritten": written.path}, web=True, tag="", max_tokens=99)
    found = {row["id"]: row for row in pairs(run, source, answers, "echo:").rows()}
    assert [found[f"p{i}"]["answered"] for i in range(3)] == ["rewritten", "web", "web"]
    assert [each["by"] for each in found["p0"]["answers"]] == ["web", "rewritten"]
    assert all(each["logprob"] < 0 for row in found.values() for each in row["answers"])
    only = pairs(run, source, answers.model_copy(update={"web": False}), "echo:")
    assert [row["id"] for row in only.rows()] == ["p0"]
    [scored] = [each for each in run.find(kind="candidates") if not each.about.get("web")][-1:]
    assert [drop["reason"] for drop in scored.drops()] == ["no_answer"] * 2  # type: ignore[attr-defined]


def test_what_is_chosen_is_finished(run: Run) -> None:
    source = rows_in(run, [{"id": "a", "instruction": "Why?", "response": ODD, "source": "web"}], PAIR, "kept")
    answers = Answers(written={}, web=True, tag="", max_tokens=99)
    made = pairs(run, source, answers, "echo:")
    run._place, run.engine = 1, Refuses()
    assert pairs(run, source, answers, "echo:").path == made.path


def test_answers_of_one_length_are_held_to_all_of_that_length() -> None:
    """Of two hundred refusals the likeliest were held to the least likely ones, and taken."""
    known = [(14, -3.0 + i / 100) for i in range(200)] + [(500 + i, -3.0 + i / 100) for i in range(200)]
    above = LikeLength(known)
    assert above(answer("distilled", "x" * 14, -2.0)) == pytest.approx(0.005) and above.longest[0] == 14
    assert LikeLength([(14, -3.0)] * 200)(answer("web", "x" * 14, -3.0)) == 0
