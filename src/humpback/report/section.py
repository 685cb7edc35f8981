"""What a report is made of: sections with a title, what they say, and bodies. How these look is the renderers' business.

A section formats no number: it hands over values, and `Figure`s where a value was measured. Whatever metric row stands in a
section is shown by it, and by nobody else (`rows_in`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from humpback.report.measured import Measured

Tone = Literal["", "good", "bad", "soft"]


# What stands in a cell, or within a sentence.


@dataclass(frozen=True)
class Figure:
    """A value of `unit` with what is known of its error: the standard error `se`, or a 95 % interval `low` to `high`.

    `signed`: it is a change, whose plus is written. `row` is the metric row that it comes from, if it comes from one.
    """

    value: float | None
    unit: str = ""
    se: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    signed: bool = False
    row: Measured | None = None


@dataclass(frozen=True)
class Word:
    """A word with a tone, which stands for the metric rows that it was read from."""

    text: str
    tone: Tone = ""
    rows: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class Code:
    """A name that is typed as it stands: of a model, a folder, a setting."""

    text: str


@dataclass(frozen=True)
class Bar:
    """`part` of `whole`, as a bar."""

    part: float
    whole: float


@dataclass(frozen=True)
class Counts:
    """How many of each kind, the most first; `rows` are the metric rows that say so, if it is these."""

    of: tuple[tuple[str, int], ...]
    rows: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class Spark:
    """A curve so small that it stands in a line: losses of a training."""

    values: tuple[float, ...]


Cell = None | bool | int | float | str | Figure | Word | Code | Bar | Counts | Spark


# Bodies.


@dataclass(frozen=True)
class Text:
    """A sentence in parts; of the tone "bad" it is a warning."""

    parts: tuple[Cell, ...]
    tone: Tone = ""


@dataclass(frozen=True)
class Fact:
    """A value with its name, and what it means if that needs saying."""

    name: str
    value: Cell
    means: str = ""


@dataclass(frozen=True)
class Facts:
    """A few values by name."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Track:
    """The figures in `columns` of a table, drawn as dots with their 95 % intervals along one line per row.

    It reaches from `low` to `high`, or as far as the figures do where these are None. `lines` are (value, what it means),
    drawn across all rows.
    """

    columns: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    lines: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows of cells under `columns`, whose names differ; the first cell of a row names it. `caption` is its own title.

    `left_out` rows are not here.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    track: Track | None = None
    left_out: int = 0

    def column(self, name: str) -> list[Cell]:
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


@dataclass(frozen=True)
class Curve:
    """Measured `points` (x, figure), and a fitted `line` whose figures have an interval where it has a band.

    `joined`: the points are of one curve, and drawn so.
    """

    name: str
    points: tuple[tuple[float, Figure], ...]
    line: tuple[tuple[float, Figure], ...] = ()
    joined: bool = False


@dataclass(frozen=True)
class Plot:
    """Curves over an axis; `x` and `y` say what is on each. `log`: the axis of x is logarithmic.

    `lines` are (y, what it means). `even`: both axes are the same from 0 to 1, with the diagonal drawn.
    """

    curves: tuple[Curve, ...]
    x: str
    y: str
    log: bool = False
    lines: tuple[tuple[float, str], ...] = ()
    even: bool = False
    caption: str = ""


@dataclass(frozen=True)
class Histogram:
    """How many values lie between two neighbouring `edges`, by kind; kinds stand on each other."""

    x: str
    edges: tuple[float, ...]
    kinds: tuple[tuple[str, tuple[int, ...]], ...]
    caption: str = ""


@dataclass(frozen=True)
class Pair:
    """An instruction beside its response, and all that is known of them.

    `facts` are its scores, `fault` why it was not kept, `source` address and headings, `wrote` what a judge wrote of it,
    `lineage` (what, id) up to the file it comes from, `candidates` the instructions that it was chosen from.
    """

    instruction: str
    response: str
    facts: tuple[Fact, ...] = ()
    fault: str = ""
    source: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    lineage: tuple[tuple[str, str], ...] = ()
    candidates: Table | None = None


@dataclass(frozen=True)
class Pairs:
    """Pairs under a caption; `left_out` more are not here. `every`: all are shown, also where room is scarce."""

    pairs: tuple[Pair, ...]
    caption: str = ""
    left_out: int = 0
    every: bool = False


@dataclass(frozen=True)
class Box:
    """A box of a picture, at (column, row), with what is told of it."""

    name: str
    note: str
    at: tuple[int, int]


@dataclass(frozen=True)
class Flow:
    """A picture of boxes and the arrows between them, by their numbers."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]
    caption: str


Body = Text | Facts | Table | Plot | Histogram | Pairs | Flow


@dataclass(frozen=True)
class Section:
    """`key` names it for links and machines, `says` tells how it is to be read.

    `under`: it belongs to the section before it. `folded`: long, and seldom read. `closer`: for who looks closer; a page
    begins with it shut.
    """

    key: str
    title: str
    says: str = ""
    bodies: tuple[Body, ...] = ()
    under: bool = False
    folded: bool = False
    closer: bool = False


def figure(row: Measured | None, signed: bool = False) -> Figure | None:
    """The figure of a metric row; None where there is no row."""
    if row is None:
        return None
    return Figure(row.value, row.unit, row.se, row.low, row.high, row.n, signed, row)


def text(*parts: Cell, tone: Tone = "") -> Text:
    return Text(parts, tone)


def table(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str = "", track: Track | None = None, left_out: int = 0
) -> Table:
    """A table without those columns that are empty in every row: what nobody measured is no column of dashes."""
    kept = [i for i, _ in enumerate(columns) if any(row[i] not in (None, "") for row in rows)]
    names = tuple(columns[i] for i in kept)
    if track and not set(track.columns) <= set(names):
        left = tuple(name for name in track.columns if name in names)
        track = Track(left, track.low, track.high, track.lines) if left else None
    return Table(names, tuple(tuple(row[i] for i in kept) for row in rows), caption, track, left_out)


def rows_in(shown: Any) -> Iterator[Measured]:
    """The metric rows that stand in a section, a body or a cell."""
    if isinstance(shown, Measured):
        yield shown
    elif isinstance(shown, tuple):
        for each in shown:
            yield from rows_in(each)
    elif is_dataclass(shown):
        for field in fields(shown):
            yield from rows_in(getattr(shown, field.name))
