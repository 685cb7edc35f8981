"""Scores against labels."""

import pytest

from humpback.evaluate import agreement as a


def rows(scores: list, labels: list, k: float = 4.5) -> dict:
    return {row["metric"]: row for row in a.agreement(scores, labels, k, 5, 1)}


@pytest.mark.parametrize(
    ("good", "bad", "auc"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], 0.0),
        ([1, 1], [1, 1], 0.5),
        ([2, 3], [2, 1], 0.875),
        ([3, None, 4], [None, 1, 2], 1.0),
    ],
)
def test_auc(good: list, bad: list, auc: float) -> None:
    """An AUC with its sides swapped praises the worst judge; ties counted as won praise one that knows one level."""
    row = a.auc_of("judge_auc", "x", good, bad, 1)
    assert (row["value"], row["n"]) == (auc, 2) and row["se"] is not None


def test_nothing_to_compare_is_null() -> None:
    """An AUC of 0.5 for want of cases would pass for a measurement."""
    assert a.auc_of("judge_auc", "x", [None], [1], 1)["value"] is None


def test_auc_error_against_the_published_formula() -> None:
    """Hanley and McNeil 1982: AUC 0.8 with 50 and 50 cases."""
    assert a.auc_error(0.8, 50, 50) == pytest.approx(0.0445, abs=5e-5)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]
)
def test_wilson_against_published_intervals(hits: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3: with few cases the usual interval leaves 0 to 1."""
    assert a.wilson(hits, n) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_precision_and_recall_at_the_threshold() -> None:
    """A good pair without a score is lost as surely as one below the threshold."""
    made = rows([5.0, 4.6, 5.0, 2.0, None, 1.0], [1, 1, 0, 1, 1, 0])
    assert made["judge_precision"]["value"] == pytest.approx(2 / 3) and made["judge_precision"]["n"] == 3
    assert made["judge_recall"]["value"] == 0.5 and "Wilson 0.150 to 0.850" in made["judge_recall"]["note"]
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
    made = list(a.calibration(cases, 1))
    assert [row["value"] for row in made[:2]] == [pytest.approx(ece), pytest.approx(brier)]
    assert sum(row["n"] for row in made[2:]) == len(cases)
