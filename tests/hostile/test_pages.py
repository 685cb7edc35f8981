"""Pages made to break a reader: each ends in rows or in a drop with its reason, soon, and never in an exception."""

import time
from functools import partial

import pytest

from humpback.corpus.dedup import DedupConfig, unique
from humpback.corpus.encoding import decode
from humpback.corpus.language import keep_languages
from humpback.corpus.rules import RuleConfig, apply_rules
from humpback.corpus.segment import segment
from humpback.schema import SEGMENT, Row
from humpback.stage import Drop
from humpback.store import to_table

# On an idle machine each takes under a second; what costs the square of its length takes minutes.
SECONDS = 10
N = 100_000
HEAD = "<title>T</title><h1>A heading</h1>"


def through(row: Row) -> list[Row | Drop]:
    """`row` through all stages that know no model; what each of them keeps can be written."""
    began = time.perf_counter()
    ended: list[Row | Drop] = []
    rows: list[Row] = [row]
    stages = (
        segment,
        partial(apply_rules, RuleConfig(min_chars=1, max_chars=10**9, overlap="all")),
        partial(keep_languages, (), 0.0),
        partial(unique, DedupConfig()),
    )
    for stage in stages:
        outcomes = list(stage(rows))
        ended += [outcome for outcome in outcomes if isinstance(outcome, Drop)]
        rows = [outcome for outcome in outcomes if not isinstance(outcome, Drop)]
        to_table(rows, SEGMENT)
    assert time.perf_counter() - began < SECONDS
    return [*ended, *rows]


def page(html: str) -> list[Row | Drop]:
    return through({"id": "d", "parent": "s", "url": "u", "html": html})


def text(markdown: str) -> list[Row | Drop]:
    return through({"id": "d", "parent": "s", "url": "u", "text": markdown, "title": ""})


@pytest.mark.parametrize(
    "tag", ["div", "table><tr><td", "ul><li", "blockquote", "pre", "div class=menu", "x-custom", "dl><dd", "b"]
)
def test_a_hundred_thousand_nested_tags(tag: str) -> None:
    """No recursion, and no parse that takes the square of the depth: such a page is dropped as too deep."""
    assert [outcome.reason for outcome in page(HEAD + f"<{tag}>" * N + "x") if isinstance(outcome, Drop)] == ["too_deep"]


@pytest.mark.parametrize(
    "tag", ["div", "table><tr><td", "ul><li", "blockquote", "div class=menu", "dl><dd", "div role=heading><div"]
)
def test_tags_nested_as_deep_as_is_read(tag: str) -> None:
    """Just under the limit nothing may look at each subtree anew: nested menus and tables cost the square so."""
    assert page(HEAD + f"<{tag}>word " * 2_000 + "<p>more" * 2_000 + "<h1>end</h1>")


@pytest.mark.parametrize(
    "tag", ["p", "li", "td", "h2", "a href=x", "font color=red", "option", "b", "h1", "span", "dt", "br", "image"]
)
def test_nothing_is_ever_closed(tag: str) -> None:
    """Ten thousand tags of a kind, each with text and none closed."""
    assert page(HEAD + "".join(f"<{tag}>word{i} " for i in range(4_000)))


@pytest.mark.parametrize(
    "html",
    [
        "<",
        "<h1",
        "<!--",
        "<h1><!--",
        "<![CDATA[<h1>x</h1>",
        "</h1></p></html>",
        "<script><h1>x</h1>",
        "<style>",
        "<title><h1>x",
        "<textarea><h1>x",
        "<plaintext><h1>x",
        "<frameset><frame>",
        "<h1><table><h2></table></h1><h3>",
        "<svg><h1>x</h1></svg><math><h2>y",
        "<template><h1>x</h1></template>",
        "<select><h1>x</h1>",
        "<h1 " + "a" * 100_000,
        "<" * N,
        "&" * N,
        "</p>" * N,
        "<table>" + "<b>x<tr>" * 2_000,
        "<b><p></b>" * 2_000,
    ],
)
def test_markup_that_breaks_off(html: str) -> None:
    """Whatever is unfinished is mended as a browser would, or the page has no heading."""
    assert page(html)


def test_entities_are_not_expanded() -> None:
    """HTML knows no entity definitions: a billion laughs stays the text that it is."""
    bomb = '<!DOCTYPE a [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{i} "{"&a;" * 10}">' for i in range(10)) + "]>"
    rows = [outcome for outcome in page(bomb + HEAD + "<p>&a9;</p>") if not isinstance(outcome, Drop)]
    assert max(len(row["text"]) for row in rows) < 100


@pytest.mark.parametrize(
    "entity", ["&amp;", "&#0;", "&#xD800;", "&#x110000;", "&#99999999999999999999;", "&nosuch;", "&NotEqualTilde;"]
)
def test_a_flood_of_entities(entity: str) -> None:
    """Entities for NUL, surrogates and characters that do not exist end as text that can be written."""
    assert page(HEAD + "<p>" + entity * 20_000)


@pytest.mark.parametrize(
    "attributes",
    [
        " ".join(f"a{i}=1" for i in range(8_000)),
        "class='" + "nav " * N + "'",
        "a=" + "x" * 1_000_000,
        "class class class id id=nav id=x hidden='",
        "\x00=\x00 '=\" \ufffd",
    ],
)
def test_a_flood_of_attributes(attributes: str) -> None:
    """Thousands of attributes, or one of a megabyte, on a heading."""
    assert page(f"<p>before</p><h1 {attributes}>A</h1><p>after")


@pytest.mark.parametrize(
    "unit", ["a", "漢", "😀", "-", "`", "[", "\\", "|", "\u200b", "\u0301", "\u202e", "AA ", "a. ", "#"]
)
def test_a_megabyte_of_one_thing(unit: str) -> None:
    """A word of a megabyte, and a million marks: no expression may backtrack over them."""
    body = unit * (1_000_000 // len(unit))
    assert page(f"{HEAD}<p>{body}")
    assert text(f"# A\n\n{body}")


@pytest.mark.parametrize("body", ["x" * 1_000_000, "word " * 100_000, "<b>x" * 20_000])
def test_a_heading_of_a_megabyte(body: str) -> None:
    """A heading that was never closed swallows the page; those below must not store it again and again."""
    rows = page(f"<h1>{body}</h1>" + "<h2>B</h2><p>b</p>" * 2_000)
    assert sum(len(part) for row in rows if not isinstance(row, Drop) for part in row["header_path"]) < 5_000_000


@pytest.mark.parametrize("line", ["# " + "#" * N + "x", "# a" + " " * N + "b", "#" + " " * N + "x", "#" * N, "# \t" * N])
def test_headings_of_marks_and_blanks(line: str) -> None:
    """The expression for headings backtracked over runs of "#" and blanks: 100,000 of them took minutes."""
    assert text(f"{line}\n\ntext")


@pytest.mark.parametrize(
    "mark", ["\x00", "\ud800", "\udfff", "\ud83d", "\ufffe", "\x1b[31m", "\x0b", "\r", "\u2028", "\x85"]
)
def test_characters_that_cannot_be_written(mark: str) -> None:
    """NUL and lone surrogates reach the reader through JSON: neither UTF-8 nor Parquet can hold them."""
    assert page(f"{mark}<h1>A{mark}B</h1><p>a{mark}b</p><pre>{mark}x</pre><table><tr><td>{mark}y</table>")
    assert text(f"# A{mark}B\n\na{mark}b")
    assert text(f"{mark}{mark}")


def test_two_thousand_headings() -> None:
    """A page that is all headings gives a candidate for each, once."""
    rows = page("".join(f"<h{i % 6 + 1}>Heading {i}</h{i % 6 + 1}><p>Text {i}</p>" for i in range(2_000)))
    assert len(rows) == 2_000


def test_sentences_that_all_share_their_words() -> None:
    """The repetition rule compares sentences pair by pair: a list of ten thousand must not take forever."""
    assert page(HEAD + "<ul>" + "<li>press the red button and the green button firmly now" * 10_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 1000,
        bytes(range(256)) * 100,
        b"\xff\xfe",
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf",
        b"\xfe\xff\xd8\x00" * 500,
        b"\x80" * N,
        b"<meta charset=" + b" " * N + b"\x80",
        b"<meta " * 700 + b"\x80",
        b"<meta charset='\x80",
        b"\x1b$B" * 1000 + b"\x80",
    ],
)
def test_bytes_that_are_no_text(data: bytes) -> None:
    """Binary data under the type text/html: some text comes out, and soon."""
    began = time.perf_counter()
    decode(data)[0].encode()
    assert time.perf_counter() - began < SECONDS
