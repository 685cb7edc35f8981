"""Single nodes of a parsed page: their text, whether they are seen, and the parser's numbers for tags."""

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser

# A LexborNode. Its stubs call every neighbour optional, and asking again at every step would cost as much as the step.
Node = Any

SKIPPED_ROLES = frozenset(
    "navigation banner contentinfo complementary search dialog alertdialog menu menubar toolbar tooltip alert status".split()
)
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# Short rows of a table are filled up, but to no more cells: one wide row would else make each of many as long.
MOST_FILLED = 50
_UNSEEN = frozenset("script style template noscript svg".split())


def is_hidden(attributes: dict[str, str | None]) -> bool:
    """Whether no reader sees the element, or its role says that it is no content."""
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or attributes.get("role") in SKIPPED_ROLES:
        return True
    style = attributes.get("style")
    return style is not None and _INVISIBLE.search(style) is not None


def aria_level(node: Node) -> int:
    """The level of an element whose role is heading: 2 unless it says another, and 6 at most (WAI-ARIA 1.2)."""
    level = node.attributes.get("aria-level") or "2"
    return int(level) if level in "123456" and len(level) == 1 else 6 if level.isdecimal() and level.strip("0") else 2


def inline_text(node: Node) -> str:
    """The text below `node` in one line."""
    only = node.child
    if only is not None and only.next is None and only.tag_id == TEXT:
        return " ".join(only.text_content.replace("\u200b", "").split())
    return " ".join(full_text(node, " ").replace("\u200b", "").split())


def full_text(node: Node, line_break: str) -> str:
    """All text below `node`; what no reader sees (scripts, drawings) is left out, and <br> is `line_break`."""
    parts: list[str] = []
    stack = [node.child]
    while stack:
        here = stack.pop()
        if here is None:
            continue
        stack.append(here.next)
        if here.is_text_node:
            parts.append(here.text_content or "")
        elif here.tag == "br":
            parts.append(line_break)
        elif here.is_element_node and here.tag not in _UNSEEN:
            stack.append(here.child)
    return "".join(parts)


def table_text(node: Node) -> tuple[str, int]:
    """A data table as Markdown, its first row the head, after its caption; and how many of its characters are links."""
    rows = [[inline_text(cell).replace("|", "\\|") for cell in row.css("th, td")] for row in node.css("tr")]
    rows = [row for row in rows if any(row)]
    if not rows:
        return "", 0
    width = max(len(row) for row in rows)
    rows[0] += [""] * (width - len(rows[0]))
    lines = [f"| {' | '.join(row + [''] * (min(width, MOST_FILLED) - len(row)))} |" for row in rows]
    lines.insert(1, f"|{' --- |' * width}")
    caption = node.css_first("caption")
    title = inline_text(caption) if caption is not None else ""
    return "\n".join([*([title, ""] if title else []), *lines]), sum(len(inline_text(link)) for link in node.css("a"))


def tag_ids(tags: str) -> dict[str, int]:
    """The parser's numbers for `tags`: faster to compare than names, and other ones in another version."""
    page: Any = LexborHTMLParser("<body></body>")
    return {tag: page.create_node(tag).tag_id for tag in tags.split()}


_PARAGRAPH: Any = LexborHTMLParser("<p>text").css_first("p")
TEXT: int = _PARAGRAPH.child.tag_id
