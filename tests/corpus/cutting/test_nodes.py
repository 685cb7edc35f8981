"""Single nodes of a page: text, visibility, levels and tables."""

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.nodes import TEXT, aria_level, full_text, inline_text, is_hidden, table_text, tag_ids


def node(html: str, selector: str) -> Any:
    return LexborHTMLParser(html).css_first(selector)


@pytest.mark.parametrize(
    ("tag", "hidden"),
    [
        ("<p hidden>", True),
        ("<p hidden=until-found>", True),
        ("<p aria-hidden=true>", True),
        ("<p aria-hidden=false>", False),
        ("<p role=search>", True),
        ("<p role=main>", False),
        ("<p role>", False),
        ("<p style='color:red;display:none'>", True),
        ("<p style='DISPLAY : None'>", True),
        ("<p style=visibility:hidden>", True),
        ("<p style=display:block>", False),
        ("<p style>", False),
        ("<p class=hidden>", False),
    ],
)
def test_who_is_seen(tag: str, hidden: bool) -> None:
    """Attributes without a value are None, and a style is written in many ways."""
    assert is_hidden(node(f"{tag}x", "p").attributes) is hidden


@pytest.mark.parametrize(
    ("level", "read"),
    [("1", 1), ("6", 6), ("7", 6), ("0", 2), ("00", 2), ("12", 6), ("-1", 2), ("x", 2), ("", 2), ("²", 2), ("9" * 5_000, 6)],
)
def test_levels_that_pages_give(level: str, read: int) -> None:
    """Level 9 is no level, and a number of 5,000 digits raised when it was read as one."""
    assert aria_level(node(f"<div role=heading aria-level='{level}'>A", "div")) == read


def test_the_level_of_a_heading_that_gives_none() -> None:
    """WAI-ARIA: 2."""
    assert aria_level(node("<div role=heading aria-level>A", "div")) == 2


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p> one\n two ", "one two"),
        ("<p>one<br>two", "one two"),
        ("<p>a<i>b</i><script>no()</script><style>no</style>c", "abc"),
        ("<p>zero\u200bwidth <b>x\u200b</b>", "zerowidth x"),
        ("<p></p>", ""),
        ("<p><!-- no -->x", "x"),
    ],
)
def test_text_in_one_line(html: str, text: str) -> None:
    """What no reader sees is no text, and places to break a word are no blanks."""
    assert inline_text(node(html, "p")) == text


def test_text_with_its_lines() -> None:
    """Code keeps its white space, and <br> breaks its lines."""
    assert full_text(node("<pre>  a<br>\tb\n<i>c</i></pre>", "pre"), "\n") == "  a\n\tb\nc"


@pytest.mark.parametrize(
    ("html", "text", "link_chars"),
    [
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "| A | B |\n| --- | --- |\n| 1 | 2 |", 0),
        ("<table><tr><td>a|b<td>c</table>", "| a\\|b | c |\n| --- | --- |", 0),
        ("<table><tr><td>12 May<br>London</table>", "| 12 May London |\n| --- |", 0),
        ("<table><caption>Sizes</caption><tr><td>1</table>", "Sizes\n\n| 1 |\n| --- |", 0),
        ("<table><tr><td><tr><td>1</table>", "| 1 |\n| --- |", 0),
        ("<table><tr><td><a href=x>one</a><td>two</table>", "| one | two |\n| --- | --- |", 3),
        ("<table><tr><td></table>", "", 0),
        ("<table></table>", "", 0),
        ("<table><thead><tr><th>A<tbody><tr><td>1<tfoot><tr><td>2</table>", "| A |\n| --- |\n| 1 |\n| 2 |", 0),
    ],
)
def test_tables_as_markdown(html: str, text: str, link_chars: int) -> None:
    """Pipes in cells are escaped, lines in cells are joined, empty rows left out; a caption stands above."""
    assert table_text(node(html, "table")) == (text, link_chars)


def test_the_head_of_a_ragged_table_is_as_wide_as_its_widest_row() -> None:
    """Markdown cuts rows off where the head ends."""
    lines = table_text(node("<table><tr><th>A<tr><td>1<td>2<td>3</table>", "table"))[0].split("\n")
    assert [lines[0].count("|"), lines[1].count("---")] == [4, 3]


def test_a_table_of_one_wide_row_and_many_rows() -> None:
    """Each row was filled up to the widest: 3,000 rows under one of 3,000 cells gave nine million cells."""
    html = "<table><tr>" + "<td>x" * 1_000 + "<tr><td>y" * 1_000 + "</table>"
    assert len(table_text(node(html, "table"))[0]) < 1_000_000


def test_the_numbers_of_tags() -> None:
    """The walk compares numbers: those asked for at import must be those of any page."""
    page: Any = LexborHTMLParser("<p>text<b>bold</b>")
    assert tag_ids("p b") == {"p": page.css_first("p").tag_id, "b": page.css_first("b").tag_id}
    assert page.css_first("p").child.tag_id == TEXT
