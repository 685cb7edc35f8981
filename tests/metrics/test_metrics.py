"""Metric rows."""

import pytest

from humpback.metrics import mean_of, metric, paired_change
from humpback.schema import METRIC


def test_a_row_has_every_column_and_one_id_for_what_is_measured() -> None:
    """Two rows of one id are refused when they are written; one measurement under two ids is counted twice."""
    place = {"split": "dev", "seed": 1, "at": 100.0}
    row = metric("nll", "M_0", 1.0, n=3, **place)
    assert set(row) == set(METRIC.names)
    assert row["id"] == metric("nll", "M_0", 2.0, n=9, **place, note="again")["id"]
    others = {"split": "test", "seed": 2, "at": 200.0, "part": "x", "against": "M_1", "round": 1, "parent": "c1"}
    made = {metric("nll", "M_0", 1.0, n=3, **{**place, name: value})["id"] for name, value in others.items()}
    assert len(made | {row["id"]}) == len(others) + 1


def test_a_column_that_there_is_not_is_refused() -> None:
    """A word in the wrong column is a figure that nobody finds."""
    with pytest.raises(TypeError, match="no column 'kind'"):
        metric("nll", "M_0", 1.0, n=1, kind="x")


def test_means_leave_out_what_is_not_there() -> None:
    """A null taken for nought moves the mean; one value has no error."""
    row = mean_of("nll", "M_0", [1.0, None, 3.0])
    assert (row["value"], row["se"], row["n"]) == (2.0, 1.0, 2)
    assert mean_of("nll", "M_0", [1.0])["se"] is None and mean_of("nll", "M_0", [None])["value"] is None


def test_a_change_is_over_the_cases_that_both_have() -> None:
    """Means over different cases differ by the cases."""
    row = paired_change("nll_change", "M_1", [1.0, 5.0, None], [0.5, None, 9.0], against="M_0")
    assert (row["value"], row["n"], row["against"]) == (-0.5, 1, "M_0")
