"""Metric rows that no section has shown, shown by what their columns say: so that a new metric needs no section.

A dataset of measurements is a section. In it a metric along a curve (`at`) is a plot, one of several models with errors has
dots, and the others stand in a table together.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from humpback.report.measured import NAMED, Measured, such, values
from humpback.report.section import Body, Cell, Curve, Figure, Plot, Section, Table, Track, figure
from humpback.report.writing import unit_of

PLACE = 700
# What may stand side by side as columns, the first that varies, if it has no more values than that.
ACROSS, MOST = ("part", "split", "round", "against", "seed"), 6
# So many points are a curve.
CURVE = 3


def sections(rows: Sequence[Measured]) -> Iterator[Section]:
    """A section for each measurement that has `rows` left, in the order in which they were made."""
    for of in values(rows, "of"):
        title = words(of)
        says = "Measured in this run, and shown by its columns: no section is made for it."
        yield Section(f"measured-{of}", title[:1].upper() + title[1:], says, tuple(_bodies(such(rows, of=of))), closer=True)


def words(name: Any) -> str:
    """A name as it is read."""
    return str(name).replace("_", " ")


def _bodies(rows: Sequence[Measured]) -> Iterator[Body]:
    several: list[Measured] = []
    for metric in values(rows, "metric"):
        own = such(rows, metric=metric)
        if len({row.at for row in own if row.at is not None}) >= CURVE:
            yield _plot(own)
        elif len(own) > 1 and (_across(own) or _dots(own)):
            yield _table(own, _across(own))
        else:
            several += own
    if several:
        models = values(several, "model")
        yield _table(several, "model" if 1 < len(models) <= MOST else None)


def _across(rows: Sequence[Measured]) -> str | None:
    """The first column whose values can stand side by side, because there are several of the same."""

    def lines(but: str) -> int:
        return len({tuple(getattr(row, name) for name in NAMED if name != but) for row in rows})

    return next((name for name in ACROSS if 1 < len(values(rows, name)) <= MOST and lines(name) < len(rows)), None)


def _dots(rows: Sequence[Measured]) -> bool:
    """Several, each with an error."""
    known = [row for row in rows if row.value is not None]
    return len(known) > 1 and all(row.se is not None or row.low is not None for row in known)


def _varying(rows: Sequence[Measured], but: Sequence[str | None]) -> list[str]:
    return [name for name in NAMED if name not in but and len(values(rows, name)) > 1]


def _figure(row: Measured, rows: Sequence[Measured]) -> Figure:
    """With a sign where some of the metric are below nought."""
    made = figure(row, signed=any((each.value or 0.0) < 0 for each in rows if each.metric == row.metric))
    assert made is not None
    return made


def _table(rows: Sequence[Measured], across: str | None) -> Table:
    """A row for each of what is measured, a column for each value of `across`, or one for all."""
    metrics = values(rows, "metric")
    labels = [*(["metric"] if len(metrics) > 1 else []), *_varying(rows, [across])]
    labels = labels or ["metric" if across == "model" else "model"]
    heads = [_head(across, value) for value in values(rows, across)] if across else ["value"]
    units = len({row.unit for row in rows if row.unit}) > 1
    noted = not across and len({row.note for row in rows}) > 1
    counts = not across and len({row.n for row in rows}) > 1
    found: list[tuple[tuple[Any, ...], list[Figure | None], Measured]] = []
    for row in rows:
        key = tuple(getattr(row, name) for name in labels)
        place = values(rows, across).index(getattr(row, across)) if across else 0
        # Two values of the same: each has a row of its own, so that none is lost.
        line = next((cells for known, cells, _ in found if known == key and cells[place] is None), None)
        if line is None:
            line = [None] * len(heads)
            found.append((key, line, row))
        line[place] = _figure(row, rows)
    more = [("unit", units), ("n", counts), ("note", noted)]
    columns = _distinct([*labels, *heads, *(name for name, wanted in more if wanted)])
    shown = [
        [*map(_named, labels, key), *cells, *(getattr(row, name) for name, wanted in more if wanted)]
        for key, cells, row in found
    ]
    names = tuple(columns[len(labels) : len(labels) + len(heads)])
    track = Track(names) if _dots(rows) and len(metrics) == 1 else None
    return Table(tuple(columns), tuple(map(tuple, shown)), _caption(rows, units, counts, noted), track)


def _caption(rows: Sequence[Measured], units: bool, counts: bool, noted: bool) -> str:
    """What all rows have in common."""
    metrics = values(rows, "metric")
    parts = [words(metrics[0])] if len(metrics) == 1 else []
    unit = unit_of([figure(row) for row in rows])
    parts += [unit] if unit and not units and unit not in parts else []
    parts += [
        f"{name} {_named(name, getattr(rows[0], name))}"
        for name in NAMED
        if len(values(rows, name)) == 1 and getattr(rows[0], name) not in ("", None)
    ]
    least, most = min(row.n for row in rows), max(row.n for row in rows)
    if not counts and most:
        parts.append(f"n = {least:,}" if least == most else f"n = {least:,} to {most:,}")
    note = rows[0].note
    return ", ".join(parts) + (f". {note}" if note and not noted and len({row.note for row in rows}) == 1 else "")


def _head(column: str | None, value: Any) -> str:
    if value in ("", None):
        return "value"
    return f"{column} {value}" if column in ("round", "seed") else str(_named(column or "", value))


def _named(column: str, value: Any) -> Cell:
    return words(value) if isinstance(value, str) and column not in ("model", "against") else value


def _distinct(names: Iterable[str]) -> list[str]:
    """A column may be called as another: then it is told by its number."""
    made: list[str] = []
    for name in names:
        made.append(name if name not in made else f"{name} {len(made) + 1}")
    return made


def _plot(rows: Sequence[Measured]) -> Plot:
    """A curve for each of what varies beside the place."""
    labels = _varying(rows, ["at"])
    curves: dict[str, list[tuple[float, Figure]]] = {}
    for row in rows:
        name = ", ".join(_head(column, getattr(row, column)) for column in labels)
        curves.setdefault(name, []).append((row.at if row.at is not None else 0.0, _figure(row, rows)))
    unit = unit_of([figure(row) for row in rows])
    made = tuple(
        Curve(name, tuple(sorted(points, key=lambda each: each[0])), joined=True) for name, points in curves.items()
    )
    places = [x for curve in made for x, _ in curve.points]
    wide = min(places) > 0 and max(places) / min(places) > 30
    y = words(rows[0].metric) + (f", {unit}" if unit else "")
    return Plot(made, "at", y, log=wide, caption=_caption(rows, False, False, False))
