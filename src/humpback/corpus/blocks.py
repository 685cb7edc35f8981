"""HTML or Markdown to a flat list of headings and blocks, in document order.

The lexbor tree is walked over child and next without recursion, so that depth cannot exhaust the stack. Landmarks that
are not content (nav, aside, footer, forms), elements named like furniture, and blocks that are mostly links are left out.
"""

import re
from collections import Counter
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
_CONTENT = "h1, main, article"
_LAYOUT = "h1, h2, h3, h4, h5, h6, table, p, ul, ol, pre, div"
# Lists and quotes are indented no deeper: a page of nested quotes would else grow with the square of its length.
DEEPEST_INDENT = 10
# Parsing takes time with the square of the nesting: 5,000 deep 0.02 s, 100,000 deep 9 s. Browsers stop at 512.
DEEPEST_NESTING = 5_000
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
# What is never closed, or is closed by the next of its kind, or stands alone in drawings.
_UNNESTED = frozenset(
    "area base br col embed hr img input link meta source track wbr p li dt dd td th tr tbody thead tfoot option optgroup a "
    "path rect circle ellipse line polygon polyline use stop image".split()
)
_NO_TEXT = frozenset("script style template noscript svg".split())
_UNWRITABLE = re.compile("\x00|[\ud800-\udfff]")


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
    # Elements that hold content or blocks, by their address: asked of each subtree anew it would cost the square.
    with_content: frozenset[int] = frozenset()
    with_layout: frozenset[int] = frozenset()

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
        indent = "  " * min(DEEPEST_INDENT, max(0, len(self.lists) - 1))
        lead = f"{indent}{self.marker}"
        rest = " " * len(lead) if self.marker else (indent + "  " if self.lists else "")
        self.marker = ""
        lines = text.split("\n")
        text = "\n".join([lead + lines[0] if lead else rest + lines[0], *(rest + line for line in lines[1:])])
        if self.quotes:
            text = "\n".join(("> " * min(DEEPEST_INDENT, self.quotes) + line).rstrip() for line in text.split("\n"))
        self.events.append(Block(text, self.list_id if self.lists else None))


def blocks_of_html(html: str) -> Page:
    """The headings and blocks of `html`. Never raises on markup: lexbor mends it as a browser would."""
    parser = LexborHTMLParser(_UNWRITABLE.sub("\ufffd", html))
    title = parser.css_first("head title") or parser.css_first("title")
    walk = _Walk(with_content=_holders(parser, _CONTENT, True), with_layout=_holders(parser, _LAYOUT, False))
    root = parser.body or parser.root
    if root is not None:
        _walk(root, walk)
        walk.flush()
    return Page(_inline(title) if title else "", walk.events)


def nesting(html: str) -> int:
    """How deep the tags of `html` nest, about: tags that were opened and not closed, at most at any place."""
    opened: Counter[str] = Counter()
    depth = deepest = 0
    for closing, name in _TAG.findall(html):
        name = name.lower()
        if name in _UNNESTED or (closing and not opened[name]):
            continue
        step = -1 if closing else 1
        opened[name] += step
        depth += step
        deepest = max(deepest, depth)
    return deepest


def _holders(parser: LexborHTMLParser, selector: str, itself: bool) -> frozenset[int]:
    """The addresses of all elements that hold one of `selector`, and of these if `itself`."""
    found: set[int] = set()
    for match in parser.css(selector):
        node = match if itself else match.parent
        while node is not None and node.mem_id not in found:
            found.add(node.mem_id)
            node = node.parent
    return frozenset(found)


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
    if tag in SKIPPED or _is_furniture(node, walk):
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
    if tag == "table" and node.mem_id not in walk.with_layout:
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
        walk.marker = ": "


def _leave(tag: str, walk: _Walk) -> None:
    if tag in BLOCKS:
        walk.flush()
    if tag in ("ul", "ol") and walk.lists:
        walk.lists.pop()
        walk.marker = ""
    elif tag in ("li", "dd"):
        walk.marker = ""
    elif tag == "blockquote":
        walk.quotes -= 1
    elif tag == "a":
        walk.links_open -= 1


def _is_furniture(node: LexborNode, walk: _Walk) -> bool:
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
    return node.mem_id not in walk.with_content


def _role_level(node: LexborNode) -> int:
    if (node.attributes or {}).get("role") != "heading":
        return 0
    level = node.attributes.get("aria-level") or "2"
    return int(level) if level in "123456" and len(level) == 1 else 6 if level.isdecimal() and level.strip("0") else 2


def _inline(node: LexborNode) -> str:
    return _BLANKS.sub(" ", _text(node, " ")).replace("\u200b", "").strip()


def _text(node: LexborNode, line_break: str) -> str:
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
        elif here.is_element_node and here.tag not in _NO_TEXT:
            stack.append(here.child)
    return "".join(parts)


def _code(node: LexborNode, walk: _Walk) -> None:
    text = _text(node, "\n").strip("\n").rstrip()
    if text.strip():
        fence = "````" if "```" in text else "```"
        walk.add(f"{fence}\n{text}\n{fence}")


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


_ATX = re.compile(r"(#{1,6})\s(.*)")


def blocks_of_markdown(text: str, title: str) -> Iterator[Heading | Block]:
    """The headings and blocks of Markdown or plain text. Text without any heading stands under `title`, if it has one."""
    lines = _marked(_UNWRITABLE.sub("\ufffd", text).replace("\r\n", "\n").split("\n"))
    if not any(heading for _, _, heading in lines):
        yield Heading(_UNWRITABLE.sub("\ufffd", title or _first_words(text)), 1)
    paragraph: list[str] = []
    for line, fenced, heading in [*lines, ("", False, None)]:
        if (heading or not (line.strip() or fenced)) and paragraph:
            yield Block("\n".join(paragraph))
            paragraph = []
        if heading:
            yield heading
        elif line.strip() or fenced:
            paragraph.append(line.rstrip())


def _marked(lines: list[str]) -> list[tuple[str, bool, Heading | None]]:
    """Each line, whether it stands in a code block, and the heading that it is if it is one."""
    out: list[tuple[str, bool, Heading | None]] = []
    fenced = False
    for line in lines:
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        found = None if fenced else _ATX.match(line)
        out.append((line, fenced, Heading(_unclosed(found[2].strip()), len(found[1])) if found else None))
    return out


def _unclosed(heading: str) -> str:
    """Without the closing run of "#", which stands after a blank: the "#" of "C#" is part of the name."""
    rest = heading.rstrip("#")
    return rest.rstrip() if not rest or rest[-1].isspace() else heading


def _first_words(text: str) -> str:
    """What a text without title and headings goes by: its first words."""
    words = text.split()[:8]
    return " ".join(words) + (" ..." if len(words) == 8 else "")
