"""HTML or Markdown to a flat list of headings and blocks, in document order.

The lexbor tree is walked over child and next without recursion, so that depth cannot exhaust the stack. Landmarks that
are not content (nav, aside, footer, forms), elements named like furniture, and blocks that are mostly links are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLANKS = re.compile(r"[ \t\r\n\f\u00a0]+")
SKIPPED = frozenset(
    """
    script style noscript template svg math form nav aside footer iframe object button select input textarea head
    dialog canvas audio video map menu
    """.split()
)
SKIPPED_ROLES = frozenset(
    ["navigation", "banner", "contentinfo", "complementary", "search", "dialog", "menu", "menubar", "alert"]
)
FURNITURE = frozenset(
    """
    breadcrumb breadcrumbs cookie cookies newsletter subscribe share sharing social socials related sidebar navbar nav
    navigation menu footer pagination pager promo advert advertisement ads banner skip copyright legal comments
    """.split()
)
BLOCKS = frozenset(
    """
    p div section article main header address figure figcaption details summary fieldset center hgroup td th tr tbody
    thead tfoot table caption body html dl hr li ul ol blockquote pre dt dd search
    """.split()
)
HEADINGS = {f"h{i}": i for i in range(1, 7)}
# Blocks that hold nothing else are the labels of furniture.
LABELS = frozenset(
    (
        "advertisement",
        "advert",
        "sponsored",
        "continue reading",
        "read more",
        "share",
        "share this",
        "related topics",
        "back to top",
    )
)
_EDIT_LINK = re.compile(r"\s*\[(edit|edit source|bearbeiten|modifier)\]$", re.IGNORECASE)
_COLOPHON = re.compile(r"(©|\(c\) ?\d{4}|copyright\b.{0,40}\d{4}|all rights reserved)", re.IGNORECASE)
_LAYOUT = "h1,h2,h3,h4,h5,h6,table,p,ul,ol,pre,div"


@dataclass(frozen=True)
class Heading:
    text: str
    level: int


@dataclass(frozen=True)
class Block:
    """A paragraph, list item, table, or code block as Markdown; items of one list share `list_id`."""

    text: str
    list_id: int | None = None


@dataclass(frozen=True)
class Page:
    title: str
    events: list[Heading | Block]


@dataclass
class _Walk:
    """Where the walk stands: text gathered since the last block, and the lists and quotes that are open."""

    events: list[Heading | Block] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    link_chars: int = 0
    links_open: int = 0
    lists: list[list[int | str]] = field(default_factory=list)
    quotes: int = 0
    marker: str = ""
    list_count: int = 0
    list_id: int | None = None

    def say(self, text: str) -> None:
        self.words.append(text)
        if self.links_open:
            self.link_chars += len(text.strip())

    def flush(self) -> None:
        """End the running block; blocks that are mostly links are furniture and left out."""
        lines = [_BLANKS.sub(" ", line).strip() for line in "".join(self.words).split("\v")]
        text = "\n".join(line for line in lines if line)
        mostly_links = self.link_chars > 0.7 * len(text)
        self.words, self.link_chars = [], 0
        if text and not mostly_links and not _COLOPHON.match(text) and text.casefold().strip(" .:…") not in LABELS:
            self.add(text)

    def add(self, text: str) -> None:
        indent = "  " * max(0, len(self.lists) - 1)
        lead = f"{indent}{self.marker}" if self.lists else ""
        rest = " " * len(lead) if self.marker else (indent + "  " if self.lists else "")
        self.marker = ""
        lines = text.split("\n")
        text = "\n".join([lead + lines[0] if lead else rest + lines[0], *(rest + line for line in lines[1:])])
        if self.quotes:
            text = "\n".join(("> " * self.quotes + line).rstrip() for line in text.split("\n"))
        self.events.append(Block(text, self.list_id if self.lists else None))


def blocks_of_html(html: str) -> Page:
    """The headings and blocks of `html`. Never raises on markup: lexbor mends it as a browser would."""
    parser = LexborHTMLParser(html.replace("\x00", "\ufffd"))
    title = parser.css_first("title")
    walk = _Walk()
    root = parser.body or parser.root
    if root is not None:
        _walk(root, walk)
        walk.flush()
    return Page(_inline(title) if title else "", walk.events)


def _walk(root: LexborNode, walk: _Walk) -> None:
    stack: list[tuple[LexborNode, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            _leave(node.tag or "", walk)
            continue
        following = node.next
        if following is not None and node is not root:
            stack.append((following, False))
        if node.is_text_node:
            walk.say(node.text_content or "")
        elif node.is_element_node and _enter(node, walk):
            stack.append((node, True))
            if node.child is not None:
                stack.append((node.child, False))


def _enter(node: LexborNode, walk: _Walk) -> bool:
    """Begin `node`; False if its subtree is done with."""
    tag = node.tag or ""
    if tag in SKIPPED or _is_furniture(node):
        walk.say(" ")
        return False
    level = HEADINGS.get(tag) or _role_level(node)
    if level:
        walk.flush()
        walk.events.append(Heading(_EDIT_LINK.sub("", _inline(node)), level))
        return False
    if tag == "pre":
        walk.flush()
        _code(node, walk)
        return False
    if tag == "table" and node.css_first(_LAYOUT.replace(",table", "")) is None and len(node.css("table")) <= 1:
        walk.flush()
        _table(node, walk)
        return False
    if tag == "br":
        walk.say("\v")
        return False
    if tag in ("code", "kbd", "samp"):
        text = _inline(node)
        walk.say(f"`{text}`" if text else "")
        return False
    if tag in BLOCKS:
        walk.flush()
        _open_block(tag, walk)
    if tag == "a":
        walk.links_open += 1
    return True


def _open_block(tag: str, walk: _Walk) -> None:
    if tag in ("ul", "ol"):
        if not walk.lists:
            walk.list_count += 1
            walk.list_id = walk.list_count
        walk.lists.append([tag, 0])
    elif tag == "li" and walk.lists:
        walk.lists[-1][1] = int(walk.lists[-1][1]) + 1
        walk.marker = f"{walk.lists[-1][1]}. " if walk.lists[-1][0] == "ol" else "- "
    elif tag == "blockquote":
        walk.quotes += 1
    elif tag == "dd":
        walk.say(": ")


def _leave(tag: str, walk: _Walk) -> None:
    if tag in BLOCKS:
        walk.flush()
    if tag in ("ul", "ol") and walk.lists:
        walk.lists.pop()
        walk.marker = ""
    elif tag == "li":
        walk.marker = ""
    elif tag == "blockquote":
        walk.quotes -= 1
    elif tag == "a":
        walk.links_open -= 1


def _is_furniture(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or attributes.get("role") in SKIPPED_ROLES:
        return True
    if node.tag in ("body", "html", "main", "article"):
        return False
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
    words = set(re.split(r"[\s_-]+", names))
    if not words & FURNITURE or words & {"has", "no", "with", "without"}:
        return False
    return node.css_first("h1, main, article") is None


def _role_level(node: LexborNode) -> int:
    if (node.attributes or {}).get("role") != "heading":
        return 0
    level = node.attributes.get("aria-level") or "2"
    return min(6, int(level)) if level.isdecimal() and level != "0" else 2


def _inline(node: LexborNode) -> str:
    return _BLANKS.sub(" ", node.text(deep=True, separator="")).replace("\u200b", "").strip()


def _code(node: LexborNode, walk: _Walk) -> None:
    text = node.text(deep=True, separator="").strip("\n").rstrip()
    if text.strip():
        walk.add(f"```\n{text}\n```")


def _table(node: LexborNode, walk: _Walk) -> None:
    """A data table as Markdown; its first row is the head."""
    rows = [[_inline(cell).replace("|", "\\|") for cell in row.css("th, td")] for row in node.css("tr")]
    rows = [row for row in rows if any(row)]
    if not rows:
        return
    caption = node.css_first("caption")
    if caption is not None and _inline(caption):
        walk.add(_inline(caption))
    width = max(len(row) for row in rows)
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
    lines.insert(1, f"|{' --- |' * width}")
    walk.add("\n".join(lines))


_ATX = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")


def blocks_of_markdown(text: str, title: str) -> Iterator[Heading | Block]:
    """The headings and blocks of Markdown or plain text. Text without any heading stands under `title`, if it has one."""
    lines = text.replace("\r\n", "\n").replace("\x00", "\ufffd").split("\n")
    heads = any(_ATX.match(line) for line in lines)
    if not heads:
        yield Heading(title or _first_words(text), 1)
    fenced, paragraph = False, list[str]()
    for line in [*lines, ""]:
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        found = None if fenced else _ATX.match(line)
        if (found or not (line.strip() or fenced)) and paragraph:
            yield Block("\n".join(paragraph))
            paragraph = []
        if found:
            yield Heading(found[2], len(found[1]))
        elif line.strip() or fenced:
            paragraph.append(line.rstrip())
    if paragraph:
        yield Block("\n".join(paragraph))


def _first_words(text: str) -> str:
    """What a text without title and headings goes by: its first words."""
    words = text.split()[:8]
    return " ".join(words) + (" ..." if len(words) == 8 else "")
