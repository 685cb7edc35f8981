"""HTML to the tree of what its reader sees: what a page shows in ways of its own is put into plain markup first.

Each mending is asked for by signs in the source, so that the pages without such things, nearly all, pay a search for a word.
"""

import re
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting import disclosure, formulas, ruby, shadow

_SURROGATE = re.compile("[\ud800-\udfff]")
# Prose for readers without scripts is shown from so many characters on.
FALLBACK_CHARS = 500


def _open_fallback(page: LexborHTMLParser) -> None:
    """Show what stands there for readers without scripts (all posts, in Discourse), where most prose of the page does."""
    for fallback in page.css("body noscript"):
        said = sum(len(paragraph.text(deep=True)) for paragraph in fallback.css("p"))
        if said >= FALLBACK_CHARS and 2 * said > sum(len(paragraph.text(deep=True)) for paragraph in page.css("p")):
            fallback.unwrap()


_MENDED: list[tuple[tuple[str, ...], Callable[[LexborHTMLParser], None]]] = [
    ((shadow.SIGN,), shadow.fill_slots),
    (("<noscript",), _open_fallback),
    (formulas.SIGNS, formulas.write_formulas),
    (ruby.SIGNS, ruby.bracket_readings),
    (disclosure.SIGNS, disclosure.open_panels),
]


def parsed(html: str) -> LexborHTMLParser:
    """The tree of `html`. Never raises on markup: lexbor mends it as a browser would."""
    source = shadow.opened(html) if shadow.SIGN in html else html
    try:
        page = LexborHTMLParser(source)
    except UnicodeEncodeError:
        page = LexborHTMLParser(_SURROGATE.sub("\ufffd", source))
    for signs, mend in _MENDED:
        if any(sign in html for sign in signs):
            mend(page)
    return page
