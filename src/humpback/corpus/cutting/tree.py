"""HTML to the tree of what its reader sees: what a page shows in ways of its own is put into plain markup first.

Each mending is asked for by signs in the source, so that the pages without such things, nearly all, pay a search for a word.
"""

import re
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting import disclosure, formulas, ruby, shadow

_SURROGATE = re.compile("[\ud800-\udfff]")
_MENDED: list[tuple[tuple[str, ...], Callable[[LexborHTMLParser], None]]] = [
    ((shadow.SIGN,), shadow.fill_slots),
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
