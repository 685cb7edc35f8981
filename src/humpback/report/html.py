"""A report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

Here is worked out where things stand, in per cent, so that plots are as wide as the page and their letters stay as large as
its text; what it looks like is in the templates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from humpback.report import scale
from humpback.report.composed import Report
from humpback.report.scale import Axis
from humpback.report.section import (
    Body,
    Cell,
    Counts,
    Figure,
    Flow,
    Histogram,
    Plot,
    Section,
    Spark,
    Table,
    Track,
)
from humpback.report.writing import are_numbers, points, smooth, writer, written

# More of these makes a page that browsers are slow with.
ROWS, CHARACTERS, POINTS = 500, 20_000, 80
KINDS, SIZES = 6, 7


def page(report: Report) -> str:
    """The whole page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("humpback", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        written=written, kind=lambda shown: type(shown).__name__.lower(), bodies=grouped, clipped=clipped, pct=percent
    )
    made = {"table": table, "plot": plot, "points": points, "histogram": histogram, "flow": flow, "spark": spark}
    environment.globals.update(made)
    return environment.get_template("page.html.jinja").render(report=report, sections=_nested(report.sections))


def _nested(sections: Iterable[Section]) -> list[list[Section]]:
    """Each section with those that are under it."""
    out: list[list[Section]] = []
    for section in sections:
        if section.under and out:
            out[-1].append(section)
        else:
            out.append([section])
    return out


def grouped(bodies: Sequence[Body]) -> list[list[Body]]:
    """Bodies one by one, but histograms that follow each other side by side."""
    out: list[list[Body]] = []
    for body in bodies:
        if isinstance(body, Histogram) and out and isinstance(out[-1][0], Histogram):
            out[-1].append(body)
        else:
            out.append([body])
    return out


def clipped(text: str) -> str:
    """A text that is not too long to be shown, which says how much of it is left out."""
    left = len(text) - CHARACTERS
    return text if left <= 0 else f"{text[:CHARACTERS]} … ({left:,} characters more)"


def percent(place: float) -> str:
    return f"{100 * place:.2f}%"


# Tables.


@dataclass(frozen=True)
class Head:
    """A heading: its text, whether numbers stand under it, and which mark of the track is its (-1: none)."""

    name: str
    number: bool
    mark: int
    wide: bool


def table(shown: Table) -> dict[str, Any]:
    """Headings, rows of (cell, text, drawn) and the track's ticks and lines."""
    write, track = writer(shown), shown.track
    heads = [_head(shown, i) for i in range(len(shown.columns))]
    axis = scale.of_track(shown, track) if track else None
    rows = []
    for row in shown.rows[:ROWS]:
        cells = [(cell, write(i, cell)) for i, cell in enumerate(row)]
        rows.append({"cells": cells, "marks": _marks(shown, track, axis, row) if track and axis else []})
    left = shown.left_out + max(0, len(shown.rows) - ROWS)
    first = shown.columns.index(track.columns[0]) if track else -1
    lines = [(axis.at(value), _told(axis, value), means) for value, means in track.lines] if track and axis else []
    ticks = axis.ticks(4) if axis else []
    return {"heads": heads, "rows": rows, "first": first, "lines": lines, "ticks": ticks, "left": left,
            "several": bool(track and len(track.columns) > 1)}  # fmt: skip


def _told(axis: Axis, value: float) -> str:
    return f"{100 * value:.0f} %" if axis.share else written(value)


def _head(shown: Table, at: int) -> Head:
    name, cells = shown.columns[at], [row[at] for row in shown.rows]
    mark = shown.track.columns.index(name) % KINDS if shown.track and name in shown.track.columns else -1
    wide = any(isinstance(cell, Counts) or (isinstance(cell, str) and len(cell) > 40) for cell in cells)
    return Head(name, at > 0 and are_numbers(cells), mark, wide)


def _marks(shown: Table, track: Track, axis: Axis, row: Sequence[Cell]) -> list[dict[str, Any]]:
    out = []
    for i, name in enumerate(track.columns):
        cell = row[shown.columns.index(name)]
        if isinstance(cell, Figure) and scale.known(cell):
            low, high = scale.ends(cell)
            place = {"at": axis.at(cell.value or 0.0), "low": axis.at(low), "high": axis.at(high)}
            out.append({**place, "kind": i % KINDS, "y": 9 + 9 * i, "told": f"{name}: {written(cell)}"})
    return out


# Plots: x from the left, y from above, both 0 to 1.


def plot(shown: Plot) -> dict[str, Any]:
    """Ticks, lines and curves of a plot."""
    x, y = scale.of_plot(shown)
    curves = [
        {
            "name": curve.name,
            "kind": i % KINDS,
            "line": _path((x.at(at), 1 - y.at(each.value or 0.0)) for at, each in curve.line),
            "band": _band(curve.line, x, y),
            "joined": _path((x.at(at), 1 - y.at(each.value or 0.0)) for at, each in curve.points) if curve.joined else "",
            "points": [
                _point(at, each, x, y, curve.name)
                for at, each in curve.points[:: -(-len(curve.points) // POINTS) or 1]
                if scale.known(each)
            ],
        }
        for i, curve in enumerate(shown.curves)
    ]
    lines = [(1 - y.at(value), f"{means}") for value, means in shown.lines]
    up = [(1 - at, text) for at, text in y.ticks(5)]
    return {"x": _sizes(shown, x) or x.ticks(6), "y": up, "lines": lines, "curves": curves}


def _sizes(shown: Plot, x: Axis) -> list[tuple[float, str]]:
    """Ticks where points are, if these are few sizes on a logarithmic axis."""
    places = sorted({at for curve in shown.curves for at, _ in curve.points})
    return [(x.at(at), written(at)) for at in places] if shown.log and len(places) <= SIZES else []


def _point(at: float, found: Figure, x: Axis, y: Axis, name: str) -> dict[str, Any]:
    low, high = scale.ends(found)
    told = f"{name + ', ' if name else ''}{written(at)}: {written(found)}" + (f", n = {found.n:,}" if found.n else "")
    place = {"x": x.at(at), "y": 1 - y.at(found.value or 0.0), "low": 1 - y.at(low), "high": 1 - y.at(high)}
    return {**place, "told": told}


def _band(line: Sequence[tuple[float, Figure]], x: Axis, y: Axis) -> str:
    known = [(at, each) for at, each in line if each.low is not None and each.high is not None]
    upper = [(x.at(at), 1 - y.at(each.high or 0.0)) for at, each in known]
    lower = [(x.at(at), 1 - y.at(each.low or 0.0)) for at, each in reversed(known)]
    return _path([*upper, *lower])


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Points of a polyline in a view box of 1000 by 1000."""
    return " ".join(f"{1000 * x:.1f},{1000 * y:.1f}" for x, y in points)


def spark(shown: Spark) -> str:
    """Points of a polyline in a view box of 1000 by 1000."""
    thin = smooth(shown.values, 60)
    low, span = min(thin), (max(thin) - min(thin)) or 1.0
    return _path((i / max(1, len(thin) - 1), 1 - (value - low) / span) for i, value in enumerate(thin))


def histogram(shown: Histogram) -> dict[str, Any]:
    """A bar per bin: its place, its width, and of each kind where it stands and how high."""
    bins, heights = len(shown.edges) - 1, scale.heights(shown)
    bars = []
    for i, parts in enumerate(heights):
        below = 0.0
        for kind, height in enumerate(parts):
            if height:
                span = f"{_edge(shown.edges[i])} to {_edge(shown.edges[i + 1])}"
                told = f"{span}: {shown.kinds[kind][1][i]:,} {shown.kinds[kind][0]}"
                bars.append(
                    {"x": i / bins, "wide": 1 / bins, "y": 1 - below - height, "high": height, "kind": kind, "told": told}
                )
            below += height
    return {"bars": bars, "ticks": Axis(shown.edges[0], shown.edges[-1]).ticks(5)}


def _edge(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


# Pictures.

WIDE, HIGH, ACROSS, DOWN = 150, 54, 200, 108


def flow(shown: Flow, tall: bool) -> dict[str, Any]:
    """Boxes and arrows in units of the picture; `tall`: turned, for narrow pages."""
    places = [(box.at[1], box.at[0]) if tall else box.at for box in shown.boxes]
    boxes = [{"x": 10 + ACROSS * x, "y": 10 + DOWN * y, "name": box.name, "note": box.note} for (x, y), box in
             zip(places, shown.boxes, strict=True)]  # fmt: skip
    width = max(x for x, _ in places) * ACROSS + WIDE + 20
    height = max(y for _, y in places) * DOWN + HIGH + 20
    return {
        "boxes": boxes,
        "arrows": [_arrow(boxes[a], boxes[b]) for a, b in shown.arrows],
        "width": width,
        "height": height,
    }


def _arrow(one: dict[str, Any], other: dict[str, Any]) -> str:
    """From side to side where boxes stand beside each other, else from top or bottom, in a curve if they are not in line."""
    (x1, y1), (x2, y2) = ((box["x"] + WIDE / 2, box["y"] + HIGH / 2) for box in (one, other))
    across, down = x2 - x1, y2 - y1
    if down == 0:
        side = WIDE / 2 * (1 if across > 0 else -1)
        return f"M{x1 + side:g} {y1:g}L{x2 - side - 3 * (side > 0) + 3 * (side < 0):g} {y2:g}"
    side = HIGH / 2 * (1 if down > 0 else -1)
    start, end = y1 + side, y2 - side - 3 * (side > 0) + 3 * (side < 0)
    lean = min(46.0, max(-46.0, across / 4))
    middle = (start + end) / 2
    return f"M{x1 + lean:g} {start:g}C{x1 + lean:g} {middle:g} {x2 - lean:g} {middle:g} {x2 - lean:g} {end:g}"
