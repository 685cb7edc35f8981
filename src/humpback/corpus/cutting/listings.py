"""Code: one line for each line that a page shows, indented as it is, without the numbers in the gutter."""

import re
from functools import lru_cache
from itertools import islice

from humpback.corpus.cutting.nodes import Node, full_text, is_hidden
from humpback.corpus.cutting.prose import ancestors

_GUTTER = re.compile(
    r"(?:^|[\s_-])(?:gutter|linenos?|linenums?|line-?num(?:ber)?s?|lines?-num|line-?no|lnt|ln|lnum|blob-num|ln-n|ln-numbers"
    r"|linenodiv|line-numbers-(?:rows|wrapper)|gl|react-line-number|CodeMirror-(?:linenumber|gutter\S*)|crayon-nums?"
    r"|pre-numbering|cm-gutter\S*)(?:$|[\s_-])",
    re.IGNORECASE,
)
_UNSELECTABLE = re.compile(r"user-select\s*:\s*none", re.IGNORECASE)
_NO_NUMBER = re.compile(r"[^\W\d_]")
_TOOLBAR = re.compile(r"(?:^|\s)(?:toolbar|copy\S*|btn-copy)(?:$|\s)")
# Highlighters that show code by lines in tables or boxes, without <pre>.
_LISTING = re.compile(
    r"(?:^|\s)(?:syntaxhighlighter|blob-wrapper|js-file-line-container|hljs-ln|crayon-table|code-?table|highlighttable|lntable"
    r"|rouge-table|dp-highlighter|dp-\w+|fragment|react-code-lines|CodeMirror-code|cm-content|code-view|file-view|highlight)"
    r"(?:$|\s)",
    re.IGNORECASE,
)
_LINES = ".blob-code, .code, .line, .hljs-ln-line, .crayon-line, .lines, .lines-code, .react-code-line, .cm-line, code, li"
_PROSE = "p, h1, h2, h3, h4, h5, h6"
# A row of a table is looked for no further around its <pre>.
ROW_DEPTH = 6
# So many boxes of code may stand in each other, among so many elements around the innermost.
NESTED, AROUND = 6, 60
_SPACES = str.maketrans({"\xa0": " ", "\u200b": None, "\ufeff": None})


@lru_cache(maxsize=50_000)
def names_code(names: str) -> bool:
    """Whether an element is called as highlighters call what shows code, or the numbers beside it."""
    return _LISTING.search(names) is not None or _GUTTER.search(names) is not None


def is_listing(node: Node, names: str) -> bool:
    """Whether the element called `names` shows code without <pre>, line by line."""
    # Themes call boxes of text so.
    if _LISTING.search(names) is None or ("highlight" in names.split() and node.tag != "table"):
        return False
    # What is looked for below boxes in boxes costs the square of their depth; no highlighter nests so.
    around = (outer.attributes.get("class") or "" for outer in islice(ancestors(node), AROUND))
    if sum(_LISTING.search(each) is not None for each in around) > NESTED:
        return False
    if node.css_first(_PROSE) is not None or node.css_first(_LINES) is None:
        return False
    # Editors make a <pre> of each line.
    return node.css_first("pre") is None or "CodeMirror-code" in names


def is_gutter_box(node: Node, names: str) -> bool:
    """Whether an element outside of code holds its numbers."""
    return _GUTTER.search(names) is not None and _is_numbers(node.text(deep=True))


def is_gutter(node: Node) -> bool:
    """Whether a <pre> holds the numbers of the lines of another one, in the same row of a table."""
    if not _is_numbers(node.text(deep=True)):
        return False
    row = next((outer for outer in islice(ancestors(node), ROW_DEPTH) if outer.tag == "tr"), None)
    return row is not None and len(row.css("pre")) > 1


def _is_numbers(text: str) -> bool:
    return all(number.isdecimal() for number in text.split())


def listing_text(node: Node) -> str:
    """The code below `node`; empty where it is a gutter."""
    if is_gutter_box(node, node.attributes.get("class") or ""):
        return ""
    lines = full_text(node, "\n", _is_no_code).translate(_SPACES).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _is_no_code(node: Node) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    if is_hidden(attributes):
        return True
    names = attributes.get("class") or ""
    if _TOOLBAR.search(names):
        return True
    if (
        _GUTTER.search(names)
        or "data-line-number" in attributes
        or "data-nosnippet" in attributes
        or _UNSELECTABLE.search(attributes.get("style") or "")
    ):
        return _NO_NUMBER.search(node.text(deep=True)) is None
    return False
