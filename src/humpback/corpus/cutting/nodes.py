"""Single nodes of a parsed page: their text, whether they are seen, and the parser's numbers for tags."""

import re
from collections.abc import Callable
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.furniture import Strength, strength_of
from humpback.corpus.cutting.notes import is_note, picture_of_formula, small_print

# A LexborNode. Its stubs call every neighbour optional, and asking again at every step would cost as much as the step.
Node = Any

SKIPPED_ROLES = frozenset(
    "navigation banner contentinfo complementary search dialog alertdialog menu menubar toolbar tooltip status".split()
)
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_UNSEEN = frozenset("script style template noscript svg button select textarea".split())
# They stand on lines of their own, in code and in cells alike.
_BLOCKS = frozenset("p div li tr dt dd h1 h2 h3 h4 h5 h6 blockquote section article ul ol dl table pre figure".split())
# What screen readers are told in place of a drawn sign ("22/7").
_SIGNS = re.compile(r"[^\w\s]")


def is_hidden(attributes: dict[str, str | None]) -> bool:
    """Whether no reader sees the element, or its role says that it is no content."""
    # "until-found" is shown to whoever searches the page for it (HTML Standard, 6.1).
    if (
        attributes.get("hidden", "until-found") != "until-found"
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") in SKIPPED_ROLES
    ):
        return True
    style = attributes.get("style")
    return style is not None and _INVISIBLE.search(style) is not None


# A list of so many links with this share of its text in them is a menu, whatever its items are.
MENU_LEAST, MENU_LINKS = 3, 0.9


def is_unseen(node: Node) -> bool:
    """Whether a part of a heading or a cell is hidden, or there for screen readers alone."""
    attributes = node.attributes
    if not attributes:
        return False
    return is_hidden(attributes) or is_for_machines(node, attributes.get("class"))


def is_for_machines(node: Node, names: str | None) -> bool:
    """Whether the names of an element say that no eye sees it; a sign in place of a drawn one belongs to the text."""
    return bool(names) and strength_of(names or "") is Strength.SURE and not _SIGNS.fullmatch(node.text(deep=True).strip())


def inline_text(node: Node) -> str:
    """The text below `node` in one line, blocks parted by a blank; a button's only where there is no other."""
    only = node.child
    if only is not None and only.next is None and only.tag_id == TEXT:
        return " ".join(only.text_content.replace("\u200b", "").split())
    text = " ".join(full_text(node, " ").replace("\u200b", "").split())
    if not text and (button := node.css_first("button")) is not None and button.mem_id != node.mem_id:
        return inline_text(button)
    return text


def full_text(node: Node, line_break: str, unseen: Callable[[Node], bool] = is_unseen) -> str:
    """All text below `node` that a reader sees; <br> and the ends of blocks are `line_break`.

    Items of a list in one line are parted by semicolons.
    """
    parts: list[str] = []
    # Nodes, and behind what is in a block how it ends: a text, or how many parts stood before it.
    stack: list[Any] = [node.child]
    while stack:
        here = stack.pop()
        if isinstance(here, int):
            _end_line(parts, line_break, is_empty=len(parts) == here)
        elif isinstance(here, str):
            parts.append(here)
        elif here is not None:
            stack.append(here.next)
            if here.is_text_node:
                if line_break == " " or not _is_between_lines(here):
                    parts.append(here.text_content or "")
            elif here.tag == "br":
                parts.append(line_break)
            elif not here.is_element_node or here.tag in _UNSEEN or unseen(here) or (here.tag == "a" and is_note(here)):
                continue
            elif here.tag in ("sup", "sub"):
                parts.append(small_print(here, parts))
            elif here.tag == "img":
                parts.append(picture_of_formula(here))
            else:
                if here.tag in _BLOCKS:
                    _end_line(parts, line_break, is_empty=False)
                    stack.append("; " if here.tag == "li" and line_break == " " and _has_next(here) else len(parts))
                stack.append(here.child)
    return "".join(parts)


def _is_between_lines(text: Node) -> bool:
    """Whether white space stands between two lines of code that are blocks: it is no third line."""
    return text.prev is not None and text.prev.tag in _BLOCKS and text.is_empty_text_node


def _end_line(parts: list[str], line_break: str, is_empty: bool) -> None:
    if is_empty or (parts and not parts[-1].endswith(line_break)):
        parts.append(line_break)


def _has_next(node: Node) -> bool:
    following = node.next
    while following is not None and not following.is_element_node:
        following = following.next
    return following is not None


def text_of_links(node: Node) -> tuple[str, int]:
    """The text of a list that is a menu, and how much of it is links; empty for another list."""
    links = node.css("a")
    if len(links) < MENU_LEAST:
        return "", 0
    text = " ".join(node.text(deep=True).split())
    link_chars = sum(len(link.text(deep=True).strip()) for link in links)
    return (text, link_chars) if link_chars + len(links) >= MENU_LINKS * len(text) else ("", 0)


def outermost(page: Any, selector: str) -> list[Node]:
    """What `selector` finds on a page that stands in no other of its kind, each once, in document order."""
    inner: set[int] = set()
    found = []
    for node in page.css(selector):
        if node.mem_id not in inner:
            # A search from a node finds the node itself too, and one by several selectors a node several times.
            inner.update(each.mem_id for each in node.css(selector))
            inner.add(node.mem_id)
            found.append(node)
    return found


def tag_ids(tags: str) -> dict[str, int]:
    """The parser's numbers for `tags`: faster to compare than names, and other ones in another version."""
    page: Any = LexborHTMLParser("<body></body>")
    return {tag: page.create_node(tag).tag_id for tag in tags.split()}


_PARAGRAPH: Any = LexborHTMLParser("<p>text").css_first("p")
TEXT: int = _PARAGRAPH.child.tag_id
