"""Markdown and plain text to headings and blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.corpus.cutting.markdown import outline_of_markdown
from humpback.corpus.cutting.page import Block, Event, Heading


def outline(text: str, title: str = "") -> list[Event]:
    return outline_of_markdown(text, title)


def pairs(text: str, title: str = "") -> list[tuple[str, int]]:
    """(text, level) of each event; blocks have level 0."""
    return [(event.text, event.level if isinstance(event, Heading) else 0) for event in outline(text, title)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# One", ("One", 1)),
        ("### Three ###", ("Three", 3)),
        ("   ###### Six", ("Six", 6)),
        ("## C#", ("C#", 2)),
        ("## Issue #5", ("Issue #5", 2)),
        ("#   Wide   ", ("Wide", 1)),
        ("## ##", ("", 2)),
        ("One\n===", ("One", 1)),
        ("Two\n---", ("Two", 2)),
        ("Two\nlines\n---", ("Two\nlines", 2)),
        ("# See [the guide](https://a.example/x_(y))", ("See the guide", 1)),
        ("# [A](x) and [B](y)", ("A and B", 1)),
        ("# a [b] (c)", ("a [b] (c)", 1)),
    ],
)
def test_headings(line: str, expected: tuple[str, int]) -> None:
    """ATX and setext; a closing run of "#" goes, but "C#" must not become "C", and links become their words."""
    assert pairs(f"{line}\n\ntext") == [expected, ("text", 0)]


@pytest.mark.parametrize(
    "line",
    [
        "#tag",
        "####### seven",
        "text # not",
        "    # code",
        "> # quoted",
        "- # item",
        "> Two\n> ---",
        "| a | b |\n|---|---|",
        "***",
        "```\n# comment\n```",
        "~~~\n# comment\n\n```\n# more\n~~~",
        "\\# escaped",
    ],
)
def test_lines_that_are_no_headings(line: str) -> None:
    """Tags, code, quotes, items and tables are text."""
    assert pairs(f"# A\n\n{line}") == [("A", 1), (line, 0)]


def test_code_is_kept_whole() -> None:
    """A comment in code is no heading, and a blank line in code does not end it."""
    code = "```\n# comment\n\n    x = 1\n```"
    assert pairs(f"# A\n\n{code}\n\nend") == [("A", 1), (code, 0), ("end", 0)]


def test_an_unclosed_code_block_keeps_its_text() -> None:
    """A fence that is never closed runs to the end, and nothing after it is lost."""
    assert pairs("# A\n\n```\nx\n\n# y\n\nz") == [("A", 1), ("```\nx\n\n# y\n\nz\n", 0)]


def test_text_whose_only_number_signs_are_comments() -> None:
    """A text with code and no heading stands under its title: it was dropped for "# comment" in a code block."""
    assert outline("Run:\n\n```\n# comment\n```", "How to")[0] == Heading("How to", 1)


@pytest.mark.parametrize(
    ("title", "heading"), [("Given", "Given"), ("", "one two three four five six seven eight ..."), ("\ud800", "\ufffd")]
)
def test_text_without_headings_stands_under_something(title: str, heading: str) -> None:
    """Plain text goes by its title, or by its first words."""
    assert pairs("one two three four five six seven eight nine", title)[0] == (heading, 1)


def test_short_text_goes_by_all_of_its_words() -> None:
    """Nothing follows, so nothing is promised."""
    assert pairs("one two")[0] == ("one two", 1)


def test_text_above_the_first_heading_stands_under_the_title() -> None:
    """The abstract of a paper belongs to the paper."""
    assert pairs("abstract\n\n# One\n\ntext", "T") == [("T", 1), ("abstract", 0), ("One", 1), ("text", 0)]


@pytest.mark.parametrize("text", ["", "  \n\t\n", "\r\n\r\n"])
def test_nothing_is_nothing(text: str) -> None:
    """An empty text has no first words to go by."""
    assert outline(text, "T") == []


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_system(line_end: str) -> None:
    """Headings were cut at the wrong lines where the parser and we counted lines differently."""
    assert pairs(line_end.join(["# A", "", "one", "two", "", "three"])) == [("A", 1), ("one\ntwo", 0), ("three", 0)]


def test_blocks_weigh_their_length() -> None:
    """A text has no menus to be told from: all of it is prose."""
    assert outline("# A\n\nshort")[1] == Block("short", weight=5)


@given(
    st.lists(st.sampled_from(["# A", "Two", "---", "===", "```", "~~~", "- # b", "> c", "", "    d", "\x0c", "e\u2028f"]))
)
def test_no_line_is_lost(lines: list[str]) -> None:
    """Every word of a text is in a heading or a block, in its order."""
    events = outline("\n".join(lines), "title")
    words = [word for event in events for word in event.text.split()]
    if events and events[0].text == "title":
        words = words[1:]
    marks = {"#", "---", "==="}
    assert [w for w in words if w not in marks] == [w for line in lines for w in line.split() if w not in marks]
