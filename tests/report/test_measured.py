"""Metric rows put side by side."""

import pytest

from humpback.metrics import metric
from humpback.report import measured


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "-"),
        (metric("m", "M_0", None, n=0, unit="share"), "-"),
        (metric("m", "M_0", 0.825, se=0.031, n=9, unit="share"), "82 % ± 3"),
        (metric("m", "M_0", 2347200.0, n=9, unit="per thousand pairs"), "2,347,200"),
        (metric("m", "M_0", 4.25, n=9, unit="per thousand pairs"), "4.2"),
        (metric("m", "M_0", 0.0, n=9, unit="per thousand pairs"), "0"),
        (metric("m", "M_0", -0.001, n=9, unit="levels"), "0.00"),
        (metric("m", "M_0", -0.014, se=0.002, n=9, unit="cosine"), "-0.014 ± 0.002"),
        (metric("m", "M_0", 0.5, se=0.1, n=9, unit="levels"), "0.50 ± 0.10"),
    ],
)
def test_a_metric_is_told_in_its_unit(row: dict | None, said: str) -> None:
    """0.825 of what?"""
    assert measured.quantity(row) == said


def test_the_mean_leaves_out_what_a_guard_drops() -> None:
    """Copied instructions never reach the judge; counted in, they make it look other than what decides."""
    rows = [metric("judge_auc", "M_0", value, n=9, note=note) for note, value in (("shuffled", 0.9), ("copied", 0.1))]
    found = measured.damages(rows)
    assert [row.counts for row in found] == [True, False] and measured.mean_auc(found, "judge") == pytest.approx(0.9)
    assert measured.mean_auc(found, "gain") is None


def test_kinds_of_attack_stand_with_the_strongest_first() -> None:
    """A kind that nothing could be measured of is not the strongest."""
    values = {"all": 0.1, "weak": -0.2, "strong": 1.5, "unknown": None}
    rows = [metric(f"injection_{move}", "M_0", value, n=3, note=note) for note, value in values.items()
            for move in ("shift", "control", "excess", "lost")]  # fmt: skip
    found = measured.injection(rows)
    assert found is not None and [each["kind"] for each in found[1]] == ["strong", "weak", "unknown"]
    assert measured.injection([]) is None
