"""Where a page's walk begins: below the smallest element that holds the title and nearly all prose."""

import time
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.prose import LEAST_CHARS, PROSE_CHARS, ancestors, around, prose_root

PARAGRAPH = "<p>" + "The chain is cleaned with a dry rag before it is oiled. " * 4 + "</p>"
ARTICLE = PARAGRAPH * 4


def root(html: str) -> str:
    """The id of the root, or its tag."""
    node: Any = prose_root(LexborHTMLParser(html))[0]
    return str(node.attributes.get("id") or node.tag)


@pytest.mark.parametrize(
    ("html", "where"),
    [
        (f"<div id=a><div id=b>{ARTICLE}</div></div>", "b"),
        (f"<div id=a><div id=b>{PARAGRAPH * 3}</div><div id=c>{PARAGRAPH * 3}</div></div>", "a"),
        (f"<div id=a>{ARTICLE * 6}</div><div id=b>{PARAGRAPH}</div>", "a"),
        (f"<div id=a><h1>A</h1><div id=b>{ARTICLE}</div></div>", "a"),
        (f"<h1>Logo</h1><div id=a><div id=b><h1>A</h1>{ARTICLE}</div></div>", "b"),
        (f"<h1>A</h1><div id=b>{ARTICLE}</div>", "body"),
        (f"<div id=a>{'A line of verse that goes on and on.<br>' * 20}</div>", "a"),
        (f"<div id=a>{ARTICLE}</div><aside id=b>{ARTICLE * 3}</aside>", "a"),
        (f"<div id=a>{ARTICLE}</div><div id=b class=sidebar>{ARTICLE * 3}</div>", "a"),
        (f"<div id=a>{ARTICLE}</div><div class=comments><div id=b>{ARTICLE * 3}</div></div>", "a"),
        (f"<div id=a class=widget>{ARTICLE}</div>", "a"),
        (f"<form id=a>{ARTICLE}</form>", "body"),
        (f"<div id=a>{PARAGRAPH}</div>", "body"),
        ("<p>short</p>" * 500, "body"),
        ("", "body"),
        (f"<body class=sidebar><div id=a>{ARTICLE}</div>", "a"),
    ],
)
def test_the_smallest_element_with_title_and_prose(html: str, where: str) -> None:
    """Menus and footers are never walked; stray paragraphs, furniture and short ones do not widen the walk."""
    assert root(html) == where


def test_how_much_prose_a_root_needs() -> None:
    """A page with little in paragraphs may have its text in bare <div>s."""
    enough = f"<p>{'x' * PROSE_CHARS}</p>" * -(-LEAST_CHARS // PROSE_CHARS)
    assert root(f"<div id=a>{enough}</div>") == "a"
    assert root(f"<div id=a>{enough.replace('<p>x', '<p>', 1)}</div>") == "body"


def test_elements_around() -> None:
    """Inner ones first, up to the root and not the document; and each address once."""
    page: Any = LexborHTMLParser("<div><b>x</b><i>y</i></div>")
    assert [node.tag for node in ancestors(page.css_first("b"))] == ["b", "div", "body", "html"]
    assert len(around(page.css("b, i"))) == 5


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 2_000 + f"<div>{PARAGRAPH}</div>" * 1_000,
        "<div>" * 2_000 + "<h1>x</h1>" * 2_000 + "</div>" * 2_000 + f"<div>{ARTICLE}</div>",
        "<div><br>" * 2_000 + "x " * 100_000,
    ],
)
def test_no_element_is_visited_for_each_paragraph_below(html: str) -> None:
    """Depth times paragraphs: a page of 600 kB took ten seconds."""
    page = LexborHTMLParser(html)
    began = time.process_time()
    prose_root(page)
    assert time.process_time() - began < 4
