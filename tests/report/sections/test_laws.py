"""The law of growth."""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section

from humpback.report.section import Plot, Table, Text
from humpback.report.writing import written

Made = Callable[[str], Path]


def test_laws_say_what_grows_and_what_saturates(made: Made) -> None:
    """A line through a curve that has ended promises what more data will not give."""
    bodies = section(made("laws"), "laws").bodies
    said = {
        text.partition(":")[0]: text
        for body in bodies
        if isinstance(body, Text)
        for text in ["".join(map(written, body.parts))]
    }
    assert "more pairs help" in said["curated"] and "not shown" in said["curated"]
    assert "it saturates: " in said["uncurated"] and "more pairs help" not in said["seed"]


def test_points_stand_about_their_line(made: Made) -> None:
    """With the band of each, and what the lines leave below on the same sizes."""
    growth, *_, left = section(made("laws"), "laws").bodies
    assert isinstance(growth, Plot) and isinstance(left, Plot) and growth.log and left.log
    curve = growth.curves[0]
    assert curve.name == "curated" and [x for x, _ in curve.points] == [100, 200, 400, 800, 1600]
    assert curve.line[0][0] == 100 and all(each.low < each.value < each.high for _, each in curve.line)  # type: ignore[operator]
    assert [x for x, _ in left.curves[0].points] == [x for x, _ in curve.points]


def test_each_source_has_its_fit_and_its_tests(made: Made) -> None:
    """Alpha with its interval, and the two laws that can end."""
    fits, tests = [body for body in section(made("laws"), "laws").bodies if isinstance(body, Table)]
    assert [row[:2] for row in fits.rows] == [("curated", 5), ("uncurated", 5), ("seed", 5)]
    assert len(tests.rows) == 6 and {row[1] for row in tests.rows} == {"quadratic", "asymptote"}
