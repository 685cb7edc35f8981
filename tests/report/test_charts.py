"""Where things stand in charts."""

import pytest

from humpback.evaluate.agreement import agreement
from humpback.metrics import metric
from humpback.report import charts
from humpback.report.measured import labelled


@pytest.mark.parametrize("values", [[], [(1.0, True)], [(1.0, True), (5.0, False), (5.0, True), (3.2, False)]])
def test_a_histogram_counts_every_value_once(values: list) -> None:
    """The highest value fell out of the last bin."""
    bins = charts.histogram(values, 1.0, 5.0, 8)
    assert sum(b["kept"] + b["other"] for b in bins) == len(values)


def test_equal_values_have_a_histogram() -> None:
    """A range of zero must not divide by zero."""
    assert sum(b["kept"] for b in charts.histogram([(2.0, True)] * 3, 2.0, 2.0, 4)) == 3


def test_a_sparkline_needs_two_points() -> None:
    """One step of training is no curve."""
    assert charts.sparkline([1.0]) == "" and charts.sparkline([2.0, 1.0, 0.5]).count(",") == 3


def test_a_dot_and_its_error_stay_on_the_track() -> None:
    """An error bar that leaves the card lies over the next one."""
    dot = charts.Scale(0.0, 1.0).dot(metric("auc", "M_0", 0.95, se=0.2, n=3))
    assert dot is not None and dot.at == pytest.approx(95) and dot.start + dot.width == pytest.approx(100)
    assert charts.Scale(0.0, 1.0).dot(metric("auc", "M_0", None, n=0)) is None
    assert charts.Scale(2.0, 2.0).place(2.0) == 0


def test_an_even_scale_has_zero_in_the_middle() -> None:
    """A change is read by its side of zero."""
    scale = charts.around([metric("m", "M_0", -2.0, se=0.5, n=3), None], even=True)
    assert (scale.low, scale.high) == (-2.5, 2.5) and scale.place(0.0) == 50
    assert charts.around([], least=0.5, even=True).place(0.0) == 50


def test_calibration_stands_where_it_was_measured() -> None:
    """A plot with predicted and observed exchanged praises an overconfident judge: here it says 1 and half are good."""
    found = labelled(list(agreement([5.0, 5.0, 1.0, 1.0], [1, 0, 0, 0], 4.5, 5, 1)))
    assert found is not None
    low, high = charts.calibration(found["curve"], 100)
    assert (low["x"], low["y"], low["n"]) == (0, 100, 2) and (high["x"], high["y"], high["n"]) == (100, 50, 2)
    assert high["top"] < high["y"] < high["bottom"] and high["middle"] < 100
