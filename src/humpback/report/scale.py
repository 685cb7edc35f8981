"""Axes: where values stand, and ticks that people read."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from humpback.report.section import Figure, Histogram, Plot, Table, Track

# What the house calls told apart, and within a hair 95 % of a normal distribution.
ERRORS = 2.0


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`; `log`: by their logarithms. `share`: they are told in per cent."""

    low: float
    high: float
    log: bool = False
    share: bool = False

    def at(self, value: float) -> float:
        """Where the value stands, 0 to 1; what lies outside stands at the end."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-300))
        return min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """(place, text) of round values on the axis."""
        if self.log:
            return self._log_ticks(most)
        step = round_step((self.high - self.low) / most)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(self.at(i * step), self.told(i * step, digits)) for i in range(first, last + 1)]

    def told(self, value: float, digits: int) -> str:
        made = f"{100 * value:z,.{max(0, digits - 2)}f} %" if self.share else f"{value:z,.{digits}f}"
        return made.replace("-", "−")

    def _log_ticks(self, most: int) -> list[tuple[float, str]]:
        low, high = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for mantissas in ((1, 2, 5), (1, 3), (1,)):
            values = [m * 10.0**power for power in range(low, high + 1) for m in mantissas]
            inside = [value for value in values if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9)]
            if len(inside) <= most + 2:
                break
        return [(self.at(value), f"{value:,g}" if value < 1e6 else f"{value:.0e}") for value in inside]


def round_step(step: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is no smaller than `step`."""
    if step <= 0 or not math.isfinite(step):
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= step * (1 - 1e-9))


def ends(found: Figure) -> tuple[float, float]:
    """The 95 % interval of a figure: its own, or two standard errors to both sides; of none the value alone."""
    assert found.value is not None
    if found.low is not None and found.high is not None:
        return found.low, found.high
    reach = ERRORS * (found.se or 0.0)
    return found.value - reach, found.value + reach


def known(found: object) -> bool:
    """Whether it is a figure that can be drawn."""
    return isinstance(found, Figure) and found.value is not None and math.isfinite(found.value)


def around(values: Iterable[float], low: float | None = None, high: float | None = None, share: bool = False) -> Axis:
    """The axis from `low` to `high`; what is not given is as far as the values reach, and a little farther."""
    held = [value for value in values if math.isfinite(value)]
    least, most = min(held, default=0.0), max(held, default=1.0)
    margin = 0.06 * ((most - least) or abs(most) or 1.0)
    return Axis(least - margin if low is None else low, most + margin if high is None else high, share=share)


def of_track(shown: Table, track: Track) -> Axis:
    """The axis of a table's track: it holds all intervals and lines."""
    figures = [cell for name in track.columns for cell in shown.column(name) if isinstance(cell, Figure) and known(cell)]
    reached = [end for each in figures for end in ends(each)] + [value for value, _ in track.lines]
    return around(reached, track.low, track.high, are_shares(figures))


def are_shares(figures: Iterable[Figure]) -> bool:
    return {each.unit for each in figures} == {"share"}


def of_plot(shown: Plot) -> tuple[Axis, Axis]:
    """The axes of a plot."""
    if shown.even:
        return Axis(0.0, 1.0, share=True), Axis(0.0, 1.0, share=True)
    points = [pair for curve in shown.curves for pair in (*curve.points, *curve.line) if known(pair[1])]
    reached = [end for _, each in points for end in ends(each)] + [value for value, _ in shown.lines]
    places = [x for x, _ in points if not shown.log or x > 0]
    up = around(reached, share=are_shares(each for _, each in points))
    if not shown.log:
        return around(places), up
    least, most = min(places, default=1.0), max(places, default=10.0)
    side = (most / least) ** 0.04 if most > least else 2.0
    return Axis(least / side, most * side, log=True), up


def heights(shown: Histogram) -> list[tuple[float, ...]]:
    """For each bin the height of each kind, the tallest bin being 1."""
    bins: Sequence[tuple[int, ...]] = list(zip(*(counts for _, counts in shown.kinds), strict=True))
    tallest = max((sum(each) for each in bins), default=0) or 1
    return [tuple(count / tallest for count in each) for each in bins]
