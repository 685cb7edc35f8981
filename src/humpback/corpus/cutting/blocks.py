"""HTML to a flat list of headings and blocks, in document order, each with what is known of where it stands.

What a page shows to nobody (scripts, drawings, menus) is left out; what its names call furniture is marked, and `main_text`
decides. The tree is freed before the next page.
"""

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.headings import heading_of
from humpback.corpus.cutting.nodes import inline_text
from humpback.corpus.cutting.page import Heading, Outline
from humpback.corpus.cutting.prose import around, prose_root
from humpback.corpus.cutting.threads import Thread, thread_of
from humpback.corpus.cutting.tree import parsed
from humpback.corpus.cutting.walk import Walk
from humpback.text.scripts import density

_CONTENT = 'h1, main, [itemprop="articleBody"]'


def outline(html: str, whole: bool = False, complete: bool = False) -> Outline:
    """The headings and blocks of `html`. Never raises on markup: lexbor mends it as a browser would.

    With `whole` the page is walked from its body, and what is never read (menus, hidden elements, small furniture) is
    listed too, with its fate: to explain, not to extract. With `complete` lists of links are read as they stand.
    """
    parser = parsed(html)
    title = parser.css_first("head title") or parser.css_first("title")
    # The addresses of all elements that are or hold the page's title or main element.
    walk = Walk(frozenset(around(parser.css(_CONTENT))), whole)
    walk.outline.title = inline_text(title) if title else ""
    walk.outline.complete = complete
    walk.outline.density = density(walk.outline.title)
    if parser.body is not None:
        root, words = prose_root(parser, walk.outline.density)
        thread = None if whole else thread_of(parser, words, has_prose=root.tag != "body")
        if thread is not None:
            _read_posts(walk, parser, thread)
        else:
            walk.run(parser.body if whole else root)
    return walk.outline


def _read_posts(walk: Walk, page: LexborHTMLParser, thread: Thread) -> None:
    """The first post under the page's title, each other one by itself; where nobody asks, all of them."""
    title = page.css_first("h1") or page.css_first("h2")
    question = (heading_of(title, False).text if title is not None else "") or walk.outline.title
    walk.outline.is_thread = True
    walk.outline.events.append(Heading(question, 1))
    for i, post in enumerate(thread.posts):
        if i or not thread.asks:
            walk.flush()
            walk.outline.events.append(Heading(question, 2, silent=True))
        walk.run(post)
