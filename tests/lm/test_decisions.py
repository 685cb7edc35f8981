"""The arithmetic of typed decisions."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.lm import Question
from humpback.lm.decisions import answer, answers, confidence, distribution, expectation, labels, prompt, turns

LEVELS = Question("score", "How good?", ("bad", "poor", "fair", "good", "best"))


def logs(*values: float) -> list[float]:
    return [math.log(value) if value else -1e9 for value in values]


def test_expectation_counts_levels_from_one() -> None:
    """Servers count from 0; a k of 4.5 against a 0-based score keeps nothing."""
    assert expectation((0, 0, 0, 0, 1)) == 5 and expectation((0.5, 0, 0, 0, 0.5)) == 3


def test_the_reversed_order_is_read_back() -> None:
    """Option order flips a quarter of small models' answers: both orders are averaged, level by level."""
    made = answer(LEVELS, logs(0, 0, 0, 0, 0.9), logs(0.9, 0, 0, 0, 0))
    assert made.score == pytest.approx(5) and made.order_gap == pytest.approx(0)
    assert answer(LEVELS, logs(0, 0, 0, 0, 0.9), logs(0, 0, 0, 0, 0.9)).order_gap == pytest.approx(4)


def test_a_check_leaves_the_answer_as_it_was() -> None:
    """Pairs that are scored by one order and pairs that are scored by the mean of two are on two scales."""
    first, back = logs(0, 0, 0, 0.8, 0.1), logs(0, 0.2, 0.1, 0, 0)
    forward, checked = (replace(LEVELS, orders=orders) for orders in ("forward", "checked"))
    alone, told = answer(forward, first), answer(checked, first, back)
    assert replace(told, order_gap=None, order_flips=None) == alone and alone.order_gap is alone.order_flips is None
    assert told.order_flips is False and told.order_gap == pytest.approx(abs(4 + 1 / 9 - 3 - 2 / 3))
    assert answer(checked, first, logs(0.1, 0, 0, 0, 0)).order_flips is True
    assert answer(LEVELS, first, back).score == pytest.approx((4 + 1 / 9 + 3 + 2 / 3) / 2)


def test_answers_take_what_was_read_in_each_turn() -> None:
    """A question that is asked once among those that are asked twice would be given its neighbour's reverse."""
    asked = [replace(LEVELS, orders="forward"), LEVELS, Question("predicate", "Is it?", orders="forward")]
    assert [reverse for _, reverse in turns(asked)] == [False, False, True, False]
    told = answers(asked, [logs(0, 0, 0, 0, 1), logs(0, 0, 0, 1, 0), logs(1, 0, 0, 0, 0), logs(0.2, 0.6)])
    assert [each.score for each in told] == [5, 4.5, None] and told[2].probabilities == pytest.approx((0.25, 0.75))
    assert [each.probabilities for each in answers(asked, None)] == [()] * 3


def test_label_mass_is_what_fell_on_labels_at_all() -> None:
    """A judge that wanted to say something else must not look sure."""
    assert answer(LEVELS, logs(0.1, 0, 0, 0, 0.1), logs(0, 0.4, 0, 0, 0)).label_mass == pytest.approx(0.3)


def test_no_mass_gives_no_opinion() -> None:
    """Minus infinity everywhere must not divide by zero."""
    assert distribution([-math.inf] * 5) == ((0.2,) * 5, 0.0)


def test_confidence_tells_neighbours_from_opposites() -> None:
    """Two neighbours at a half are surer than 1 against 5 at a half; the largest probability cannot tell them apart."""
    assert confidence((0.5, 0.5, 0, 0, 0)) == pytest.approx(1 - 0.5 / 1.2)
    assert confidence((0.5, 0, 0, 0, 0.5)) == 0
    assert confidence((1, 0, 0, 0, 0)) == 1


def test_a_predicate_keeps_its_labels_in_both_orders() -> None:
    """Yes stays yes when the options are shown the other way round."""
    question = Question("predicate", "Is it so?")
    assert answer(question, logs(0.8, 0.2), logs(0.8, 0.2)).probabilities[0] == pytest.approx(0.8)
    assert prompt("s", question) != prompt("s", question, reverse=True)
    assert labels(question) == ["yes", "no"]


def test_the_question_stands_before_the_state_and_the_labels_behind_it() -> None:
    """What differs between pairs must come last, or nothing is read once for all; and a text that ends the prompt is gone on
    with."""
    one, other = prompt("one", LEVELS), prompt("other", LEVELS)
    assert one.startswith("How good?") and one.index("E: best") < one.index("one")
    assert one.replace("one", "other") == other and one.endswith("\n\nA or B or C or D or E only.")
    assert prompt("s", Question("predicate", "Is it?"), reverse=True).endswith("\n\nno or yes only.")


def test_the_reversed_prompt_shows_the_best_level_first() -> None:
    """If only the labels were reversed, averaging would mix up the levels."""
    assert "A: best" in prompt("state", LEVELS, reverse=True) and "A: bad" in prompt("state", LEVELS)


@given(st.lists(st.floats(-30, 0), min_size=5, max_size=5), st.lists(st.floats(-30, 0), min_size=5, max_size=5))
def test_a_score_lies_between_the_levels(first: list[float], second: list[float]) -> None:
    """Values outside 1 to 5 (10502 among them) were kept as scores elsewhere."""
    made = answer(LEVELS, first, second)
    assert made.score is not None and 1 <= made.score <= 5 + 1e-9
    assert sum(made.probabilities) == pytest.approx(1)
