"""Where things stand in the plots of ablations, in units of their SVG: arms with their changes, laws with their bands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from humpback.schema import Row

# Whiskers are so many standard errors long: what the house calls told apart.
WHISKER = 2.0
WIDTH, ROW, LEFT, RIGHT = 920, 44, 190, 190
HEIGHT, TOP, SIDE = 400, 24, 74
# The residuals stand below the laws, on the same sizes.
RESIDUALS, GAP, BOTTOM = 90, 26, 54


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` on units from `start` to `end`; `ticks` are round."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (self.end - self.start) * (value - self.low) / ((self.high - self.low) or 1.0)

    @property
    def ticks(self) -> list[dict[str, Any]]:
        step = round_step((self.high - self.low) / 6)
        digits = max(0, -math.floor(math.log10(step)))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [{"at": self.at(i * step), "text": f"{i * step:z.{digits}f}"} for i in range(first, last + 1)]


def round_step(step: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is no smaller than `step`."""
    if step <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= step * (1 - 1e-9))


def arms(metrics: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """A line per arm but the reference: its change on test and on dev with two standard errors, and that of each seed."""
    of = {(row["metric"], row["model"], row["note"]): row for row in metrics if row["metric"] == "nll_change"}
    seeds = [row for row in metrics if row["metric"] == "seed_change" and row["value"] is not None]
    chosen = next((row["model"] for row in metrics if row["metric"] == "chosen"), None)
    axis = _around([row for row in of.values() if row["value"] is not None], [row["value"] for row in seeds])
    lines = []
    for i, name in enumerate(names[1:]):
        middle = TOP + ROW * (i + 0.5)
        marks = [_mark(of.get(("nll_change", name, split)), axis, middle + by) for split, by in (("test", -7), ("dev", 9))]
        own = [axis.at(row["value"]) for row in seeds if (row["model"], row["note"]) == (name, "test")]
        lines.append({"name": name, "y": middle, "test": marks[0], "dev": marks[1], "seeds": own, "best": name == chosen})
    bottom = TOP + ROW * len(lines)
    return {"width": WIDTH, "height": bottom + 74, "top": TOP, "bottom": bottom, "left": LEFT, "right": WIDTH - RIGHT,
            "zero": axis.at(0.0), "ticks": axis.ticks, "lines": lines, "reference": names[0]}  # fmt: skip


def _around(rows: Sequence[Row], single: Sequence[float]) -> Axis:
    """The axis that holds nought, all whiskers and all seeds."""
    ends = [0.0, *single]
    for row in rows:
        reach = WHISKER * (row["se"] or 0.0)
        ends += [row["value"] - reach, row["value"] + reach]
    margin = 0.05 * ((max(ends) - min(ends)) or 1.0)
    return Axis(min(ends) - margin, max(ends) + margin, LEFT, WIDTH - RIGHT)


def _mark(row: Row | None, axis: Axis, y: float) -> dict[str, Any] | None:
    if not row or row["value"] is None:
        return None
    reach = WHISKER * (row["se"] or 0.0)
    error = f" ± {row['se']:.4f}" if row["se"] is not None else ""
    return {
        "x": axis.at(row["value"]), "y": y, "low": axis.at(row["value"] - reach), "high": axis.at(row["value"] + reach),
        "text": f"{row['value']:+.4f}{error}",
    }  # fmt: skip


def curves(metrics: Sequence[Row], sources: Sequence[str]) -> dict[str, Any]:
    """For each source its points with two standard errors, its line, and the 95 % band of the line; M_0 at nought."""
    points = {source: _sized(metrics, "improvement", source) for source in sources}
    bands = {source: (_sized(metrics, "band_low", source), _sized(metrics, "band_high", source)) for source in sources}
    x, y = _axes(points, bands)
    own = [_curve(metrics, source, points[source], bands[source], x, y) for source in sources]
    # The labels at the right end must not lie on each other.
    ends = sorted(own, key=lambda each: each["label"])
    for above, below in pairwise(ends):
        below["label"] = max(below["label"], above["label"] + 34)
    sizes = sorted({size for each in points.values() for size, _ in each})
    left = _left(metrics, sources, x)
    return {"width": WIDTH, "height": HEIGHT + GAP + RESIDUALS + BOTTOM, "left": SIDE, "right": WIDTH - RIGHT, "top": TOP,
            "bottom": HEIGHT, "end": HEIGHT + GAP + RESIDUALS, "zero": y.at(0.0), "ticks": y.ticks, "curves": own,
            "residuals": left,
            "sizes": [{"at": x.at(math.log(size)), "text": f"{size:,.0f}"} for size in sizes]}  # fmt: skip


def _left(metrics: Sequence[Row], sources: Sequence[str], x: Axis) -> dict[str, Any]:
    """What the lines leave of each point, as far to both sides of nought."""
    found = {source: _sized(metrics, "residual", source) for source in sources}
    far = 1.15 * max((abs(row["value"]) for each in found.values() for _, row in each), default=0.0) or 1.0
    y = Axis(-far, far, HEIGHT + GAP + RESIDUALS, HEIGHT + GAP)
    marks = [[(x.at(math.log(size)), y.at(row["value"])) for size, row in each] for each in found.values()]
    return {"zero": y.at(0.0), "most": y.at(far / 1.15), "text": f"{far / 1.15:+.3f}", "marks": marks}


def _sized(metrics: Sequence[Row], name: str, source: str) -> list[tuple[float, Row]]:
    """(N, row) of what belongs to a size."""
    found = [row for row in metrics if row["metric"] == name and row["model"] == source and row["value"] is not None]
    return [(float(row["note"].removeprefix("N = ")), row) for row in found]


def _axes(
    points: dict[str, list[tuple[float, Row]]],
    bands: dict[str, tuple[list[tuple[float, Row]], list[tuple[float, Row]]]],
) -> tuple[Axis, Axis]:
    logs = [math.log(size) for each in points.values() for size, _ in each]
    ends = [0.0, *(row["value"] for low, high in bands.values() for _, row in (*low, *high))]
    for _, row in (pair for each in points.values() for pair in each):
        reach = WHISKER * (row["se"] or 0.0)
        ends += [row["value"] - reach, row["value"] + reach]
    margin = 0.05 * ((max(ends) - min(ends)) or 1.0)
    side = 0.04 * ((max(logs) - min(logs)) or 1.0)
    across = Axis(min(logs) - side, max(logs) + side, SIDE, WIDTH - RIGHT)
    return across, Axis(min(ends) - margin, max(ends) + margin, HEIGHT, TOP)


def _curve(
    metrics: Sequence[Row], source: str, points: list[tuple[float, Row]],
    band: tuple[list[tuple[float, Row]], list[tuple[float, Row]]], x: Axis, y: Axis,
) -> dict[str, Any]:  # fmt: skip
    alpha, constant = (
        next(row for row in metrics if row["metric"] == name and row["model"] == source) for name in ("alpha", "constant")
    )
    ends = [math.log(points[i][0]) for i in (0, -1)]
    line = [(x.at(end), y.at(alpha["value"] * end + constant["value"])) for end in ends]
    edge = [(x.at(math.log(size)), y.at(row["value"])) for size, row in (*band[0], *reversed(band[1]))]
    marks = []
    for size, row in points:
        reach = WHISKER * (row["se"] or 0.0)
        marks.append({
            "x": x.at(math.log(size)), "y": y.at(row["value"]), "low": y.at(row["value"] - reach),
            "high": y.at(row["value"] + reach), "text": f"{source}, N = {size:,.0f}: {row['value']:+.4f}",
        })  # fmt: skip
    error = f" ± {alpha['se']:.4f}" if alpha["se"] is not None else ""
    return {"source": source, "line": _path(line), "band": _path(edge), "marks": marks, "end": line[1][1],
            "label": line[1][1], "alpha": f"α = {alpha['value']:.4f}{error}"}  # fmt: skip


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
