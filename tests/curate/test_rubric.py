"""Yes/no questions among rubrics. What a broken rubric says, and how levels are read, is shown in `test_judge.py`."""

from pathlib import Path

import pytest

from humpback.curate.rubric import PREDICATES, highest, on_levels, rubric
from humpback.lm import Answer, Question


def test_the_shipped_predicates_ask_for_one_aspect_each() -> None:
    """Two things in one question have no answer where one of them is so and the other is not."""
    asked = rubric(PREDICATES)
    assert [question.kind for question in asked] == ["predicate"] * 3 and highest(asked) == 5
    assert all(" and " not in question.text and question.text.endswith("?") for question in asked)


def test_predicates_of_ones_own(tmp_path: Path) -> None:
    """A question without levels is one of yes and no; and levels that a blank line parts from it are no questions."""
    own = tmp_path / "own.txt"
    own.write_text("Is it short?\n\nIs it kind?\n")
    assert rubric(str(own)) == (Question("predicate", "Is it short?"), Question("predicate", "Is it kind?"))
    own.write_text("Is it kind?\n- no\n- a little\n- yes")
    assert highest(rubric(str(own))) == 3


@pytest.mark.parametrize(("yes", "score"), [(0.0, 1.0), (0.5, 3.0), (0.875, 4.5), (1.0, 5.0)])
def test_yes_is_the_highest_level(yes: float, score: float) -> None:
    """The first option of a predicate is yes, and the first level the lowest: read as levels, bad pairs would be kept."""
    made = on_levels(Question("predicate", "Kind?"), Answer((yes, 1 - yes), None, 0.3, 0.9, 0.25, "labels"))
    assert made.score == pytest.approx(score) and made.order_gap == 1.0
    assert (made.probabilities[4], made.probabilities[0]) == (yes, 1 - yes) and not any(made.probabilities[1:4])
    assert (made.confidence, made.label_mass, made.via) == (0.3, 0.9, "labels")


def test_what_is_on_levels_or_was_not_read_stays_as_it_is() -> None:
    """A prompt that is too long has no answer, and no level either."""
    level, nothing = Answer((0.5, 0.5), 1.5, 0.0, 0.9), Answer((), None, None, 0.0)
    assert on_levels(Question("score", "Kind?", ("no", "yes")), level) == level
    assert on_levels(Question("predicate", "Kind?"), nothing) == nothing
    told = Answer((0.7, 0.3), None, 0.3, None, None, "systemone")
    assert on_levels(Question("predicate", "Kind?"), told).order_gap is None
