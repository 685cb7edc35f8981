"""Headings: links to themselves and permalink signs are no part of them, and make no teasers of their sections."""

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.headings import aria_level, heading_of


def node(html: str, selector: str) -> Any:
    return LexborHTMLParser(html).css_first(selector)


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
    "html",
    [
        "<h2 id=ice>How thick is safe ice?<a class=headerlink href='#ice' title='Link to this heading'>¶</a></h2>",
        "<h2 id=ice><a class=header href='#ice'>How thick is safe ice?</a></h2>",
        "<h2 id=ice>How thick is safe ice?<a href='#ice' class=hash-link aria-label='Direct link'>\u200b</a></h2>",
        "<h2 id=ice><a href='#ice'>#</a> How thick is safe ice?</h2>",
        "<h2 id=ice>How thick is safe ice? <a href='#ice'>Link to this heading</a></h2>",
        "<h2 id=ice>How thick is safe ice?<a href='https://ice.example/winter.html#ice'>🔗</a></h2>",
        "<h2><a id=ice href='/winter#ice' class=anchor></a>How thick is safe ice?</h2>",
        "<section id=ice><h2>How thick is safe ice?<a href='winter.html#ice'>§</a></h2></section>",
        "<h2>How thick is safe ice?<a href=''>¶</a></h2>",
        "<h2 id=ice>How thick is safe ice?<button>Copy</button><span class=sr-only>opens a menu</span></h2>",
        "<h2>How thick is safe ice? <span class=mw-editsection>[edit]</span></h2>",
    ],
)
def test_permalinks(html: str) -> None:
    """Sphinx, mdBook, MDN, Docusaurus, Hugo, GitHub: the sections of whole sites fell as teasers."""
    heading = heading_of(node(html, "h2"), in_link=False)
    assert (heading.text, heading.linked) == ("How thick is safe ice?", False)


@pytest.mark.parametrize(
    ("html", "text", "linked"),
    [
        ("<h2><a href='/ice'>Thin ice on the lake</a></h2>", "Thin ice on the lake", True),
        ("<h2><a href='ice.html#comments'>Thin ice</a></h2>", "Thin ice", True),
        ("<h2 id=s2><a href='#s2'>2.</a> <a href='#name-ice'>Ice</a></h2>", "2. Ice", False),
        ("<h2 id=ice><a href='#ice'>1.2</a> Ice</h2>", "1.2 Ice", False),
        ("<h2><button aria-expanded=false>Does salt help?</button></h2>", "Does salt help?", False),
        ("<h2 id=ice><a href='#ice'>Ice</a> on the lake</h2>", "Ice on the lake", False),
        ("<h2>The <a href='#opt'><code>--salt</code></a> option</h2>", "The --salt option", False),
        ("<h2><a class=toc-backref href='#id3'>Ice</a><a class=headerlink href='#ice'>¶</a></h2>", "Ice", False),
        ("<h2><span>Ice</span><span class=mw-editsection>[<a href='/edit'>編集</a>]</span></h2>", "Ice", True),
    ],
)
def test_other_links(html: str, text: str, linked: bool) -> None:
    """A heading that leads to another page is a teaser's; a number that links to itself is a number."""
    heading = heading_of(node(html, "h2"), in_link=False)
    assert (heading.text, heading.linked) == (text, linked)
