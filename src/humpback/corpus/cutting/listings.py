"""Code: one line for each line that a page shows, indented as it is, without the numbers in the gutter."""

import re
from functools import lru_cache

from humpback.corpus.cutting.nodes import Node, full_text, is_hidden

_GUTTER = re.compile(
    r"(?:^|[\s_-])(?:gutter|linenos?|linenums?|line-?num(?:ber)?s?|line-?no|lnt|ln|lnum|blob-num|ln-n|ln-numbers|linenodiv"
    r"|line-numbers-rows|gl|react-line-number|CodeMirror-linenumber)(?:$|[\s_-])",
    re.IGNORECASE,
)
_UNSELECTABLE = re.compile(r"user-select\s*:\s*none", re.IGNORECASE)
_NO_NUMBER = re.compile(r"[^\W\d_]")
# Highlighters that show code by lines in tables or boxes, without <pre>.
_LISTING = re.compile(
    r"(?:^|\s)(?:syntaxhighlighter|blob-wrapper|js-file-line-container|hljs-ln|crayon-table|code-?table|highlighttable|lntable"
    r"|rouge-table|dp-highlighter|highlight)(?:$|\s)",
    re.IGNORECASE,
)
_LINES = ".blob-code, .code, .line, .hljs-ln-line, .crayon-line, .lines, code"
_SPACES = str.maketrans({"\xa0": " ", "\u200b": None, "\ufeff": None})


@lru_cache(maxsize=50_000)
def names_code(names: str) -> bool:
    """Whether an element is called as highlighters call what shows code."""
    return _LISTING.search(names) is not None


def is_listing(node: Node, names: str) -> bool:
    """Whether the element called `names` shows code without <pre>, line by line."""
    return names_code(names) and node.css_first("pre") is None and node.css_first(_LINES) is not None


def listing_text(node: Node) -> str:
    """The code below `node`; empty if it is nothing but the numbers of lines."""
    lines = full_text(node, "\n", _is_no_code).translate(_SPACES).split("\n")
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    return "" if is_numbering(text) else text


def is_numbering(text: str) -> bool:
    """Whether `text` is the gutter of a listing: numbers that count on by one, each on a line of its own."""
    numbers = text.split()
    if len(numbers) < 2 or not all(number.isdecimal() and len(number) < 7 for number in numbers):
        return False
    first = int(numbers[0])
    return first in (0, 1) and [int(number) for number in numbers] == list(range(first, first + len(numbers)))


def _is_no_code(node: Node) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    if is_hidden(attributes):
        return True
    names = attributes.get("class") or ""
    if _GUTTER.search(names) or "data-line-number" in attributes or _UNSELECTABLE.search(attributes.get("style") or ""):
        return _NO_NUMBER.search(node.text(deep=True)) is None
    return False
