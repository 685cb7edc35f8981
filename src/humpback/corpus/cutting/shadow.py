"""Declarative shadow roots (HTML Standard, 4.12.3): parts of a page that a browser shows without any script."""

import re

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.nodes import Node

SIGN = "shadowrootmode"
_TEMPLATE = re.compile(r"<(/?)template\b([^<>]*)>", re.IGNORECASE)
_ROOT = "data-humpback-shadow"
# What stands in a slot is copied there, once for each root around it: so many characters at most, on a page.
MOST_COPIED = 20_000_000


def opened(html: str) -> str:
    """`html` with its shadow roots as ordinary elements, which `fill_slots` looks for once it is parsed."""
    out: list[str] = []
    roots: list[bool] = []
    at = 0
    for tag in _TEMPLATE.finditer(html):
        is_root = not tag[1] and SIGN in tag[2].lower()
        if not tag[1]:
            roots.append(is_root)
        elif roots:
            is_root = roots.pop()
        if is_root:
            out += [html[at : tag.start()], "</div>" if tag[1] else f"<div {_ROOT}>"]
            at = tag.end()
    return "".join([*out, html[at:]])


def fill_slots(page: LexborHTMLParser) -> None:
    """Put what stands in an element beside its shadow root where the root has a slot for it; the rest is never shown."""
    left = MOST_COPIED
    # The inner ones first: what is copied into an outer one has its slots filled by then.
    for root in reversed(page.css(f"div[{_ROOT}]")):
        beside = _beside(root)
        left -= sum(len(node.html or "") for node in beside)
        if left < 0:
            return
        slots = {slot.attributes.get("name") or "": slot for slot in reversed(root.css("slot"))}
        filled = set()
        for node in beside:
            name = (node.attributes.get("slot") or "") if node.is_element_node else ""
            if name in slots:
                slots[name].insert_before(node)
                filled.add(name)
            node.remove()
        for name in filled:
            slots[name].remove()


def _beside(root: Node) -> list[Node]:
    nodes = []
    node = root.next
    while node is not None:
        if node.is_element_node or not node.is_empty_text_node:
            nodes.append(node)
        node = node.next
    return nodes
