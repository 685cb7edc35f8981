"""Where things stand in the page's charts: bins, tracks, curves. Widths and places are per cent unless said otherwise."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from humpback.evaluate.agreement import BINS
from humpback.report.measured import Interval
from humpback.schema import Row


def histogram(values: list[tuple[float, bool]], low: float, high: float, bins: int) -> list[dict[str, Any]]:
    """Bins with their bounds, how many of their values were kept and how many not, and heights relative to the tallest."""
    width = (high - low) / bins or 1.0
    counts = [[0, 0] for _ in range(bins)]
    for value, kept in values:
        place = min(bins - 1, max(0, math.floor((value - low) / width)))
        counts[place][0 if kept else 1] += 1
    tallest = max((sum(c) for c in counts), default=0) or 1
    return [
        {"low": low + i * width, "high": low + (i + 1) * width, "kept": kept, "other": other,
         "kept_height": 100 * kept / tallest, "other_height": 100 * other / tallest}
        for i, (kept, other) in enumerate(counts)
    ]  # fmt: skip


def sparkline(losses: list[float], width: int = 160, height: int = 28) -> str:
    """The points of an SVG polyline through `losses`, smoothed over a twentieth of them; empty for fewer than two."""
    if len(losses) < 2:
        return ""
    window = max(1, len(losses) // 20)
    smooth = [sum(losses[max(0, i - window) : i + 1]) / len(losses[max(0, i - window) : i + 1]) for i in range(len(losses))]
    low, span = min(smooth), (max(smooth) - min(smooth)) or 1.0
    return " ".join(
        f"{i * width / (len(smooth) - 1):.1f},{height - (value - low) / span * height:.1f}" for i, value in enumerate(smooth)
    )


@dataclass(frozen=True)
class Dot:
    """A value at `at` on a track, with its standard error from `start` over `width`."""

    at: float
    start: float
    width: float


@dataclass(frozen=True)
class Scale:
    """A track from `low` to `high`."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where `value` stands, 0 to 100; what lies outside stands at the end."""
        span = (self.high - self.low) or 1.0
        return 100 * min(1.0, max(0.0, (value - self.low) / span))

    def dot(self, row: Row | None) -> Dot | None:
        """None where nothing was measured."""
        if not row or row["value"] is None:
            return None
        error = row["se"] or 0.0
        start = self.place(row["value"] - error)
        return Dot(self.place(row["value"]), start, self.place(row["value"] + error) - start)


def around(rows: Iterable[Row | None], least: float = 0.0, even: bool = False) -> Scale:
    """The track that holds all values with their errors; `even`: as far to both sides of 0, `least` at the least."""
    known = [(row["value"], row["se"] or 0.0) for row in rows if row and row["value"] is not None]
    low, high = min((v - e for v, e in known), default=0.0), max((v + e for v, e in known), default=1.0)
    if not even:
        return Scale(low, high)
    far = max(abs(low), abs(high), least)
    return Scale(-far, far)


def calibration(curve: Sequence[tuple[float, Interval]], side: float) -> list[dict[str, float]]:
    """Points of a plot of `side` units: x (predicted), y (observed; up is less), its interval, a radius by the count,
    and the middle of its bin.
    """
    most = max((observed.row["n"] for _, observed in curve), default=1)
    return [_point(p, observed, side, most) for p, observed in curve]


def _point(p: float, observed: Interval, side: float, most: int) -> dict[str, float]:
    value, n = observed.row["value"], observed.row["n"]
    return {
        "x": side * p,
        "middle": side * (min(BINS - 1, int(p * BINS)) + 0.5) / BINS,
        "y": side * (1 - value),
        "top": side * (1 - observed.high),
        "bottom": side * (1 - observed.low),
        "r": 3 + 6 * math.sqrt(n / most),
        "p": p,
        "share": value,
        "n": n,
    }
