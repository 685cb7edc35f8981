"""Pages made to break a reader: each ends in rows or in a drop with its reason, soon, and never in an exception."""

import time

import pytest

from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.corpus.documents.encoding import decode
from humpback.corpus.rules.quality import RuleConfig, apply_rules
from humpback.schema import SEGMENT, Row
from humpback.stage import Drop
from humpback.store import to_table
from humpback.text.language import LanguageConfig, keep_languages
from humpback.text.near_duplicates import DedupConfig, unique

# On an idle machine each takes under a second; what costs the square of its length takes minutes.
SECONDS = 10
N = 100_000
HEAD = "<title>T</title><h1>A heading</h1>"


def through(row: Row) -> list[Row | Drop]:
    """`row` through all stages that know no model; what each of them keeps can be written."""
    began = time.process_time()
    ended: list[Row | Drop] = []
    rows: list[Row] = [row]
    stages = (
        (segment, SegmentConfig()),
        (apply_rules, RuleConfig(min_chars=1, max_chars=10**9, overlap="all")),
        (keep_languages, LanguageConfig()),
        (unique, DedupConfig()),
    )
    for function, config in stages:
        outcomes = list(function(config, rows))
        ended += [outcome for outcome in outcomes if isinstance(outcome, Drop)]
        rows = [outcome for outcome in outcomes if not isinstance(outcome, Drop)]
        to_table(rows, SEGMENT)
    assert time.process_time() - began < SECONDS
    return [*ended, *rows]


def page(html: str) -> list[Row | Drop]:
    return through({"id": "d", "parent": "s", "url": "u", "html": html})


def text(markdown: str) -> list[Row | Drop]:
    return through({"id": "d", "parent": "s", "url": "u", "text": markdown, "title": ""})


def segmented(html: str, seconds: float) -> int:
    """The number of outcomes of `html`, which come within `seconds`: five times what they take or more."""
    began = time.process_time()
    count = sum(1 for _ in segment(SegmentConfig(), [{"id": "d", "parent": "s", "html": html}]))
    assert time.process_time() - began < seconds
    return count


@pytest.mark.parametrize(
    "tag", ["div", "table><tr><td", "ul><li", "blockquote", "pre", "div class=menu", "x-custom", "dl><dd", "b"]
)
def test_a_hundred_thousand_nested_tags(tag: str) -> None:
    """No recursion, and no parse that takes the square of the depth: such a page is dropped as too deep."""
    assert [outcome.reason for outcome in page(HEAD + f"<{tag}>" * N + "x") if isinstance(outcome, Drop)] == ["too_deep"]


NESTED = [
    *("div", "section", "article", "span", "b", "a", "a href=x", "font", "blockquote", "ul><li", "ol><li><p", "dl><dd"),
    *(
        "table><tr><td",
        "p><table><tr><td",
        "p><marquee",
        "h2><marquee",
        "form",
        "aside",
        "div class=menu",
        "div id=comments",
    ),
    *(
        "ul class=menu><li",
        "div role=heading><div",
        "details><summary",
        "ruby><rt",
        "x-custom",
        "div><br",
        "button",
        "object",
    ),
    *(
        "math",
        "math><mrow",
        "span class=katex",
        "mjx-container",
        "span class=MathJax",
        "img class=latex alt=x><span",
        "sup",
        "code",
    ),
    *("div aria-expanded=false class=accordion", "p><button aria-expanded=true", "input type=checkbox id=a><label for=a"),
    *("template shadowrootmode=open", "x-host><template shadowrootmode=open><slot></slot></template"),
    *(
        "div class=highlight",
        "div class=fragment",
        "table class=highlight><tr><td class=code",
        "pre",
        "h2><a href=#x",
        "section id=x><h2><a href=y#x",
    ),
]


# One tag of each sort always: all of them take half a minute.
ALWAYS = ("div", "ul><li", "table><tr><td", "x-custom")


@pytest.mark.parametrize(
    "tag", [*ALWAYS, *(pytest.param(tag, marks=pytest.mark.slow) for tag in NESTED if tag not in ALWAYS)]
)
@pytest.mark.parametrize("inside", ["x", "word " * 200_000, "<p>more" * 2_000 + "<h1>end</h1>"])
def test_tags_nested_as_deep_as_is_read(tag: str, inside: str) -> None:
    """Just under the limit nothing may look at each subtree anew: nested menus and tables cost the square so."""
    assert segmented(HEAD + f"<{tag}>word " * 4_900 + inside, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "html",
    [
        "<ul><li><a href=x>one</a><a href=x>two</a><a href=x>three</a>" * 3_000 + "word " * 200_000,
        "<div>" * 2_400 + f"<div><p>{'word ' * 20}</p></div>" * 5_000,
        "<div>" * 2_400 + "<h1>x</h1>" * 4_000 + "</div>" * 2_400 + f"<div><p>{'word ' * 120}</p></div>",
        "<div><br>" * 4_000 + "word " * 200_000,
        "<p><table><tr><td>" * 1_200 + "word " * 200_000,
        ("<table><tr><td>" + "<b>x</b>" * 10_000 + "</table>") * 30,
        "<table>" + "<tr><td>a<td>b" * 50_000,
        "<table><tr>" + "<td>x" * 5_000 + "<tr><td>y" * 5_000,
        "<table><caption>" * 4_000,
        "<h2><a href=x>t</a></h2>" * 40_000,
        "<h2>Related articles</h2><p>x" * 20_000,
        "<h1>x</h1>" * 10_000,
        "<a href=x></a>" * 20_000,
        "<p><a href=x>t</a>" * 20_000,
        "<p><b>x</b>" * 20_000,
        ("<div class=sidebar>" + "word " * 150 + "</div>") * 3_000,
        f"<div class='sidebar {'x' * 900}'>x</div>" * 3_000,
        "".join(f"<div class='sidebar{i} x{i}' id=menu{i}>word</div>" for i in range(10_000)),
        "<dl>" * 2_000 + "<dt>a<dd>b" * 5_000,
        "<summary>x" * 10_000,
        "<pre>" + "`" * 1_000_000,
        "<style>" + "display:" * 100_000,
        "<div style='" + "display " * 100_000 + "'>x",
        "<h2>" + "[edit" * 100_000 + "</h2>",
    ],
)
def test_what_could_cost_the_square(html: str) -> None:
    """Pages on which each of the segmenter's searches would run for each element over all others."""
    assert segmented(HEAD + html, 8)


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
        "",
        "\ufeff",
        "</html><h1>after</h1>the end<p>of it",
        "</body></html><!-- x --><p>after",
        "<title>x</title",
        "<h1>x</h1><script>never closed <p>text",
        "<h1>x</h1><!-- never closed <p>text",
        "<h1>x</h1><p title='never closed <p>text",
        "<frameset><frame src=x></frameset><noframes><h1>x</h1></noframes>",
        "<html hidden><body hidden><h1>x</h1>y",
        "<body class=cookies id=sidebar><h1>x</h1>y",
        "<main class=cookies hidden><h1>x</h1>y",
        "<dl><dt><dl><dd><table><caption><table><h1>x</h1>",
        "<table><h1>x</h1><tr>y<td>z",
        "<a><h2><a><h3><table><a>x",
        "<li><dd><li></ul></ol></dl></blockquote>x",
        "<summary><h1><summary>x",
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
    row = {"id": "d", "html": bomb + HEAD + "<p>&a9;</p>"}
    texts = [
        outcome.row["html"] if isinstance(outcome, Drop) else outcome["text"] for outcome in segment(SegmentConfig(), [row])
    ]
    assert texts[-1] == "&a9;"


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
        "a=1 " * 30_000,
        "class='" + "sidebar-x " * N + "'",
        "id='" + "cookies" * N + "'",
        "style='" + "display:none;" * N + "'",
        "role='" + "heading " * N + "' aria-level='" + "9" * N + "'",
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


@pytest.mark.slow
def test_thirty_thousand_attributes() -> None:
    """The parser compares each attribute with all before it."""
    assert segmented(f"{HEAD}<div {' '.join(f'a{i}=1' for i in range(30_000))}>x", 15)


@pytest.mark.parametrize(
    "piece", ["[", "[](", "[a](b", "[a](b(", "](", "- ", "> ", "1. ", "```\n", "~~~\n\n", "=\n", "a\n-\n", "*", "&#"]
)
def test_a_flood_of_marks_in_markdown(piece: str) -> None:
    """Links in headings were looked for from each "[" to the end of the line: 50,000 of them took six seconds."""
    assert text("# " + piece * 10_000)
    assert text("# A\n\n" + piece * 10_000 + "\n\n# B\n\nend")


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 2_000, "<h1>x</h1><p>y".encode("utf-16") * 5_000, b"\xff\xfe\xd8\x00" * N]
)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-8"])
def test_garbage_read_in_the_wrong_encoding(data: bytes, encoding: str) -> None:
    """Binary files and UTF-16 read as something else: lone surrogates, NUL bytes and control characters."""
    assert page(HEAD + data.decode(encoding, "surrogatepass" if encoding == "utf-16-le" else "replace")[:N])


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
    began = time.process_time()
    decode(data)[0].encode()
    assert time.process_time() - began < SECONDS
