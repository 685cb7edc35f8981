"""A metric that nobody has ever seen is in terminal, HTML and JSON, with its errors."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import measurements
import pytest
from report.rendered import machine, of, page, section, terminal
from selectolax.lexbor import LexborHTMLParser

from humpback.metrics import metric
from humpback.report import unseen
from humpback.report.composed import composed
from humpback.report.measured import Measured, measured
from humpback.report.section import Figure, Plot, Section, Table
from humpback.report.writing import writer, written
from humpback.schema import Row

Made = Callable[[str], Path]


def shown(rows: list[Row]) -> list[Any]:
    read = [measured(row, "novel_thing", ("01-novel", i)) for i, row in enumerate(rows)]
    [made] = unseen.sections(read)
    return list(made.bodies)


def figures(made: Section) -> Iterator[tuple[Measured, str]]:
    """Each row of a section, and how its figure is written there."""
    for body in made.bodies:
        if isinstance(body, Table):
            write = writer(body)
            cells = [(i, cell) for row in body.rows for i, cell in enumerate(row)]
            yield from ((cell.row, write(i, cell)) for i, cell in cells if isinstance(cell, Figure) and cell.row)
        elif isinstance(body, Plot):
            yield from ((each.row, written(each)) for curve in body.curves for _, each in curve.points if each.row)


def test_all_three_show_the_same_figures(made: Made) -> None:
    """Nothing is written twice: one decides the digits, and three show them."""
    report, known = composed(made("unseen")), dict(figures(section(made("unseen"), "measured-novel_thing")))
    assert len(known) == len(measurements.unseen())
    printed, parsed = " ".join(terminal(report).split()), LexborHTMLParser(page(report)).text()
    told = [value for each in machine(report)["sections"] for value in _objects(each) if {"metric", "se"} <= {*value}]
    for row, text in known.items():
        assert text in printed and text in parsed, row.metric
        place = (row.metric, row.model or None, row.part or None, row.at)
        same = [each for each in told if (each["metric"], each["model"], each["part"], each["at"]) == place]
        assert [(each["value"], each["se"], each["n"]) for each in same] == [(row.value, row.se, row.n)]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


def test_models_with_errors_have_dots() -> None:
    """They are compared by their intervals, which overlap or not."""
    [table] = shown([metric("m", f"M_{i}", 0.5, n=9, se=0.1, unit="points") for i in range(3)])
    assert table.columns == ("model", "value") and table.track.columns == ("value",)
    assert table.caption == "m, points, n = 9"


def test_a_curve_is_plotted() -> None:
    """A curve for each model, in the order of its places; far apart they stand on a logarithmic axis."""
    rows = [metric("coverage", name, 0.1, n=5, se=0.02, at=at) for name in ("M_0", "M_1") for at in (1000.0, 10.0, 100.0)]
    [plot] = shown(rows)
    assert isinstance(plot, Plot) and plot.log and [curve.name for curve in plot.curves] == ["M_0", "M_1"]
    assert [x for x, _ in plot.curves[0].points] == [10.0, 100.0, 1000.0]


def test_parts_stand_side_by_side() -> None:
    """And their names are read as words, but those of models as they are."""
    rows = [metric("m", name, 0.5, n=9, part=part, against="M_0") for name in ("M_1", "M_2") for part in ("a_b", "c")]
    [table] = shown(rows)
    assert table.columns == ("model", "a b", "c") and [row[0] for row in table.rows] == ["M_1", "M_2"]
    assert "against M_0" in table.caption


def test_rounds_with_a_model_each_are_rows() -> None:
    """A table with a value on its diagonal and dashes elsewhere compares nothing."""
    [table] = shown([metric("m", f"M_{i}", 0.5, n=9, se=0.1, round=i + 1) for i in range(3)])
    assert table.columns == ("model", "round", "value") and all(row[2].value == 0.5 for row in table.rows)


def test_single_figures_share_a_table() -> None:
    """Each with its unit, its n and its note, where these differ."""
    [table] = shown([metric("a", "M_0", 0.5, n=9, unit="points", note="by hand"), metric("b", "M_0", 2.0, n=3, unit="bits")])
    assert table.columns == ("metric", "value", "unit", "n", "note")
    assert table.rows[0][2:] == ("points", 9, "by hand") and table.rows[1][0] == "b"


def test_two_values_of_the_same_are_both_shown() -> None:
    """Who measures twice under one name has two rows, and none is lost."""
    [table] = shown([metric("m", "M_0", value, n=9, split=split) for value in (1.0, 2.0) for split in ("dev", "test")])
    assert [cell.value for row in table.rows for cell in row[1:]] == [1.0, 1.0, 2.0, 2.0]


def test_a_sign_is_written_where_signs_differ() -> None:
    """A change is read by its side of nought."""
    [table] = shown([metric("m", f"M_{i}", value, n=9) for i, value in enumerate((0.5, -0.5))])
    texts = [writer(table)(1, row[1]) for row in table.rows] if table.columns[1] == "value" else list(table.rows[0])
    assert all(cell.signed for row in table.rows for cell in row if isinstance(cell, Figure)), texts


def test_a_part_may_be_called_as_a_column() -> None:
    """Columns are told apart in JSON by their names."""
    rows = [metric("m", name, 0.5, n=9, part=part) for name in ("M_1", "M_2") for part in ("model", "value")]
    [table] = shown(rows)
    assert len({*table.columns}) == len(table.columns) == 3


@pytest.mark.parametrize("count", [1, 2, 40])
def test_any_number_of_models_is_shown(count: int) -> None:
    """Forty arms do not stand side by side."""
    rows = [metric(name, f"M_{i}", 0.5, n=9) for name in ("a", "b") for i in range(count)]
    bodies = shown(rows)
    assert sum(len([c for c in row if isinstance(c, Figure)]) for body in bodies for row in body.rows) == 2 * count
    terminal(of(Section("k", "t", bodies=tuple(bodies))), width=80)
