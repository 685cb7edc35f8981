"""A report as text."""

from collections.abc import Callable
from pathlib import Path

import pytest
import worlds
from report.rendered import of, printed, terminal
from rich.cells import cell_len

from humpback.report import show
from humpback.report.composed import composed
from humpback.report.section import (
    Counts,
    Curve,
    Fact,
    Facts,
    Figure,
    Histogram,
    Pair,
    Pairs,
    Plot,
    Section,
    Table,
    Track,
    Word,
    text,
)
from humpback.report.terminal import plain

Made = Callable[[str], Path]


@pytest.mark.parametrize("name", worlds.WORLDS)
@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_is_wider_than_the_terminal(made: Made, name: str, width: int) -> None:
    """A table that the terminal breaks cannot be read; columns that do not fit stand below, beside the same names."""
    lines = terminal(composed(made(name)), width).splitlines()
    assert max(cell_len(line) for line in lines if not line.startswith("report: ")) <= width


@pytest.mark.parametrize("width", [60, 132])
def test_a_narrow_terminal_is_told_the_same(made: Made, width: int) -> None:
    """Each figure of each table, whatever the width."""
    out = " ".join(terminal(composed(made("loop")), width).split())
    for words in ("−0.066 ± 0.015", "98.0 % ± 1.1", "739,900", "10 copied_answer", "promoted", "refused", "37 of 76 pairs"):
        assert words in out, words


def test_the_run_in_short(made: Made) -> None:
    """Who judged, what decided, and all that was measured, without opening a browser."""
    out = " ".join(printed(lambda: show(made("loop"))).split())
    for words in (
        "loop a run of humpback", "The funnel", "Round 1: judged by transformers:M_0 (M_0, the model in training).",
        "Who tells good from bad?", "negation canary", "Can a text talk its judge round?", "How do I take care of",
        "The best model by the dev split is M_1", "Pairs, one by one",
    ):  # fmt: skip
        assert words in out, words


def test_what_is_seldom_read_is_not_printed(made: Made) -> None:
    """143 settings between the figures and the prompt."""
    out = terminal(composed(made("loop")))
    assert "iterate.gate" not in out and "it is in report.html and in humpback show --json" in out


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("a\x1b[31mred\x1b]0;title\x07", "a [31mred ]0;title"),
        ("one\r\ntwo\u2028three\x85four", "one two three four"),
        ("safe \u202ednuor\u202c\u2066x", "safe dnuor x"),
        ("سلام\u200cها and 👩\u200d🔧", "سلام\u200cها and 👩\u200d🔧"),
    ],
)
def test_a_terminal_obeys_no_text_of_the_web(told: str, shown: str) -> None:
    """An escape sequence in a page could rewrite what was printed; joiners inside of words are no such thing."""
    assert plain(told) == shown


def test_no_text_gets_to_the_terminal_as_it_is() -> None:
    """Instructions, texts, addresses, reasons, names of models and of columns all come from outside."""
    bad = "x\x1b[2J\x07y\u202e"
    pair = Pair(bad, bad, (Fact(bad, bad, bad),), bad, (bad,), (bad,))
    bodies = (text(bad, Word(bad)), Facts((Fact(bad, bad, bad),)), Table((bad,), ((bad,), (Counts(((bad, 1),)),)), bad),
              Pairs((pair,), bad), Histogram(bad, (0.0, 1.0), ((bad, (1,)),), bad),
              Plot((Curve(bad, ((1.0, Figure(1.0)),)),), bad, bad, caption=bad))  # fmt: skip
    out = terminal(of(Section(bad, bad, bad, bodies)))
    assert "x [2J y" in out and not {"\x1b", "\x07", "\u202e"} & {*out}


def test_names_in_brackets_are_no_markup() -> None:
    """The table swallowed what stood in brackets."""
    out = terminal(of(Section("k", "[red]t[/red]", "", (Table(("a",), (("[bold]odd",), (":smile:",))),))))
    assert "[red]t[/red]" in out and "[bold]odd" in out and ":smile:" in out


def test_what_is_left_out_is_told() -> None:
    """Thousands of rows, of points, of pairs, and a text as long as a book."""
    rows = tuple((f"row {i}", i) for i in range(5000))
    plot = Plot((Curve("c", tuple((float(i), Figure(1.0)) for i in range(1000))),), "x", "y")
    pairs = Pairs(tuple(Pair(f"ask {i}", "word " * 100_000) for i in range(9)), left_out=10)
    out = terminal(of(Section("k", "t", "", (Table(("a", "b"), rows, left_out=1), plot, pairs))))
    assert "and 4,941 more rows" in out and "and 986 more rows" in out and "and 16 more" in out
    assert len(out.splitlines()) < 150 and "word ..." in out


def test_dots_stand_where_their_values_are() -> None:
    """On a line of characters too; the lower value to the left, with what it is held against between them."""
    track = Track(("change",), -1.0, 1.0, ((0.0, "no change"),))
    shown = Table(("model", "change"), (("M_1", Figure(-0.5, se=0.05)), ("M_2", Figure(0.5, se=0.05))), track=track)
    low, high = (line for line in terminal(of(Section("k", "t", "", (shown,)))).splitlines() if line.startswith("M_"))
    assert low.index("●") < low.index("┊") and high.index("┊") < high.index("●") and "━●━" in low
    assert "┊ 0 no change" in terminal(of(Section("k", "t", "", (shown,))))


def test_a_histogram_in_two_lines() -> None:
    """What was kept above what was not; an empty bin is empty."""
    out = terminal(of(Section("k", "t", "", (Histogram("score", (1.0, 2.0, 3.0), (("kept", (0, 8)), ("not", (4, 1)))),))))
    assert "kept   █  8" in out and "not   ▄▁  5" in out


def test_the_page_is_named_if_there_is_one(tmp_path: Path) -> None:
    """It is clicked on."""
    (tmp_path / "report.html").write_text("")
    assert f"report: {tmp_path / 'report.html'}" in terminal(of(Section("k", "t"), folder=tmp_path))
    assert "report:" not in terminal(of(Section("k", "t")))
