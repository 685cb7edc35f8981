"""HTML to a flat list of headings and blocks, in document order, each with what is known of where it stands.

What a page shows to nobody (scripts, drawings, menus) is left out; what its names call furniture is marked, and `main_text`
decides. The tree is freed before the next page.
"""

from humpback.corpus.cutting.nodes import inline_text
from humpback.corpus.cutting.page import Outline
from humpback.corpus.cutting.prose import around, prose_root
from humpback.corpus.cutting.threads import posts
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
        thread = [] if whole else posts(parser, words)
        if thread:
            walk.thread(parser, thread)
        else:
            walk.run(parser.body if whole else root)
    return walk.outline
