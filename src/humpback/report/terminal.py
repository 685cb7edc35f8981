"""A report as text, for terminals of any width. What comes from the web is made harmless before it is printed."""

import os
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text as Styled

from humpback.report import PAGE, scale
from humpback.report.composed import Report
from humpback.report.section import (
    Body,
    Cell,
    Facts,
    Figure,
    Flow,
    Histogram,
    Pair,
    Pairs,
    Plot,
    Section,
    Table,
    Text,
    Track,
    Word,
)
from humpback.report.writing import are_numbers, points, writer, written

# What is not for a terminal is printed so wide; lines of prose are never wider than MEASURE.
ELSEWHERE, MEASURE = 132, 110
ROWS, POINTS, PAIRS, CHARACTERS = 60, 14, 3, 230
# A column of words is not made narrower than this; a track is drawn so wide.
LEAST, TRACK = 18, 33
TONES = {"": "", "good": "green", "bad": "red", "soft": "dim"}
MARKS, BLOCKS = "●◆○■▲◇", " ▁▂▃▄▅▆▇█"
# Classes of characters that turn the direction of what follows (Unicode Standard Annex 9).
_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def show(report: Report) -> None:
    """Print it, as wide as the terminal is."""
    Printer(_console()).report(report)


def _console() -> Console:
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    # No markup: names and reasons may hold brackets.
    return Console(highlight=False, markup=False, emoji=False, width=None if known else ELSEWHERE)


def as_text(section: Section) -> str:
    """One section, as `show` prints it."""
    console = _console()
    with console.capture() as captured:
        Printer(console).section(section)
    return captured.get().strip("\n")


def plain(text: str) -> str:
    """`text` on one line and without characters that a terminal obeys: web text may hold escape sequences."""
    return " ".join("".join(" " if _obeyed(char) else char for char in text).split())


def _obeyed(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(char) in _TURNS


def _styled(cell: Cell, text: str) -> Styled:
    return Styled(plain(text), TONES[cell.tone] if isinstance(cell, Word) else "")


class Printer:
    """Prints each kind of body on one console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.measure = min(console.width, MEASURE)

    def report(self, report: Report) -> None:
        self.console.print(Styled(plain(report.name), "bold"), Styled(f"a run of {plain(report.recipe)}", "dim"))
        for section in report.sections:
            self.section(section)
        page = report.folder / PAGE
        if page.is_file():
            self.console.print(f"\nreport: {page.resolve()}", soft_wrap=True)

    def section(self, section: Section) -> None:
        self.console.print()
        self.console.print(Styled(plain(section.title), "bold" if section.under else "bold underline"))
        if section.folded:
            self._says("not printed here: it is in report.html and in humpback show --json")
            return
        self._says(section.says)
        several = False
        for i, body in enumerate(section.bodies):
            if i and not isinstance(body, Text):
                self.console.print()
            if isinstance(body, Pairs):
                self._pairs(body, len(body.pairs) if body.every else 1 if several else PAIRS)
                several = True
            else:
                self.body(body)

    def _says(self, text: str) -> None:
        if text:
            self.console.print(Styled(plain(text), "dim"), width=self.measure)

    def body(self, body: Body) -> None:
        match body:
            case Text():
                parts = (
                    _styled(part, f"{written(part)}") if isinstance(part, Word) else written(part) for part in body.parts
                )
                line = Styled(style=TONES[body.tone])
                for part in parts:
                    line.append_text(part if isinstance(part, Styled) else Styled(_harmless(part)))
                self.console.print(line, width=self.measure)
            case Facts():
                self._facts(body)
            case Table():
                self.table(body)
            case Plot():
                self.table(points(body, POINTS))
            case Histogram():
                self._histogram(body)
            case Pairs():
                self._pairs(body, len(body.pairs) if body.every else PAIRS)
            case Flow():
                self._flow(body)

    def _facts(self, facts: Facts) -> None:
        grid = Grid.grid(padding=(0, 2, 0, 0))
        for each in facts.facts:
            grid.add_row(plain(each.name), _styled(each.value, written(each.value)), Styled(plain(each.means), "dim"))
        self.console.print(grid)

    def table(self, table: Table) -> None:
        if table.caption:
            self.console.print(Styled(plain(table.caption), "italic"), width=self.measure)
        write = writer(table)
        shown = [[plain(write(i, cell)) for i, cell in enumerate(row)] for row in table.rows[:ROWS]]
        columns = [_Column.of(table, i, shown) for i in range(len(table.columns))]
        names = [i for i, column in enumerate(columns[:2]) if i == 0 or not column.number]
        blocks = _blocks(columns, names, self.console.width)
        for i, block in enumerate(blocks):
            if i:
                self.console.print()
            self._grid(table, shown, [columns[each] for each in block])
        left = table.left_out + len(table.rows) - len(shown)
        self._says(f"and {left:,} more rows" if left else "")

    def _grid(self, table: Table, shown: list[list[str]], columns: "list[_Column]") -> None:
        """Some columns of a table, with its track before the first that is drawn on it if there is room."""
        track = table.track
        first = next((column.at for column in columns if track and table.columns[column.at] in track.columns), None)
        room = sum(column.width + 2 for column in columns) + TRACK + 2 <= self.console.width
        grid = Grid(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for column in columns:
            if room and column.at == first:
                grid.add_column("", no_wrap=True)
            justify, narrow = ("right", True) if column.number else ("left", column.at == 0)
            drawn = track and room and table.columns[column.at] in track.columns
            mark = f"{MARKS[track.columns.index(table.columns[column.at]) % len(MARKS)]} " if track and drawn else ""
            grid.add_column(mark + column.heading, justify=justify, no_wrap=narrow, vertical="top")  # type: ignore[arg-type]
        for row, texts in zip(table.rows, shown, strict=False):
            cells: list[Styled] = []
            for column in columns:
                if track and room and column.at == first:
                    cells.append(Styled(_drawn(table, track, row)))
                cells.append(_styled(row[column.at], texts[column.at]))
            grid.add_row(*cells)
        self.console.print(grid)
        if track and room and first is not None:
            self._says("; ".join(f"┊ {written(value)} {means}" for value, means in track.lines))

    def _histogram(self, shown: Histogram) -> None:
        self.console.print(Styled(plain(shown.caption or shown.x), "italic"), width=self.measure)
        kinds = [(plain(name), counts) for name, counts in shown.kinds]
        wide = max(cell_len(name) for name, _ in kinds)
        most = max((max(counts) for _, counts in kinds), default=0) or 1
        for name, counts in kinds:
            blocks = "".join(BLOCKS[-(-8 * count // most)] for count in counts)
            self.console.print(
                Styled.assemble((name.ljust(wide + 2), "dim"), blocks, f"  {sum(counts):,}"), no_wrap=True, crop=True
            )
        low, high = (f"{each:.3g}".replace("-", "−") for each in (shown.edges[0], shown.edges[-1]))
        bins = len(shown.edges) - 1
        self.console.print(Styled(" " * (wide + 2) + low + high.rjust(max(1, bins - len(low))), "dim"))

    def _pairs(self, shown: Pairs, most: int) -> None:
        if shown.caption:
            self.console.print(Styled(plain(shown.caption), "italic"))
        for pair in shown.pairs[:most]:
            self._pair(pair)
        left = shown.left_out + len(shown.pairs[most:])
        self._says(f"and {left:,} more" if left else "")

    def _pair(self, pair: Pair) -> None:
        told = " · ".join(f"{plain(each.name)} {plain(written(each.value))}" for each in pair.facts)
        lines = (
            ("instruction", pair.instruction, ""), ("response", pair.response, ""), ("not kept", pair.fault, "red"),
            ("known", told, "dim"), ("from", "  ".join(pair.source), "dim"),
        )  # fmt: skip
        for name, text, style in lines:
            short = textwrap.shorten(plain(text[: 20 * CHARACTERS]), CHARACTERS, placeholder=" ...") if text else ""
            if short:
                grid = Grid.grid(padding=(0, 2, 0, 0))
                grid.add_column(width=11)
                grid.add_row(Styled(name, "dim"), Styled(short, style))
                self.console.print(grid, width=self.measure)
        self.console.print()

    def _flow(self, flow: Flow) -> None:
        line = Styled()
        for i, box in enumerate(flow.boxes):
            line.append_text(Styled(f"{plain(box.name)}")).append_text(
                Styled(f" ({plain(box.note)})" if box.note else "", "dim")
            )
            if i + 1 < len(flow.boxes):
                line.append(" → " if (i, i + 1) in flow.arrows else " · ")
        self.console.print(line, width=self.measure)


def _harmless(text: str) -> str:
    """As `plain`, but blanks at the ends stay, which part it from what stands beside it."""
    inner = plain(text)
    return (" " if text[:1] == " " else "") + inner + (" " if text[-1:] == " " and inner else "")


@dataclass(frozen=True)
class _Column:
    """The column `at`, with its heading in lines no wider than it needs be; `least` is how narrow it may become."""

    at: int
    number: bool
    heading: str
    width: int
    least: int

    @classmethod
    def of(cls, table: Table, at: int, shown: list[list[str]]) -> "_Column":
        name, number = table.columns[at], are_numbers(row[at] for row in table.rows)
        wide = max((cell_len(row[at]) for row in shown), default=0)
        lines = textwrap.wrap(plain(name), max(wide, 9)) if number else [plain(name)]
        width = max([wide, *map(cell_len, lines)])
        return cls(at, number, "\n".join(lines), width, width if number or at == 0 else min(width, LEAST))


def _blocks(columns: Sequence[_Column], names: Sequence[int], width: int) -> list[list[int]]:
    """The columns in groups that fit beside each other, each of them after those that name the rows."""
    head = sum(columns[i].least + 2 for i in names)
    blocks: list[list[int]] = [[]]
    left = width - head
    for column in columns:
        if column.at in names:
            continue
        if blocks[-1] and column.least + 2 > left:
            blocks.append([])
            left = width - head
        blocks[-1].append(column.at)
        left -= column.least + 2
    return [[*names, *block] for block in blocks]


def _drawn(table: Table, track: Track, row: Sequence[Cell]) -> str:
    """The figures of a row on a line of characters."""
    axis = scale.of_track(table, track)
    line = ["─"] * (TRACK - 3)

    def at(value: float) -> int:
        return round(axis.at(value) * (len(line) - 1))

    figures = [row[table.columns.index(name)] for name in track.columns]
    known = [(i, each) for i, each in enumerate(figures) if isinstance(each, Figure) and scale.known(each)]
    for _, each in known:
        low, high = scale.ends(each)
        for place in range(at(low), at(high) + 1):
            line[place] = "━"
    for value, _ in track.lines:
        line[at(value)] = "┊"
    for i, each in known:
        line[at(each.value or 0.0)] = MARKS[i % len(MARKS)]
    return "".join(line)
