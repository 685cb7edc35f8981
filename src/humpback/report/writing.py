"""How values are written, for all renderers: digits by the error, shares in per cent, intervals, durations, units.

A figure has as many digits as its error can bear, by the rule of the Particle Data Group (Review of Particle Physics 2024,
introduction, 5.3): two digits of the error where it begins with 100 to 354, else one. Figures of one metric in one table
have the same number of digits, so that they can be compared.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise

from humpback.report.section import Bar, Cell, Code, Counts, Figure, Plot, Spark, Table, Word

NOTHING = "–"
# More digits than this nobody reads, however small the error.
MOST = 5
# Where values without errors differ by more than this factor, each has digits of its own.
WIDE = 300
_BLOCKS = "▁▂▃▄▅▆▇█"


def written(cell: Cell, digits: int | None = None) -> str:
    """A cell as text, with so many decimals if a figure's own are not wanted; what was measured in vain is a dash."""
    if isinstance(cell, Figure):
        return _figure(cell, decimals(cell) if digits is None else digits)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.4g}".replace("-", "−")
    if isinstance(cell, Word | Code):
        return cell.text
    if isinstance(cell, Bar):
        return bar(cell)
    if isinstance(cell, Counts):
        return ", ".join(f"{count:,} {name}" for name, count in cell.of)
    if isinstance(cell, Spark):
        return spark(cell.values, 16)
    return cell or ""


def _figure(found: Figure, digits: int) -> str:
    value = found.value
    if value is None or not math.isfinite(value):
        return NOTHING if value is None or math.isnan(value) else ("∞" if value > 0 else "−∞")
    if found.unit == "seconds":
        return duration(value)
    share = found.unit == "share"
    if found.se is None and value and abs(value) * (100 if share else 1) < 0.5 * 10**-MOST:
        return f"{value:.1e}".replace("-", "−")
    told = _number(value, digits, share, found.signed) + (" %" if share else "")
    if found.low is not None and found.high is not None:
        return f"{told} [{_number(found.low, digits, share)}, {_number(found.high, digits, share)}]"
    return told if found.se is None else f"{told} ± {_number(found.se, digits, share)}"


def _number(value: float, digits: int, share: bool, signed: bool = False) -> str:
    """With a true minus, and none before nought."""
    scaled = 100 * value if share else value
    return f"{scaled:{'+' if signed else ''}z,.{digits}f}".replace("-", "−")


def decimals(found: Figure) -> int:
    """How many decimals the figure has by itself."""
    if found.value is None or not math.isfinite(found.value):
        return 0
    scale = 100.0 if found.unit == "share" else 1.0
    error = found.se
    if found.low is not None and found.high is not None:
        error = (found.high - found.low) / 4
    if error and math.isfinite(error):
        return min(MOST, _of_error(abs(scale * error)))
    return min(MOST, _of_value(abs(scale * found.value), found.unit == "share"))


def _of_error(error: float) -> int:
    place = math.floor(math.log10(error))
    leading = round(error / 10 ** (place - 2))
    return max(0, (1 if leading < 355 else 0) - place)


def _of_value(value: float, share: bool) -> int:
    """Three digits of what has no error; counts and shares are whole."""
    if share:
        return 0 if value >= 10 or value == 0 else 1
    if value == int(value) or value >= 1000:
        return 0
    return max(0, 2 - math.floor(math.log10(value)))


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def bar(cell: Bar, width: int = 12) -> str:
    full = round(width * cell.part / cell.whole) if cell.whole else 0
    return "█" * full + "░" * (width - full)


def spark(values: tuple[float, ...], width: int) -> str:
    """Blocks as high as the values, in at most `width` characters; empty for fewer than two values."""
    if len(values) < 2:
        return ""
    thin = smooth(values, width)
    low, span = min(thin), (max(thin) - min(thin)) or 1.0
    return "".join(_BLOCKS[min(7, int(8 * (value - low) / span))] for value in thin)


def smooth(values: tuple[float, ...], most: int) -> list[float]:
    """Means over so many runs of neighbours, or the values themselves where there are no more."""
    if len(values) <= most:
        return list(values)
    cuts = [round(i * len(values) / most) for i in range(most + 1)]
    return [math.fsum(values[a:b]) / (b - a) for a, b in pairwise(cuts)]


def writer(shown: Table) -> Callable[[int, Cell], str]:
    """How the cells of a table are written, given the number of their column: figures of one metric with equal digits."""
    together = {shown.columns.index(name) for name in shown.track.columns} if shown.track else set()
    named = {cell.row.metric for row in shown.rows for cell in row if isinstance(cell, Figure) and cell.row}

    def kind(column: int, cell: Figure) -> object:
        # Rows of different metrics are told apart; what is drawn on one line, or is computed of it, is not.
        one = column in together or cell.row is None or len(named) <= len(shown.columns)
        own = (cell.row.metric, cell.row.part) if cell.row else ()
        return ("track" if column in together else column, cell.unit) if one else (own, cell.unit)

    found: dict[object, list[Figure]] = {}
    for row in shown.rows:
        for i, cell in enumerate(row):
            if isinstance(cell, Figure) and cell.value is not None:
                found.setdefault(kind(i, cell), []).append(cell)
    digits = {each: _common(figures) for each, figures in found.items()}

    def write(column: int, cell: Cell) -> str:
        return written(cell, digits.get(kind(column, cell))) if isinstance(cell, Figure) else written(cell)

    return write


def _common(figures: list[Figure]) -> int | None:
    """The digits that most of them have, of those with errors where there are some; None where each has its own."""
    errors = [each for each in figures if each.se or (each.low is not None and each.high is not None)]
    if not errors:
        sizes = [abs(each.value) for each in figures if each.value and math.isfinite(each.value)]
        whole = all(size == int(size) for size in sizes)
        ends = [Figure(max(sizes), figures[0].unit), Figure(min(sizes), figures[0].unit)] if sizes and not whole else []
        if ends and max(sizes) > WIDE * min(sizes):
            return None
        return max(decimals(ends[0]), decimals(ends[1]) - 1) if ends else 0
    counted = Counter(decimals(each) for each in errors)
    return max(counted, key=lambda each: (counted[each], each))


def are_numbers(cells: Iterable[Cell]) -> bool:
    """Whether a column stands to the right: it holds numbers alone."""
    known = [cell for cell in cells if cell not in (None, "", NOTHING)]
    return bool(known) and all(isinstance(cell, int | float | Figure) for cell in known)


def unit_of(rows: Iterable[Figure | None]) -> str:
    """The unit of figures that have the same, as it stands in a heading; what is written with the value is not."""
    units = {each.unit for each in rows if each}
    return units.pop() if len(units) == 1 and not units & {"share", "seconds"} else ""


def points(plot: Plot, most: int | None = None) -> Table:
    """The points of a plot as a table, a curve a column; of many at most so many, evenly."""
    places = sorted({x for curve in plot.curves for x, _ in curve.points})
    few = most is not None and len(places) > most
    shown = [places[round(i * (len(places) - 1) / (most - 1))] for i in range(most)] if few and most else places
    found = [dict(curve.points) for curve in plot.curves]
    rows = tuple((x, *(each.get(x) for each in found)) for x in shown)
    names = [curve.name or plot.y for curve in plot.curves]
    return Table((plot.x, *names), rows, plot.caption or plot.y, left_out=len(places) - len(shown))
