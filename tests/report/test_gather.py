"""What is read of a run's folder."""

import shutil
from pathlib import Path

import pytest

from humpback.report import gather


def test_measurements_are_no_rows_of_the_funnel(own: Path, labelled: Path) -> None:
    """Metric rows that "were read" make the funnel grow at its end."""
    named = {row["name"]: row.get("kind") for run in (own, labelled) for row in gather.funnel(run)}
    assert {named[n] for n in ("competence-1", "injection-1", "likeness-1", "agreement")} == {"internal"}
    assert named["scored-1"] == named["selected-1"] == named["scored"] == "data"


def test_the_scores_are_those_of_the_last_scorer(outside: Path) -> None:
    """Each scorer writes the pairs anew: the first dataset knows nothing of the others."""
    [found] = gather.rounds(outside)
    assert found.pairs is not None and found.pairs.path.name.endswith("scored-1-combined")
    assert all(row["combined"] is not None and row["specificity"] is not None for row in found.scored)


def test_ranked_by_a_column_in_which_less_is_better(outside: Path) -> None:
    """By retrieval rank, 8 of 8 came first and 1 last."""
    [found] = gather.rounds(outside)
    object.__setattr__(found, "plan", {"by": "retrieval_rank"})
    ranks = [row["retrieval_rank"] for row in gather.ranked(found)]
    assert ranks == sorted(ranks) and len(set(ranks)) > 1


def test_a_round_that_stopped_before_it_selected_is_there(own: Path, tmp_path: Path) -> None:
    """A run that its judge's competence stopped is the one whose competence one wants to see."""
    run = Path(shutil.copytree(own, tmp_path / "run"))
    for folder in [*run.glob("*-selected-1"), *run.glob("*-likeness-1"), *run.glob("*-scored-1")]:
        shutil.rmtree(folder)
    [found] = gather.rounds(run)
    assert found.plan is None and found.competence and not found.scored and gather.best_pairs(run, 3) == []


def test_only_the_rows_asked_for_are_read(own: Path) -> None:
    """The texts of half a million pairs do not fit into memory for the sake of thirty examples."""
    some = [row["id"] for row in gather.rows_of(own, "scored-1")][3:5]
    assert list(gather.picked(gather.dataset(own, "scored-1"), some)) == some
    assert gather.picked(None, some) == gather.picked(gather.dataset(own, "scored-1"), []) == {}


def test_what_models_took_is_told_of_all_that_asked_one(own: Path) -> None:
    """Stages that ask no model have nothing to tell; measurements ask one too, and may cost as much."""
    rows = gather.spending(gather.funnel(own))
    assert [row["name"] for row in rows] == ["augmented", "competence-1", "injection-1", "scored-1"]
    assert rows[0]["calls"] == pytest.approx(24) and rows[0]["prompt_tokens"] > 24
