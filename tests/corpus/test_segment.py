"""Pages to segments: every heading with all that stands below it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humpback.corpus.blocks import DEEPEST_NESTING, Block, Heading
from humpback.corpus.segment import HEADING_CHARS, STORED_CHARS, count_chars, join_blocks, segment, tree
from humpback.schema import SEGMENT, Row
from humpback.stage import Drop
from humpback.store import to_table


def segments(html: str = "", **more: Any) -> list[Row]:
    out = list(segment([{"id": "d", "parent": "s", "url": "u", "html": html, **more}]))
    assert not any(isinstance(outcome, Drop) for outcome in out)
    return [outcome for outcome in out if not isinstance(outcome, Drop)]


def by_heading(html: str) -> dict[str, str]:
    return {row["header_path"][-1]: row["text"] for row in segments(html)}


def test_a_heading_owns_what_stands_below_it() -> None:
    """Nested headers: each gives a candidate of its own, the outer one with the inner ones in it."""
    found = by_heading("<h1>A</h1><p>a</p><h2>B</h2><p>b</p><h3>C</h3><p>c</p><h2>D</h2><p>d</p>")
    assert found == {"A": "a\n\n### B\n\nb\n\n#### C\n\nc\n\n### D\n\nd", "B": "b\n\n### C\n\nc", "C": "c", "D": "d"}


@pytest.mark.parametrize(
    ("levels", "paths"),
    [
        ((2, 4, 2), [["0"], ["0", "1"], ["2"]]),
        ((2, 4, 3), [["0"], ["0", "1"], ["0", "2"]]),
        ((3, 1, 2), [["0"], ["1"], ["1", "2"]]),
        ((1, 1), [["0"], ["1"]]),
        ((6, 5, 4), [["0"], ["1"], ["2"]]),
        ((1, 2, 3, 4, 5, 6), [[str(j) for j in range(i + 1)] for i in range(6)]),
    ],
)
def test_levels_that_skip(levels: tuple[int, ...], paths: list[list[str]]) -> None:
    """Pages go from h2 to h4 and begin with h3: each hangs under the nearest shallower heading, or under none."""
    assert [node.path for node in tree(Heading(str(i), level) for i, level in enumerate(levels))] == paths


def test_text_before_the_first_heading_belongs_to_nobody() -> None:
    """The teaser above the heading is not part of the answer."""
    assert by_heading("<p>teaser</p><h1>A</h1><p>a</p>") == {"A": "a"}


def test_a_heading_with_nothing_below_is_not_announced() -> None:
    """ "Related posts" whose links were left out must not stay in the answer as a bare heading."""
    assert by_heading("<h1>A</h1><p>a</p><h2>Related</h2><ul><li><a href=x>link</a></ul>")["A"] == "a"


def test_list_items_stand_without_blank_lines() -> None:
    """Items of a list are lines, the list itself a block."""
    assert join_blocks([Block("x"), Block("- a", 1), Block("- b", 1), Block("- c", 2)]) == "x\n\n- a\n- b\n\n- c"


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
    ],
)
def test_the_title_leads_the_path(html: str, path: list[str]) -> None:
    """ "Introduction" alone says nothing: a lone heading stands under the title of its page, but not twice."""
    assert segments(html)[0]["header_path"] == path


def test_where_a_segment_hangs() -> None:
    """The overlap rule climbs from a segment to the one around it."""
    outer, inner = segments("<h1>A</h1><h2>B</h2>")
    assert (outer["parent_segment"], inner["parent_segment"]) == (None, outer["id"])


@pytest.mark.parametrize(
    ("html", "flags"),
    [("<h2></h2>x", ["empty_header"]), ("<h2>***</h2>x", ["empty_header"]), ("<h2>1</h2>x", []), ("<h2>第一</h2>x", [])],
)
def test_headings_without_a_letter_are_flagged(html: str, flags: list[str]) -> None:
    """Ornaments are no headings; numbers and other scripts are."""
    assert segments(html)[0]["flags"] == flags


def test_an_empty_heading_further_down_flags_the_whole() -> None:
    """Any header of the segment counts (paper), not only its own."""
    assert [row["flags"] for row in segments("<h1>A</h1><h2>B</h2>b<h3>-</h3>c")] == [["empty_header"]] * 3


def test_long_text_is_stored_only_in_part_and_counted_whole() -> None:
    """A page must not be stored once for each of its headings; the count still tells that it is too long."""
    row = segments(f"<h1>A</h1><p>{'word ' * 5000}</p>")[0]
    assert (len(row["text"]), row["n_chars"]) == (STORED_CHARS, 24_999)


def test_a_heading_that_was_never_closed_is_cut() -> None:
    """A heading of a megabyte was stored in the path of each segment below it."""
    rows = segments(f"<title>{'t ' * 2000}</title><h1>{'word ' * 2000}</h1><h2>B</h2>b")
    assert max(len(part) for row in rows for part in row["header_path"]) == HEADING_CHARS


@pytest.mark.parametrize("html", ["<p>no heading at all</p>", "<h1", "   "])
def test_a_page_without_headings_is_dropped(html: str) -> None:
    """Nothing to cut at: dropped with its reason, not passed over."""
    assert [outcome.reason for outcome in segment([{"id": "d", "html": html}]) if isinstance(outcome, Drop)] == [
        "no_heading"
    ]


def test_a_page_nested_too_deep_is_dropped() -> None:
    """Parsing takes time with the square of the depth: 100,000 nested tags took 9 s, a megabyte of them 30 s."""
    row = {"id": "d", "html": "<h1>A</h1>" + "<div>" * (DEEPEST_NESTING + 1)}
    assert [(outcome.reason, outcome.value) for outcome in segment([row]) if isinstance(outcome, Drop)] == [
        ("too_deep", DEEPEST_NESTING + 1)
    ]


def test_ids_do_not_depend_on_what_else_is_read() -> None:
    """The same page gives the same ids in every batch, and no two segments share one."""
    page = {"id": "d", "html": "<h1>A</h1><h2>A</h2><h2>A</h2>"}
    alone = [row["id"] for row in segment([page]) if not isinstance(row, Drop)]
    among = [row["id"] for row in segment([{"id": "e", "html": "<h1>A</h1>"}, page]) if not isinstance(row, Drop)]
    assert (among[1:], len(set(among))) == (alone, 4)


def test_markdown_and_html_are_cut_alike() -> None:
    """A corpus of Markdown gives the segments that the same page would give."""
    html = [row["text"] for row in segments("<h1>A</h1><p>a</p><h2>B</h2><p>b</p>")]
    assert [row["text"] for row in segments(text="# A\n\na\n\n## B\n\nb")] == html


def test_what_is_known_of_the_page_goes_with_the_segment() -> None:
    """Licence and origin must reach the pair."""
    known = {"warc": "a.warc", "offset": 7, "date": "2026", "license": "CC0"}
    row = segments("<h1>A</h1>", **known)[0]
    assert {key: row[key] for key in known} == known


MARKUP = "<h1> </h1> <h2> <h4>A <p> </p> <ul><li> </ul> <table><tr><td> <pre> <a> </div> <!-- <script> <title> <q".split()
PIECES = st.sampled_from([*MARKUP, "<div class=nav>", "# A\n", "```\n", "\n\n", "text ", "&amp"])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(PIECES | st.text(st.characters(exclude_categories=[]), max_size=8), max_size=30),
    st.sampled_from(["html", "text"]),
)
def test_any_text_is_cut_or_dropped(pieces: list[str], column: str) -> None:
    """Whatever a page holds, it ends in rows that can be written, or in one drop; no exception and nothing lost."""
    out = list(segment([{"id": "d", "parent": "s", column: "".join(pieces)}]))
    rows = [outcome for outcome in out if not isinstance(outcome, Drop)]
    assert rows or len(out) == 1
    to_table(rows, SEGMENT)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=5), st.integers(1, 6)), max_size=20))
def test_every_path_ends_with_its_heading(heads: list[tuple[str, int]]) -> None:
    """The path is what the backward model is told: its end is the segment's own heading, and levels rise along it."""
    for (heading, level), node in zip(heads, tree(Heading(*head) for head in heads), strict=True):
        assert (node.path[-1], node.level) == (heading, level)
        assert node.above is None or (node.above.level < level and node.path[:-1] == node.above.path)
