"""Headings: their words without the links to themselves that documentation tools put there, and their level."""

import re

from humpback.corpus.cutting.nodes import Node, full_text, inline_text, is_unseen, tag_ids
from humpback.corpus.cutting.page import Heading

_EDIT_LINK = re.compile(r"\s*\[(edit|bearbeiten|modifier|editar|modifica|bewerken|edytuj)\b[^\[\]]*\]$", re.IGNORECASE)
_LEVELS = {number: int(tag[1]) for tag, number in tag_ids("h1 h2 h3 h4 h5 h6").items()}
_ABOUT_ITSELF = re.compile(
    r"(?:permalink|permanent link|anchor|(?:direct |copy )?link (?:to|for)\b|(?:copy|share) (?:this )?link|link$|"
    r"section titled|navigate to|direktlink|lien permanent|enlace)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
# The ids that a link to a heading may have for its target stand no further above it.
WRAPPERS = 3


def heading_of(node: Node, in_link: bool) -> Heading:
    """The heading that `node` is; it is linked if a link in or around it leads off the page."""
    links = node.css("a[href]") if node.css_first("a[href]") is not None else []
    away = [link for link in links if not is_within(link)]
    level = _LEVELS.get(node.tag_id) or aria_level(node)
    return Heading(_EDIT_LINK.sub("", _words(node, links)), level, in_link or bool(away))


def is_within(link: Node) -> bool:
    """Whether a link leads to its own page."""
    target = (link.attributes.get("href") or "").strip()
    return not target or target.startswith(("#", "javascript:")) or _targets(link, target.partition("#")[2])


def _targets(link: Node, name: str) -> bool:
    """Whether the element `name` is the link or stands around it."""
    node = link
    for _ in range(WRAPPERS):
        if not name or node is None or not node.is_element_node:
            return False
        if name in (node.attributes.get("id"), node.attributes.get("name")):
            return True
        node = node.parent
    return False


def _words(node: Node, links: list[Node]) -> str:
    """The text of a heading without the signs that lead to itself, unless there is nothing else."""
    signs = {link.mem_id for link in links if is_within(link) and _is_sign(link)}
    if signs:
        text = " ".join(full_text(node, " ", lambda part: part.mem_id in signs or is_unseen(part)).split())
        if _LETTER.search(text):
            return text.replace("\u200b", "").strip()
    return inline_text(node)


def _is_sign(link: Node) -> bool:
    """Whether a link shows a sign, or words about itself."""
    text = " ".join(link.text(deep=True).replace("\u200b", "").split())
    return not any(c.isalnum() for c in text) or _ABOUT_ITSELF.match(text) is not None


def aria_level(node: Node) -> int:
    """The level of an element whose role is heading: 2 unless it says another, and 6 at most (WAI-ARIA 1.2)."""
    level = node.attributes.get("aria-level") or "2"
    return int(level) if level in "123456" and len(level) == 1 else 6 if level.isdecimal() and level.strip("0") else 2
