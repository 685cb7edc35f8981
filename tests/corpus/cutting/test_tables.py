"""Tables: data as Markdown, every value under its own heading; layout told from data."""

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.tables import is_layout, table_text


def table(html: str) -> Any:
    return LexborHTMLParser(f"<table>{html}</table>").css_first("table")


@pytest.mark.parametrize(
    ("html", "text", "link_chars"),
    [
        ("<tr><th>A<th>B<tr><td>1<td>2", "| A | B |\n| --- | --- |\n| 1 | 2 |", 0),
        ("<tr><td>a|b<td>c", "| a\\|b | c |\n| --- | --- |", 0),
        ("<tr><td>12 May<br>London", "| 12 May London |\n| --- |", 0),
        ("<caption>Sizes</caption><tr><td>1", "Sizes\n\n| 1 |\n| --- |", 0),
        ("<tr><td><tr><td>1", "| 1 |\n| --- |", 0),
        ("<tr><td><a href=x>one</a><td>two", "| one | two |\n| --- | --- |", 3),
        ("<tr><td>", "", 0),
        ("", "", 0),
        ("<thead><tr><th>A<tbody><tr><td>1<tfoot><tr><td>2", "| A |\n| --- |\n| 1 |\n| 2 |", 0),
    ],
)
def test_tables_as_markdown(html: str, text: str, link_chars: int) -> None:
    """Pipes in cells are escaped, lines in cells are joined, empty rows left out; a caption stands above."""
    assert table_text(table(html)) == (text, link_chars)


def test_the_head_of_a_ragged_table_is_as_wide_as_its_widest_row() -> None:
    """Markdown cuts rows off where the head ends."""
    lines = table_text(table("<tr><th>A<tr><td>1<td>2<td>3"))[0].split("\n")
    assert [lines[0].count("|"), lines[1].count("---")] == [4, 3]


def test_a_table_of_one_wide_row_and_many_rows() -> None:
    """Each row was filled up to the widest: 3,000 rows under one of 3,000 cells gave nine million cells."""
    html = "<tr>" + "<td>x" * 1_000 + "<tr><td>y" * 1_000 + ""
    assert len(table_text(table(html))[0]) < 1_000_000


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        ("<tr><th>Pond<th>Month<th>Frogs<tr><td rowspan=2>Mill<td>May<td>9<tr><td>June<td>4<tr><td>Low<td>May<td>2",
         ["| Mill | May | 9 |", "| Mill | June | 4 |", "| Low | May | 2 |"]),
        ("<tr><th>Pond<th>Month<th>Frogs<tr><td colspan=2>Both ponds<td>15", ["| Both ponds | Both ponds | 15 |"]),
        ("<tr><th>Pond<th>Frogs<tr><td colspan=2>In spring<tr><td>Mill<td>9", ["| In spring |  |", "| Mill | 9 |"]),
        ("<tr><th>A<th>B<th>C<tr><td>1<td>2<td rowspan=3>3<tr><td>4<td>5<tr><td>6<tr><td>7<td>8<td>9",
         ["| 1 | 2 | 3 |", "| 4 | 5 | 3 |", "| 6 |  | 3 |", "| 7 | 8 | 9 |"]),
        ("<tr><th>A<th>B<tr><td rowspan=2 colspan=2>both<tr><td>far", ["| both |  |  |", "| both |  | far |"]),
        ("<tbody><tr><th>A<th>B<tr><td rowspan=9>1<td>2<tbody><tr><td>3<td>4", ["| 1 | 2 |", "| 3 | 4 |"]),
        ("<tr><th>A<th>B<tr hidden><td>0<td>0<tr><td>1<td style='display:none'>0<td>2", ["| 1 | 2 |"]),
        ("<tr><th>A<th>B<tr><td rowspan=0>1<td colspan=x>2", ["| 1 | 2 |"]),
    ],
)  # fmt: skip
def test_spans(html: str, rows: list[str]) -> None:
    """Under a cell that spans rows "| June | 4 |" stood below Pond and Month: a wrong fact."""
    assert table_text(table(html))[0].split("\n")[2 : 2 + len(rows)] == rows


def test_spans_without_end() -> None:
    """Spans are numbers of a page: ten thousand columns in each of a thousand rows would be ten million cells."""
    html = "<tr>" + "<td rowspan=65534 colspan=9999>x" * 20 + "<tr><td>y" * 1_000
    assert len(table_text(table(html))[0]) < 1_000_000


@pytest.mark.parametrize(
    ("html", "layout"),
    [
        ("<tr><th>A<th>B<tr><td><p>1</p><td><div>2</div>", False),
        ("<tr><td><p>1</p><td><p>2</p><tr><td><p>3</p><td><p>4</p>", False),
        ("<tr><th>A<th>B<tr><td><ul><li>1</ul><td>2", False),
        ("<tr><td>1<td>2", False),
        (
            "<tr><td><p>menu</p><td><div><p>" + "A long text of a page that was laid out in a table. " * 8 + "</p></div>",
            True,
        ),
        ("<tr><td><p>one</p>", True),
        ("<tr><th><h4>Plan</h4><th><h4>Price</h4><tr><td>Basic<td>5", False),
        ("<tr><td><h2>A part</h2><p>Text</p><td>side", True),
        ("<tr><td><table><tr><td>1</table><td>2", True),
        ("<tr><td class=gutter><pre>1</pre><td><pre>code</pre>", True),
        ("<tr><th>Call<th>Gives<tr><td><pre>f(1)</pre><td>2", False),
    ],
)
def test_layout_and_data(html: str, layout: bool) -> None:
    """Cells that hold paragraphs and lists (Sphinx, Confluence) made loose lines of data; old pages are laid out so."""
    assert is_layout(table(html)) is layout


def test_a_table_that_says_that_it_is_none() -> None:
    """WAI-ARIA: a table whose role is presentation or none."""
    assert is_layout(LexborHTMLParser("<table role=presentation><tr><td>1<td>2</table>").css_first("table"))
