"""HTML to the tree of what its reader sees: what a page shows in ways of its own is put into plain markup first."""

import re

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting import formulas, ruby, shadow

_SURROGATE = re.compile("[\ud800-\udfff]")
# Few pages have one of these: they are looked for all at once, since each search takes as long as a tenth of the walk.
_RARE = f"template[{shadow.SIGN}], {formulas.SIGNS}, rt"


def parsed(html: str) -> LexborHTMLParser:
    """The tree of `html`. Never raises on markup: lexbor mends it as a browser would."""
    page = _tree(html)
    rare = {node.tag for node in page.css(_RARE)}
    if "template" in rare:
        page = _tree(shadow.opened(html))
        shadow.fill_slots(page)
        rare = {node.tag for node in page.css(_RARE)}
    if "rt" in rare:
        ruby.bracket_readings(page)
    if rare - {"rt", "template"}:
        formulas.write_formulas(page)
    return page


def _tree(html: str) -> LexborHTMLParser:
    try:
        return LexborHTMLParser(html)
    except UnicodeEncodeError:
        return LexborHTMLParser(_SURROGATE.sub("\ufffd", html))
