"""Scores against labels."""

import pytest
from made import rows_in

from humpback.curate import agreement as a
from humpback.curate import scorers
from humpback.curate.settings import Asking, CurationSettings
from humpback.run import Run


def rows(scores: list, labels: list, k: float = 4.5) -> dict:
    return {row["metric"]: row for row in a.agreement(scores, labels, k, 5, "M_0", 1)}


def test_precision_and_recall_at_the_threshold() -> None:
    """A good pair without a score is lost as surely as one below the threshold."""
    made = rows([5.0, 4.6, 5.0, 2.0, None, 1.0], [1, 1, 0, 1, 1, 0])
    assert made["judge_precision"]["value"] == pytest.approx(2 / 3) and made["judge_precision"]["n"] == 3
    assert made["judge_recall"]["value"] == 0.5 and made["judge_recall"]["at"] == 4.5
    assert (made["judge_recall"]["low"], made["judge_recall"]["high"]) == (
        pytest.approx(0.15, abs=1e-3),
        pytest.approx(0.85, abs=1e-3),
    )
    assert made["judge_base_rate"]["value"] == pytest.approx(4 / 6)


def test_nothing_selected_has_no_precision() -> None:
    """A judge that selects nothing is not always wrong."""
    made = rows([1.0, 2.0], [1, 0])
    assert made["judge_precision"]["value"] is None and made["judge_recall"]["value"] == 0.0


@pytest.mark.parametrize(
    ("cases", "ece", "brier"),
    [
        ([(1.0, 1), (0.0, 0)], 0.0, 0.0),
        ([(1.0, 0), (0.0, 1)], 1.0, 1.0),
        ([(0.5, 1), (0.5, 0)], 0.0, 0.25),
        ([(0.75, 1), (0.75, 1), (0.25, 0), (0.25, 0)], 0.25, 0.0625),
    ],
)
def test_calibration(cases: list, ece: float, brier: float) -> None:
    """Two definitions of ECE are not comparable: 15 bins of equal width, over p(good)."""
    made = list(a.calibration(cases, "M_0", 1))
    assert [row["value"] for row in made[:2]] == [pytest.approx(ece), pytest.approx(brier)]
    assert sum(row["n"] for row in made[2:]) == len(cases)
    assert [row["at"] for row in made[2:]] == sorted({p for p, _ in cases})


def test_labelled_pairs_among_the_scored_ones(run: Run) -> None:
    """Pairs without a label say nothing of the judge, and a rubric of three levels has its top at 3."""
    pairs = [{"id": f"p{i}", "label": (1, 0, None)[i % 3], "score": (4.8, 2.0, 5.0)[i % 3]} for i in range(9)]
    scored = rows_in(run, pairs, scorers.schema(), kind="scored")
    asking = Asking(0, "echo", "echo", "echo", "", CurationSettings())
    made = {row["metric"]: row for row in a.measured(run, scored, asking).rows()}
    assert made["judge_base_rate"]["n"] == 6 and made["judge_label_auc"]["value"] == 1.0
    assert run.one(kind="metrics", of="agreement", model="echo")
