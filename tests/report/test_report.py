"""Pages for runs that are unfinished or hold hostile text."""

from pathlib import Path

import pytest
from conftest import TestSettings, segments_in

from humpback.report import content, histogram, sparkline, write_report
from humpback.run import Run
from humpback.schema import SEGMENT
from humpback.stage import Stage


def test_an_unfinished_run_is_reported_as_such(tmp_path: Path) -> None:
    """A killed run is looked at before it is resumed."""
    with Run(tmp_path, "t", TestSettings()) as run:
        segments_in(run, 4)
    (tmp_path / "09-later").mkdir()
    assert content(tmp_path)["unfinished"] == ["later"]


def test_text_of_pages_is_escaped(tmp_path: Path) -> None:
    """A page's script must not run in the report."""
    with Run(tmp_path / "<b>", "t", TestSettings(name="<script>alert(1)</script>")) as run:
        run.map("sample", Stage("sample", SEGMENT, iter), segments_in(run, 2))
    page = write_report(tmp_path / "<b>").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize("values", [[], [(1.0, True)], [(1.0, True), (5.0, False), (5.0, True), (3.2, False)]])
def test_a_histogram_counts_every_value_once(values: list) -> None:
    """The highest value fell out of the last bin."""
    bins = histogram(values, 1.0, 5.0, 8)
    assert sum(b["kept"] + b["other"] for b in bins) == len(values)


def test_equal_values_have_a_histogram() -> None:
    """A range of zero must not divide by zero."""
    assert sum(b["kept"] for b in histogram([(2.0, True)] * 3, 2.0, 2.0, 4)) == 3


def test_a_sparkline_needs_two_points() -> None:
    """One step of training is no curve."""
    assert sparkline([1.0]) == "" and sparkline([2.0, 1.0, 0.5]).count(",") == 3
