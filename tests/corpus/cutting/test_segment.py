"""Pages to segments: every heading with all that stands below it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from humpback.config import build
from humpback.corpus.cutting import segment as module
from humpback.corpus.cutting.blocks import outline
from humpback.corpus.cutting.main_text import main_text
from humpback.corpus.cutting.nesting import DEEPEST
from humpback.corpus.cutting.page import Block, Heading, Outline
from humpback.corpus.cutting.segment import (
    ARTICLE_CHARS,
    HEADING_CHARS,
    STORED_CHARS,
    SegmentConfig,
    count_chars,
    join_blocks,
    markdown,
    pruned,
    segment,
    tree,
    whole_text,
)
from humpback.errors import UsageFault
from humpback.schema import SEGMENT, Row
from humpback.stage import Drop, Outcome
from humpback.store import to_table

TREES = SegmentConfig()
DOCUMENTS = SegmentConfig(unit="document")
PARAGRAPHS = SegmentConfig(unit="paragraph")
SENTENCE = "The chain is cleaned with a dry rag, and oiled again before the next ride."


def outcomes(config: SegmentConfig, **columns: Any) -> list[Outcome]:
    return list(segment(config, [{"id": "d", "parent": "s", "url": "u", **columns}]))


def segments(html: str = "", config: SegmentConfig = TREES, **more: Any) -> list[Row]:
    out = outcomes(config, html=html, **more)
    assert not any(isinstance(outcome, Drop) for outcome in out)
    return [outcome for outcome in out if not isinstance(outcome, Drop)]


def by_heading(html: str) -> dict[str, str]:
    return {row["header_path"][-1]: row["text"] for row in segments(html)}


def texts(html: str, config: SegmentConfig) -> list[str]:
    return [row["text"] for row in segments(html, config)]


def test_a_heading_owns_what_stands_below_it() -> None:
    """Nested headers: each gives a candidate of its own, the outer one with the inner ones in it."""
    found = by_heading("<h1>A</h1><p>a.</p><h2>B</h2><p>b.</p><h3>C</h3><p>c.</p><h2>D</h2><p>d.</p>")
    assert found == {"A": "a.\n\n### B\n\nb.\n\n#### C\n\nc.\n\n### D\n\nd.", "B": "b.\n\n### C\n\nc.", "C": "c.", "D": "d."}


@pytest.mark.parametrize(
    ("levels", "paths"),
    [
        ((2, 4, 2), [["0"], ["0", "1"], ["2"]]),
        ((2, 4, 3), [["0"], ["0", "1"], ["0", "2"]]),
        ((3, 1, 2), [["0"], ["1"], ["1", "2"]]),
        ((1, 1), [["0"], ["1"]]),
        ((6, 5, 4), [["0"], ["1"], ["2"]]),
        ((1, 2, 3, 4, 5, 6, 7), [[str(j) for j in range(i + 1)] for i in range(7)]),
    ],
)
def test_levels_that_skip(levels: tuple[int, ...], paths: list[list[str]]) -> None:
    """Pages go from h2 to h4 and begin with h3: each hangs under the nearest shallower heading, or under none."""
    assert [node.path for node in tree(Heading(str(i), level) for i, level in enumerate(levels))] == paths


def test_headings_in_the_text_are_no_deeper_than_markdown_has() -> None:
    """Markdown knows six levels, pages seven with bold lines."""
    nodes = tree([event for level in range(1, 8) for event in (Heading(f"H{level}", level), Block(f"b{level}"))])
    lines = [line for line in markdown(nodes[0]).split("\n") if line.startswith("#")]
    assert lines == ["### H2", "#### H3", "##### H4", "###### H5", "###### H6", "###### H7"]


def test_text_before_the_first_heading_belongs_to_nobody() -> None:
    """The teaser above the heading is not part of the answer, and says why."""
    teaser = Block("teaser")
    assert [node.blocks for node in tree([teaser, Heading("A", 1), Block("a")])] == [[Block("a")]]
    assert teaser.fate == "above the first heading"


def test_a_heading_with_nothing_below_is_not_announced() -> None:
    """A heading whose links were left out must not stay in the answer as a bare heading."""
    html = "<h1>A</h1><p>a.</p><h2>Friends</h2><ul><li><a href=x>link</a></ul><h2>B</h2><p>b.</p>"
    assert by_heading(html) == {"A": "a.\n\n### B\n\nb.", "Friends": "", "B": "b."}


def test_a_section_that_announces_no_answer_is_cut() -> None:
    """ "Related" with its teasers, and all below it, is in no segment and is none."""
    html = f"<h1>A</h1><p>a.</p><h2>Related articles</h2><p>Oil.</p><h3>C</h3><p>{SENTENCE}</p><h2>B</h2><p>b.</p>"
    assert by_heading(html) == {"A": "a.\n\n### B\n\nb.", "B": "b."}


@pytest.mark.parametrize("heading", ["Read more", "Comments (3)", "Kommentare", "関連記事", "Follow us"])
def test_sections_of_navigation_in_many_languages(heading: str) -> None:
    """Headings of navigation, and headings that are calls."""
    assert list(by_heading(f"<h1>A</h1><p>a.</p><h2>{heading}</h2><p>x.</p><h2>B</h2><p>b.</p>")) == ["A", "B"]


def test_the_article_goes_on_below_a_box_of_links() -> None:
    """ "Related" in the midst of an article: what follows its links is the article, without that heading."""
    prose = f"<p>{SENTENCE} {SENTENCE} {SENTENCE}</p>"
    html = f"<h1>A</h1>{prose}<h2>Related articles</h2><p>See <a href=x>oil and rags</a> and more of that.</p>{prose}"
    (whole, silent) = segments(html)
    text = LexborHTMLParser(prose).text().strip()
    assert len(text) >= ARTICLE_CHARS
    assert (whole["text"], silent["text"]) == (f"{text}\n\n{text}", text)


def test_the_title_of_a_page_stays_whatever_it_says() -> None:
    """A page about comments is titled so."""
    assert by_heading(f"<h1>Comments</h1><p>{SENTENCE}</p>") == {"Comments": SENTENCE}


def test_teasers_are_cut() -> None:
    """Linked headings side by side with a line each lead to other pages."""
    teasers = "".join(f"<h2><a href={n}>Teaser {n}</a></h2><p>It says so much.</p>" for n in range(3))
    assert by_heading(f"<h1>A</h1><p>a.</p>{teasers}<h2>B</h2><p>b.</p>") == {"A": "a.\n\n### B\n\nb.", "B": "b."}


@pytest.mark.parametrize(
    "sections",
    [
        "<h2><a href=1>B</a></h2><p>One is no row.</p>",
        "".join(f"<h2><a href={n}>B{n}</a></h2><p>{SENTENCE} {SENTENCE} {SENTENCE} {SENTENCE}</p>" for n in range(3)),
        "".join(f"<h2><a href={n}>B{n}</a></h2><p>x.</p><h3>C</h3><p>y.</p>" for n in range(3)),
    ],
)
def test_linked_headings_that_are_no_teasers(sections: str) -> None:
    """A single linked heading, or linked ones with text or headings of their own."""
    assert "B" in "".join(by_heading(f"<h1>A</h1><p>a.</p>{sections}"))


def test_what_is_cut_has_a_fate() -> None:
    """Whoever asks where a paragraph went gets an answer."""
    cut, below, teaser = Block("x"), Block("y"), Block("z")
    events = [Heading("A", 1), Heading("Related", 2), cut, Heading("C", 3), below]
    pruned(tree([*events, Heading("T", 2, linked=True), teaser, Heading("U", 2, linked=True)]))
    assert [cut.fate, below.fate, teaser.fate] == ["under the heading 'Related'"] * 2 + ["a teaser"]


def test_list_items_stand_without_blank_lines() -> None:
    """Items of a list are lines, the list itself a block."""
    blocks = [Block("x"), Block("- a", 1), Block("- b", 1), Block("- c", 2)]
    assert join_blocks(blocks) == "x\n\n- a\n- b\n\n- c"
    assert join_blocks([]) == ""


@pytest.mark.parametrize(
    ("text", "count"),
    [("a  b\n\n c", 5), ("  a ", 1), ("", 0), ("é漢😀", 3), ("\u00a0\u2003x\t", 1), ("a" + " " * 99 + "b", 3)],
)
def test_characters_are_counted_after_white_space_is_joined(text: str, count: int) -> None:
    """Indentation must not lengthen a text, and characters are code points, not bytes."""
    assert count_chars(text) == count


@pytest.mark.parametrize(
    ("html", "path"),
    [
        ("<title>Site</title><h1>A</h1>", ["Site", "A"]),
        ("<title>A</title><h1>A</h1>", ["A"]),
        ("<h1>A</h1>", ["A"]),
        ("<title>Site</title><p>Text.</p>", ["Site"]),
    ],
)
def test_the_title_leads_the_path(html: str, path: list[str]) -> None:
    """ "Introduction" alone says nothing: a lone heading stands under the title of its page, but not twice."""
    assert segments(html)[0]["header_path"] == path


def test_where_a_segment_hangs() -> None:
    """The overlap rule climbs from a segment to the one around it, also where one between was cut."""
    html = "<h1>A</h1><h2>Related articles</h2><h2>B</h2><h4>C</h4><h2>D</h2>"
    a, b, c, d = segments(html)
    assert [row["parent_segment"] for row in (a, b, c, d)] == [None, a["id"], b["id"], a["id"]]


@pytest.mark.parametrize(
    ("html", "flags"),
    [("<h2></h2>x", ["empty_header"]), ("<h2>***</h2>x", ["empty_header"]), ("<h2>1</h2>x", []), ("<h2>第一</h2>x", [])],
)
def test_headings_without_a_letter_are_flagged(html: str, flags: list[str]) -> None:
    """Ornaments are no headings; numbers and other scripts are."""
    assert segments(html)[0]["flags"] == flags


def test_an_empty_heading_further_down_flags_the_whole() -> None:
    """Any header of the segment counts (paper), not only its own."""
    assert [row["flags"] for row in segments("<h1>A</h1><h2>B</h2>b.<h3>-</h3>c.")] == [["empty_header"]] * 3


def test_how_much_of_a_segment_is_links() -> None:
    """The share of its characters in links, with those of the segments below."""
    whole, part, empty = segments("<h1>A</h1><p>One <a href=x>two</a>, and three.</p><h2>B</h2><p>Four.</p><h2>C</h2>")
    assert whole["link_share"] == round(3 / whole["n_chars"], 3)
    assert (part["link_share"], empty["link_share"]) == (0.0, 0.0)


def test_long_text_is_stored_only_in_part_and_counted_whole() -> None:
    """A page must not be stored once for each of its headings; the count still tells that it is too long."""
    row = segments(f"<h1>A</h1><p>{'word ' * 5000}</p>")[0]
    assert (len(row["text"]), row["n_chars"]) == (STORED_CHARS, 24_999)


def test_a_heading_that_was_never_closed_is_cut() -> None:
    """A heading of a megabyte was stored in the path of each segment below it."""
    rows = segments(f"<title>{'t ' * 2000}</title><h1>{'word ' * 2000}</h1><h2>B</h2>b")
    assert max(len(part) for row in rows for part in row["header_path"]) == HEADING_CHARS


@pytest.mark.parametrize("config", [TREES, DOCUMENTS, PARAGRAPHS])
@pytest.mark.parametrize(
    "columns", [{"html": "<p>no heading at all."}, {"html": "<h1"}, {"html": "   "}, {"text": " \n"}, {}]
)
def test_a_page_without_headings_is_dropped(config: SegmentConfig, columns: Row) -> None:
    """Nothing to cut at: dropped with its reason, not passed over."""
    assert [outcome.reason for outcome in outcomes(config, **columns) if isinstance(outcome, Drop)] == ["no_heading"]


def test_a_page_nested_too_deep_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing takes time with the square of the depth: 100,000 nested tags took 9 s, a megabyte of them 30 s."""
    depths = iter([DEEPEST, DEEPEST + 1])
    monkeypatch.setattr(module, "nesting", lambda html: next(depths))
    assert not isinstance(outcomes(TREES, html="<h1>A</h1>")[0], Drop)
    assert [
        (outcome.reason, outcome.value) for outcome in outcomes(TREES, html="<h1>A</h1>") if isinstance(outcome, Drop)
    ] == [("too_deep", DEEPEST + 1)]


@pytest.mark.parametrize("config", [TREES, DOCUMENTS, PARAGRAPHS])
def test_ids_do_not_depend_on_what_else_is_read(config: SegmentConfig) -> None:
    """The same page gives the same ids in every batch, and no two segments share one."""
    page = {"id": "d", "html": "<h1>A</h1><p>a.</p><h2>A</h2><p>a.</p><h2>A</h2><p>a.</p>"}
    alone = [row["id"] for row in segment(config, [page]) if not isinstance(row, Drop)]
    among = [row["id"] for row in segment(config, [{"id": "e", "html": "<h1>A</h1>"}, page]) if not isinstance(row, Drop)]
    assert (among[1:], len(set(among))) == (alone, len(among))


def test_markdown_and_html_are_cut_alike() -> None:
    """A corpus of Markdown gives the segments that the same page would give."""
    html = [row["text"] for row in segments("<h1>A</h1><p>a.</p><h2>B</h2><p>b.</p>")]
    assert [row["text"] for row in segments(text="# A\n\na.\n\n## B\n\nb.")] == html


def test_plain_text_goes_by_the_title_of_its_row() -> None:
    """A column of titles names texts that have no headings; no title is no fault."""
    assert segments(text="Some text.", title="Given")[0]["header_path"] == ["Given"]
    assert segments(text="Some text.", title=None)[0]["header_path"] == ["Some text."]


@pytest.mark.parametrize("config", [TREES, DOCUMENTS, PARAGRAPHS])
def test_what_is_known_of_the_page_goes_with_the_segment(config: SegmentConfig) -> None:
    """Licence, refusals and origin must reach the pair, whatever is cut; and all can be written."""
    known = {"warc": "a.warc", "offset": 7, "date": "2026", "license": "CC0", "opt_out": ["tdm"], "lang": "en"}
    rows = segments("<h1>A</h1><p>a.</p><h2>B</h2><p>b.</p>", config, **known)
    assert all({key: row[key] for key in known} == known for row in rows)
    assert all((row["parent"], row["url"]) == ("d", "u") for row in rows)
    to_table(rows, SEGMENT)


PAGE = f"""<title>T</title><h1>A</h1><p>{SENTENCE}</p><h2>B</h2><p>You need:</p><ul><li>oil<li>a rag</ul><p>Then begin.</p>
<ol><li>one</ol><ol><li>two</ol><h2>Related articles</h2><p>x.</p><h2>Empty</h2><h2>C</h2><p>c.</p>"""


def test_a_document_is_one_candidate() -> None:
    """The whole main text under the title of the page, without the heading that says the same, and without "Related"."""
    (row,) = segments(PAGE, DOCUMENTS)
    assert row["text"] == (
        f"{SENTENCE}\n\n#### B\n\nYou need:\n\n- oil\n- a rag\n\nThen begin.\n\n1. one\n\n1. two\n\n#### C\n\nc."
    )
    assert (row["header_path"], row["level"], row["parent_segment"], row["flags"]) == (["T"], 1, None, [])


def test_a_document_without_a_title_goes_by_its_first_heading() -> None:
    """Which then is not said again; further headings of the first level are."""
    (row,) = segments("<h2>A</h2><p>a.</p><h2>B</h2><p>b.</p>", DOCUMENTS)
    assert (row["header_path"], row["text"]) == (["A"], "a.\n\n### B\n\nb.")


def test_paragraphs_are_candidates() -> None:
    """Each on its own; a list is one, with what introduces it; another list is another."""
    rows = segments(PAGE, PARAGRAPHS)
    assert [row["text"] for row in rows] == [
        SENTENCE,
        "You need:\n\n- oil\n- a rag",
        "Then begin.",
        "1. one",
        "1. two",
        "c.",
    ]
    assert [row["header_path"] for row in rows] == [["T", "A"], *[["A", "B"]] * 4, ["A", "C"]]
    assert {row["parent_segment"] for row in rows} == {None}


def test_a_page_of_headings_alone_is_one_empty_paragraph() -> None:
    """The page was read and is answered for: the rules drop it with their reason."""
    assert texts("<h1>A</h1><h2>B</h2>", PARAGRAPHS) == [""]


def test_units_that_nobody_knows() -> None:
    """The fault names the setting."""
    with pytest.raises(UsageFault, match="unit"):
        build(SegmentConfig, [{"unit": "sentence"}])


MARKUP = "<h1> </h1> <h2> <h4>A <p> </p> <ul><li> </ul> <table><tr><td> <pre> <a> </div> <!-- <script> <title> <q".split()
PIECES = st.sampled_from([*MARKUP, "<div class=nav>", "# A\n", "```\n", "\n\n", "text ", "&amp"])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(PIECES | st.text(st.characters(exclude_categories=[]), max_size=8), max_size=30),
    st.sampled_from(["html", "text"]),
    st.sampled_from([TREES, DOCUMENTS, PARAGRAPHS]),
)
def test_any_text_is_cut_or_dropped(pieces: list[str], column: str, config: SegmentConfig) -> None:
    """Whatever a page holds, it ends in rows that can be written, or in one drop; no exception and nothing lost."""
    out = outcomes(config, **{column: "".join(pieces)})
    rows = [outcome for outcome in out if not isinstance(outcome, Drop)]
    assert rows or len(out) == 1
    to_table(rows, SEGMENT)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=5), st.integers(1, 7)), max_size=20))
def test_every_path_ends_with_its_heading(heads: list[tuple[str, int]]) -> None:
    """The path is what the backward model is told: its end is the segment's own heading, and levels rise along it."""
    nodes = tree(Heading(*head) for head in heads)
    for (heading, level), node in zip(heads, nodes, strict=True):
        assert (node.path[-1], node.level) == (heading, level)
        if node.above is not None:
            above = nodes[node.above]
            assert (above.level < level, node.path[:-1]) == (True, above.path)


TAGS = (
    "div section article main ul ol li dl dt dd table tr td th blockquote p b a span h2 h3 pre code details summary br"
).split()
ATTRIBUTES = ["", " class=sidebar", " class=widget", " id=comments", " hidden", " href=x", " role=heading", " name=x"]
OPEN = st.tuples(st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES)).map(lambda tag: f"<{tag[0]}{tag[1]}>")
CLOSE = st.sampled_from(TAGS).map(lambda tag: f"</{tag}>")
WORD = st.just("<p>@ and some more.</p>") | st.just("@ ")
TREE = st.lists(OPEN | CLOSE | WORD, max_size=40)


def numbered(pieces: list[str]) -> str:
    """A page with a heading and some prose, then `pieces`, each "@" a word of its own."""
    body = "".join(piece.replace("@", f"w{i}w") for i, piece in enumerate(pieces))
    return f"<title>T</title><h1>A</h1><div>{f'<p>{SENTENCE} {SENTENCE}</p>' * 4}</div>{body}"


PLAIN_TAGS = frozenset("html body div section article main p b blockquote dl dd ul ol li td tr tbody table".split())


def plain_paragraphs(html: str) -> list[str]:
    """The texts of all <p> that hold nothing else and stand in elements without attributes."""
    found = []
    for paragraph in LexborHTMLParser(html).css("p"):
        outer: Any = paragraph
        while outer is not None and outer.tag in PLAIN_TAGS and not outer.attributes:
            outer = outer.parent
        only = paragraph.child
        if (outer is None or not outer.is_element_node) and only is not None and only.is_text_node and only.next is None:
            found.append(" ".join(paragraph.text().split()))
    return found


def read(html: str) -> tuple[Outline, str]:
    """A page with its fates, and all that its candidates say."""
    page = outline(html)
    nodes = pruned(tree(main_text(page)))
    return page, "\n".join(text for node in nodes for text in (node.heading, markdown(node)))


@settings(deadline=None, max_examples=200)
@given(TREE)
def test_every_plain_paragraph_is_kept_or_has_a_fate(pieces: list[str]) -> None:
    """However tags are left open or closed in the wrong order, no paragraph is lost in silence."""
    html = numbered(pieces)
    page, kept = read(html)
    left_out = "\n".join(event.text for event in page.events if event.fate)
    for text in plain_paragraphs(html):
        assert text in kept or text in left_out


@settings(deadline=None, max_examples=100)
@given(TREE, st.sampled_from([TREES, DOCUMENTS, PARAGRAPHS]))
def test_any_tree_of_tags_is_cut_the_same_way_twice(pieces: list[str], config: SegmentConfig) -> None:
    """Deterministic, each id once, each parent among the rows, and paths that lead somewhere."""
    rows = segments(numbered(pieces), config)
    assert rows == segments(numbered(pieces), config)
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    assert {row["parent_segment"] for row in rows} - {None} <= set(ids)
    assert all(row["header_path"] for row in rows)


@settings(deadline=None, max_examples=100)
@given(TREE)
def test_containers_and_marks_are_nested(pieces: list[str]) -> None:
    """Each spans a part of the events, and two of them overlap only where one holds the other."""
    page = outline(numbered(pieces))
    spans = sorted(
        {*page.containers, *((mark.start, mark.end) for mark in page.marks)}, key=lambda span: (span[0], -span[1])
    )
    assert all(0 <= start < end <= len(page.events) for start, end in spans)
    open_ends = [len(page.events)]
    for start, end in spans:
        while open_ends[-1] <= start:
            open_ends.pop()
        assert end <= open_ends[-1]
        open_ends.append(end)


def test_a_segment_has_its_neighbours_beside_it() -> None:
    """The section before and the one behind, as far as wanted, with their headings; never a part of the segment itself."""
    page = "<h1>A</h1><p>a.</p><h2>B</h2><p>b.</p><h3>C</h3><p>c.</p><h2>D</h2><p>d d d.</p><h2>E</h2>"
    found = {row["header_path"][-1]: row["around"] for row in segments(page, SegmentConfig(around=6))}
    assert found == {
        "A": [],
        "B": ["A\n\na.", "D\n\nd"],
        "C": ["B\n\nb.", "D\n\nd"],
        "D": ["C\n\nc."],
        "E": ["D\n\nd"],
    }
    assert all(row["around"] is None for row in segments(page))
    to_table(segments(page, SegmentConfig(around=6)), SEGMENT)


def test_a_neighbour_is_cut_before_a_word() -> None:
    """Half of an address is not known for one when it is redacted."""
    page = "<h1>A</h1><p>a.</p><h2>B</h2><p>Ask jane.doe@gardenhose.net now.</p><h2>C</h2><p>c.</p>"
    [*_, last] = segments(page, SegmentConfig(around=20))
    assert last["around"] == ["B\n\nAsk"]
    [*_, last] = segments(page.replace("Ask jane", "问题是什么jane"), SegmentConfig(around=20))
    assert last["around"] == ["B\n\n问题是什么"], "scripts without blanks are cut where they are"


def test_the_whole_text_of_a_page() -> None:
    """For who wants an extractor: lists of links and boxes called teasers stay, menus and footers go."""
    links = "".join(f"<li><a href=/{n}>Pond number {n} of the valley</a></li>" for n in range(6))
    html = (
        "<html><head><title>Ponds</title></head><body><nav><a href=/>Home</a></nav><h1>Ponds of the valley</h1><main>"
        f"<p>{'The ponds were dug by monks. ' * 9}</p><h2>All ponds</h2><ul>{links}</ul><div class=teaser><h3>Mill pond</h3>"
        "<p>The largest of them.</p></div></main><footer>Imprint</footer></body></html>"
    )
    text = whole_text({"html": html})
    assert text.startswith("# Ponds of the valley\n\nThe ponds were dug by monks.")
    assert "## All ponds\n\n- Pond number 0 of the valley\n- Pond number 1 of the valley\n" in text
    assert text.endswith("### Mill pond\n\nThe largest of them.")
    assert whole_text({"text": "# A\n\nplain"}) == "# A\n\nplain"
