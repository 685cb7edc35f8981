"""The score in what a judge wrote."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humpback.curate.parse import parse_score

LINES = [
    ("Score: 5", 5),
    ("Score: 5.", 5),
    ("**Score:** 4", 4),
    ("**Score**: 4", 4),
    ("__Score: 4__", 4),
    ("### Score:\n\n**4**", 4),
    ("Score: 5/5", 5),
    ("Score: 4 out of 5.", 4),
    ("Score: 4.0 / 5.0", 4),
    ("score = 4", 4),
    ("The score is 3", 3),
    ("SCORE IS: 2", 2),
    ("Score: 4.5", 4.5),
    ("Score: 4,5", 4.5),
    ("Score: <5>", 5),
    ("Score: [3]", 3),
    ("Score: (2)/5", 2),
    ('{"score": 4}', 4),
    ("Score：4", 4),
    ("It could be Score: 5, but it is not.\nScore: 2", 2),
    ("Score: 4\n\nThat is\nwhat I\nthink of\nit.", 4),
    ("<think>Score: 1? Score: 5?</think>\nScore: 3", 3),
    ("opened by the template. Score: 1</think>Score: 3", 3),
    ("Score: 4<|im_end|>", 4),
    ("Score: <|eot_id|>4</s>", 4),
    ("Score: 3\nScore: 1-5 was the scale.", 3),
    ('{"score": 3, "max_score": 5}', 3),
    ('{"score": 2, "confidence_score": 5, "reason": "It answers half."}', 2),
    ("Score: 3\nHighest possible score: 5", 3),
    ("Maximum score: 5. Final score: 2", 2),
    ('{"overall_score": 2, "helpfulness_score": 5, "accuracy_score": 4}', 2),
    ('{"score": 3, "reference_score": 5}', 3),
    ("Overall score: 3\nClarity score: 5\nAccuracy score: 1", 3),
    ("Score: 2\nMaximum achievable score: 5", 2),
    ("Perfect score: 5/5", 5),
    ("Score (1-5): 4", 4),
    ("Clarity score: 4", 4),
    ("Overall score: 4 (minimum score: 1, max. score: 5)", 4),
]
LOST = [
    ("Score: 10", "out_of_range"),
    ("Score: 91", "out_of_range"),
    ("Score: 0", "out_of_range"),
    ("Score: -3", "out_of_range"),
    ("Score: 5.5", "out_of_range"),
    ("Score: 4/10", "out_of_range"),
    ("Score: 3\nScore: 10", "out_of_range"),
    ("Score: 4 on a scale of 10", "out_of_range"),
    ("Score: 4 (out of 10)", "out_of_range"),
    ("Score: 4 points out of 10", "out_of_range"),
    ("Score: 4 von 10", "out_of_range"),
    ("Score: 4 sur 10", "out_of_range"),
    ("Score: 4%", "out_of_range"),
    ("Score: 3 or 4", "missing"),
    ("", "missing"),
    ("A fine answer.", "missing"),
    ("Score: high", "missing"),
    ("Score: 5th of its kind", "missing"),
    ("the underscore: 4", "missing"),
    ("Best possible score: 5", "missing"),
    ("<think>Score: 5", "truncated"),
]


@pytest.mark.parametrize(("text", "value"), LINES)
def test_a_score_is_read_in_all_its_forms(text: str, value: float) -> None:
    """A public parser that was anchored at the end lost two thirds of 482,963 judgements, a first-match one took 5 for 2."""
    assert parse_score(text) == parse_score(text, cut=True)
    made = parse_score(text)
    assert (made.value, made.status) == (value, "ok")


@pytest.mark.parametrize(("text", "status"), LOST)
def test_what_is_no_score_is_null_with_its_reason(text: str, status: str) -> None:
    """Scores of 10, 91 and 10502 were accepted elsewhere; a guessed one is worse than none."""
    made = parse_score(text)
    assert (made.value, made.status) == (None, status)


def test_a_text_cut_at_its_limit_is_told_apart() -> None:
    """Missing and truncated have different remedies: another judge, or more tokens."""
    assert parse_score("The answer is complete, and", cut=True).status == "truncated"


@pytest.mark.parametrize(("top", "status"), [(10, "ok"), (7, "ok"), (5, "out_of_range")])
def test_other_scales(top: int, status: str) -> None:
    """A rubric of one's own may have other than five levels."""
    assert parse_score("Score: 7", top).status == status and parse_score(f"Score: 3/{top}", top).value == 3


PIECES = ["Score", ":", " ", "5", "/", ".", "is", "<", "think", ">", "</", "*", "\n", "-"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(), max_size=30))
def test_no_text_breaks_it(parts: list[str]) -> None:
    """A judge may write anything; one exception would end the run, one value outside 1 to 5 would win every selection."""
    made = parse_score("".join(parts))
    assert (made.value is None) == (made.status != "ok") and (made.value is None or 1 <= made.value <= 5)


HOSTILE = [
    "Score:",
    "score ",
    "Score: 5",
    "Score: 1 to",
    "Score: 5 out of",
    "<think>",
    "</think>",
    "<think></think>",
    "<|",
    "*",
]


@pytest.mark.parametrize("piece", [*HOSTILE, "Score: " + "1" * 1000, "score" + " " * 1000, "Score: 1" + " " * 1000])
def test_time_is_linear(piece: str) -> None:
    """100 kB of nearly scores must not cost the square of their length."""
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    parse_score(text)
    assert time.process_time() - began < 0.5
