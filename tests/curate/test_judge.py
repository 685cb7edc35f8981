"""Scores without parsing."""

import pytest

from humpback.curate.judge import Score, rubric, state, verdict
from humpback.curate.likelihood import gains
from humpback.lm import Answer
from humpback.lm.echo import Echo
from humpback.methods.backtranslate import TagConfig

PAIR = {"id": "p", "instruction": "How do I oil a chain?", "response": "Oil the chain with a drop on each link."}


def test_the_rubric_has_five_levels_without_numerals() -> None:
    """A level text that says "5 points" collides with the labels of some servers."""
    levels = rubric().options
    assert len(levels) == 5 and not any(c.isdigit() for level in levels for c in level)


@pytest.mark.parametrize(("mass", "status"), [(0.9, "ok"), (0.5, "ok"), (0.49, "undecided")])
def test_little_label_mass_leaves_a_pair_unscored(mass: float, status: str) -> None:
    """45 to 67 % of scores were lost in silence elsewhere; here they are counted as undecided."""
    made = verdict(Answer((0, 0, 0, 0, 1.0), 5.0, 1.0, mass))
    assert made["status"] == status and (made["score"] is None) == (status != "ok")


def test_a_pair_that_does_not_fit_is_told_apart() -> None:
    """Too long and undecided are different faults with different remedies."""
    assert verdict(Answer((), None, None, 0.0))["status"] == "prompt_too_long"


def test_every_pair_gets_a_row_with_both_measures() -> None:
    """A threshold may be changed later only if all scores were kept."""
    rows = [{**PAIR, "id": f"p{i}"} for i in range(5)]
    made = list(Score(TagConfig(), 100, 1)(rows, Echo()))
    assert [row["id"] for row in made] == [row["id"] for row in rows]
    assert all(row["score"] is not None and row["gain"] is not None and row["round"] == 1 for row in made)


def test_the_pair_is_shown_as_data_before_the_question() -> None:
    """A judge prompt that ends with the pair makes a chat model go on with it instead of judging."""
    assert state("ask", "say").index("ask") < state("ask", "say").index("say")


def test_a_fitting_instruction_gains_and_a_strange_one_does_not() -> None:
    """The sign of the gain decides what is kept."""
    fit, strange = gains(
        [(PAIR["instruction"], PAIR["response"]), ("Why is the sky blue?", PAIR["response"])], Echo(), "Tag.", 100
    )
    assert fit is not None and strange is not None and fit > strange
