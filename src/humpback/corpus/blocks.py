"""HTML to a flat list of headings and blocks, in document order, each with what is known of where it stands.

The lexbor tree is walked over child and next without recursion, so that depth cannot exhaust the stack, and freed before
the next page. What a page shows to nobody (scripts, drawings, menus) is left out; what its names call furniture is marked,
and `main_text` decides.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.furniture import Strength, strength_of
from humpback.corpus.nodes import TEXT, Node, aria_level, full_text, inline_text, is_hidden, table_text, tag_ids
from humpback.corpus.page import Block, Heading, Mark, Outline
from humpback.corpus.prose import PROSE_CHARS, around, prose_root

SKIPPED = (
    "script style noscript template svg math nav iframe object button select input textarea head dialog title canvas audio "
    "video map menu figcaption label optgroup option datalist embed applet"
)
SOFT = "aside footer form"
ROOTS = "main article body html"
PLAIN = "i em u small big font sub sup abbr cite q s del ins mark time img wbr picture source tt var"
BLOCKS = (
    "p div section header address figure details fieldset center hgroup td th tr tbody thead tfoot caption hr dl dt search"
)
# Blocks that hold nothing else are the labels of furniture.
LABELS = frozenset(
    (
        *("advertisement", "advert", "sponsored", "continue reading", "read more", "share", "share this", "related topics"),
        *("back to top", "print", "source", "anzeige", "werbung", "weiterlesen", "teilen", "drucken", "nach oben", "quelle"),
        *("publicité", "publicidad"),
    )
)
_EDIT_LINK = re.compile(r"\s*\[(edit|bearbeiten|modifier|editar|modifica|bewerken|edytuj)\b[^\[\]]*\]$", re.IGNORECASE)
_TICKS = re.compile("`{3,}")
_COLOPHON = re.compile(r"(©|\(c\) ?\d{4}|copyright\b.{0,40}\d{4}|all rights reserved)", re.IGNORECASE)
# A table that holds one of these is there for the layout.
_LAYOUT = "h1, h2, h3, h4, h5, h6, table, p, ul, ol, pre, div"
_CONTENT = 'h1, main, [itemprop="articleBody"]'
_UNWRITABLE = re.compile("\x00|[\ud800-\udfff]")
# Lists and quotes are indented no deeper: a page of nested quotes would else grow with the square of its length.
DEEPEST_INDENT = 10
# Pages without headings part their text by bold lines: they are headings below all others, where they part anything.
BOLD_LEVEL = 7
CAPTION_CHARS = 100
# A block more of whose text lies in links is a list of links.
MOST_LINKS = 0.6
# ... and a list of three links or more with this share is a menu, whatever its items are.
MENU_LINKS = 0.9
# Lists in lists are asked no deeper: each asks for all text below it.
MENU_DEPTH = 3
POINTED = 200
# Furniture with less text than this is left out at once: no segment is as short.
SMALL_CHARS = 600


def outline(html: str, whole: bool = False) -> Outline:
    """The headings and blocks of `html`. Never raises on markup: lexbor mends it as a browser would.

    With `whole` the page is walked from its body, and what is never read (menus, hidden elements, small furniture) is
    listed too, with its fate: to explain, not to extract.
    """
    parser = _parsed(html)
    title = parser.css_first("head title") or parser.css_first("title")
    walk = _Walk(_holders(parser), whole)
    if parser.body is not None:
        walk.run(parser.body if whole else prose_root(parser))
    walk.outline.title = inline_text(title) if title else ""
    return walk.outline


def _parsed(html: str) -> LexborHTMLParser:
    try:
        return LexborHTMLParser(html.replace("\x00", "\ufffd") if "\x00" in html else html)
    except UnicodeEncodeError:
        return LexborHTMLParser(_UNWRITABLE.sub("\ufffd", html))


def _holders(parser: LexborHTMLParser) -> frozenset[int]:
    """The addresses of all elements that are or hold the page's title or main element."""
    return frozenset(around(parser.css(_CONTENT)))


Leave = Callable[["_Walk"], None]


class _Walk:
    """Where the walk stands: text gathered since the last block, and the links, lists, quotes and elements that are open.

    An element is entered by the method that `ENTER` has for its tag, which answers with the one that leaves it, or with
    None if its subtree is done with.
    """

    __slots__ = tuple(
        "bold_chars bold_open bold_start holders link_chars link_start links_open links_seen list_count lists marked marker "
        "open outline quotes whole words".split()
    )

    def __init__(self, holders: frozenset[int], whole: bool) -> None:
        self.outline = Outline()
        self.whole = whole
        self.holders = holders
        self.words: list[str] = []
        self.link_chars = self.link_start = self.links_open = self.links_seen = 0
        self.bold_chars = self.bold_start = self.bold_open = 0
        self.lists: list[_List] = []
        self.list_count = self.quotes = self.marked = 0
        self.marker = ""
        # Of each open element: events and links before it, and what its names say.
        self.open: list[tuple[int, int, Strength, str]] = []

    def run(self, root: Node) -> None:
        """Every node below `root`, each at the price of a few hundred nanoseconds: pages have thousands."""
        above: list[tuple[Node, Leave]] = []
        node = root.child
        words, enter, inline = self.words, ENTER.get, _Walk.inline
        while node is not None:
            tag = node.tag_id
            if tag == TEXT:
                if not node.is_empty_text_node:
                    words.append(node.text_content)
                elif words:
                    words.append(" ")
            else:
                leave = enter(tag, inline)(self, node)
                if leave is not None:
                    child = node.child
                    if child is not None:
                        above.append((node, leave))
                        node = child
                        continue
                    leave(self)
            while (following := node.next) is None and above:
                node, leave = above.pop()
                leave(self)
            node = following
        self.flush()

    def flush(self) -> None:
        """End the running block."""
        words = self.words
        if not words:
            return
        if self.links_open:
            self.link_chars += _length(words[self.link_start :])
            self.link_start = 0
        if self.bold_open:
            self.bold_chars += _length(words[self.bold_start :])
            self.bold_start = 0
        raw, link_chars, bold_chars = "".join(words), self.link_chars, self.bold_chars
        words.clear()
        self.link_chars = self.bold_chars = 0
        if "\v" in raw:
            text = "\n".join(filter(None, (" ".join(line.split()) for line in raw.split("\v"))))
        else:
            text = " ".join(raw.split())
        if not text:
            return
        if bold_chars and len(text) <= bold_chars + 2 and not link_chars and self.is_caption(text):
            self.outline.events.append(Heading(text, BOLD_LEVEL))
        else:
            self.add(text, link_chars)

    def is_caption(self, text: str) -> bool:
        """Whether a bold line stands and reads like a heading: alone, short, and no sentence or label."""
        return (
            len(text) <= CAPTION_CHARS and "\n" not in text and text[-1] not in ".,;:!" and not (self.lists or self.quotes)
        )

    def add(self, text: str, link_chars: int) -> None:
        size = len(text)
        fate = ""
        if link_chars > MOST_LINKS * size:
            fate = "mostly links"
        elif size < 80 and (text.casefold().strip(" .:…>»") in LABELS or _COLOPHON.match(text)):
            fate = "a label"
        self.links_seen += bool(link_chars)
        weight = size - link_chars if size >= PROSE_CHARS and not fate else 0
        block = Block(self.decorated(text), self.lists[0].number if self.lists else None, weight, link_chars, fate)
        self.outline.events.append(block)

    def decorated(self, text: str) -> str:
        """`text` with the list marker, indentation and quote signs of where it stands."""
        if self.lists or self.marker:
            indent = "  " * min(DEEPEST_INDENT, len(self.lists) - 1) if self.lists else ""
            lead = indent + (self.marker or "  ")
            rest = " " * len(lead) if self.marker else lead
            self.marker = ""
            text = lead + (text.replace("\n", "\n" + rest) if "\n" in text else text)
        if self.quotes:
            sign = "> " * min(DEEPEST_INDENT, self.quotes)
            text = "\n".join((sign + line).rstrip() for line in text.split("\n"))
        return text

    def skip(self, node: Node) -> None:
        self.words.append(" ")
        if self.whole:
            self.note(node, f"never read: <{node.tag}>")

    def note(self, node: Node, fate: str) -> None:
        """For whoever asks what became of it."""
        text = inline_text(node) if node.tag not in ("script", "style") else ""
        if text:
            self.outline.events.append(Block(text, fate=fate))

    def line_break(self, _: Node) -> None:
        self.words.append("\v")

    def plain(self, _: Node) -> Leave:
        return _Walk.stay

    def stay(self) -> None:
        pass

    def inline(self, node: Node) -> Leave | None:
        """A span or an element nobody knows: run through, unless it is hidden or furniture for sure."""
        if not node.is_element_node:
            return None
        attributes = node.attributes
        if attributes:
            names = attributes.get("class")
            if is_hidden(attributes) or (names and strength_of(names) is Strength.SURE):
                self.skip(node)
                return None
            if attributes.get("role") == "heading":
                self.heading(node)
                return None
        return _Walk.stay

    def link(self, node: Node) -> Leave:
        # The target of a link; where it was never closed it holds half of the page.
        if node.attrs.sget("name") and not node.attrs.sget("href"):
            return _Walk.stay
        if not self.links_open:
            self.link_start = len(self.words)
        self.links_open += 1
        return _Walk.end_link

    def end_link(self) -> None:
        self.links_open -= 1
        if not self.links_open and self.words:
            self.link_chars += _length(self.words[self.link_start :])

    def bold(self, _: Node) -> Leave:
        if not self.bold_open:
            self.bold_start = len(self.words)
        self.bold_open += 1
        return _Walk.end_bold

    def end_bold(self) -> None:
        self.bold_open -= 1
        if not self.bold_open and self.words:
            self.bold_chars += _length(self.words[self.bold_start :])

    def summary(self, node: Node) -> None:
        """What a closed <details> shows: the question of an FAQ, the title of a part."""
        self.flush()
        text = inline_text(node)
        if text:
            self.outline.events.append(Heading(text, BOLD_LEVEL))

    def code(self, node: Node) -> None:
        text = inline_text(node)
        self.words.append(f"`{text}`" if text else "")

    def heading(self, node: Node) -> None:
        self.flush()
        attributes = node.attributes
        if attributes and is_hidden(attributes):
            return
        text = _EDIT_LINK.sub("", inline_text(node))
        linked = self.links_open > 0 or node.css_first("a[href]") is not None
        self.links_seen += linked
        self.outline.events.append(Heading(text, _LEVELS.get(node.tag_id) or aria_level(node), linked))

    def preformatted(self, node: Node) -> None:
        self.flush()
        text = full_text(node, "\n").strip("\n").rstrip()
        if text.strip():
            fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
            code = self.decorated(f"{fence}\n{text}\n{fence}")
            self.outline.events.append(Block(code, self.lists[0].number if self.lists else None, len(text)))

    def table(self, node: Node) -> Leave | None:
        leave = self.block(node)
        if leave is None or _is_layout(node):
            return leave
        text, link_chars = table_text(node)
        if text:
            fate = "mostly links" if link_chars > MOST_LINKS * len(text) else ""
            self.links_seen += bool(link_chars)
            self.outline.events.append(
                Block(self.decorated(text), None, 0 if fate else len(text) - link_chars, link_chars, fate)
            )
        self.end_block()
        return None

    def block(self, node: Node, strength: Strength = Strength.NONE, name: str = "") -> Leave | None:
        attributes = node.attributes
        if attributes:
            names = attributes.get("class")
            if names and (found := strength_of(names)) > strength:
                strength, name = found, names
            if len(attributes) > 1 or not names:
                if is_hidden(attributes):
                    self.skip(node)
                    return None
                if attributes.get("role") == "heading":
                    self.heading(node)
                    return None
                own = attributes.get("id")
                # The id of a section is made of its heading: "cookies", "menus".
                if own and "section" not in f"{node.tag} {names}" and (found := strength_of(own)) > strength:
                    strength, name = found, own
        if strength > Strength.WEAK:
            if node.mem_id in self.holders and strength < Strength.SURE:
                strength = Strength.WEAK
            elif not self.marked and len(node.text(deep=True)) < SMALL_CHARS:
                self.flush()
                if self.whole:
                    self.note(node, f"furniture: {name}")
                return None
        if self.words:
            self.flush()
        self.marked += strength > Strength.WEAK
        self.open.append((len(self.outline.events), self.links_seen, strength, name))
        return _Walk.end_block

    def end_block(self) -> None:
        if self.words:
            self.flush()
        start, links, strength, name = self.open.pop()
        end = len(self.outline.events)
        self.marked -= strength > Strength.WEAK
        if end > start:
            if strength:
                self.outline.marks.append(Mark(start, end, strength, name, self.links_seen - links))
            self.outline.containers.append((start, end))

    def soft(self, node: Node) -> Leave | None:
        return self.block(node, Strength.STRONG, node.tag or "")

    def root(self, _: Node) -> Leave | None:
        """Main, article and body are content whatever they are called."""
        self.flush()
        self.open.append((len(self.outline.events), self.links_seen, Strength.NONE, ""))
        return _Walk.end_block

    def open_list(self, node: Node) -> Leave | None:
        if len(self.lists) < MENU_DEPTH and self.is_menu(node):
            return None
        leave = self.block(node)
        if leave is None:
            return None
        if not self.lists:
            self.list_count += 1
        self.lists.append(_List(node.tag == "ol", self.list_count))
        return _Walk.end_list

    def is_menu(self, node: Node) -> bool:
        """Whether a list is nothing but links, told without walking it; then it is done with."""
        links = node.css("a")
        if len(links) < 3:
            return False
        text = " ".join(node.text(deep=True).split())
        link_chars = sum(len(link.text(deep=True).strip()) for link in links)
        if link_chars + len(links) < MENU_LINKS * len(text):
            return False
        self.flush()
        self.links_seen += 1
        self.outline.events.append(Block(text[:POINTED], link_chars=link_chars, fate="a menu"))
        return True

    def end_list(self) -> None:
        self.end_block()
        self.lists.pop()
        self.marker = ""

    def item(self, node: Node) -> Leave | None:
        leave = self.block(node)
        if leave is not None and self.lists:
            self.marker = self.lists[-1].next_marker()
        return leave and _Walk.end_item

    def end_item(self) -> None:
        self.end_block()
        self.marker = ""

    def definition(self, node: Node) -> Leave | None:
        leave = self.block(node)
        if leave is not None:
            self.marker = ": "
        return leave and _Walk.end_item

    def quote(self, node: Node) -> Leave | None:
        leave = self.block(node)
        if leave is None:
            return None
        self.quotes += 1
        return _Walk.end_quote

    def end_quote(self) -> None:
        self.end_block()
        self.quotes -= 1


def _is_layout(table: Node) -> bool:
    # A search from a node finds the node itself too: the parts of the table are asked.
    part = table.child
    while part is not None:
        if part.is_element_node and part.css_first(_LAYOUT) is not None:
            return True
        part = part.next
    return False


@dataclass(slots=True)
class _List:
    """An open list; those nested in one another share the number of the outermost."""

    ordered: bool
    number: int
    items: int = 0

    def next_marker(self) -> str:
        self.items += 1
        return f"{self.items}. " if self.ordered else "- "


def _length(words: list[str]) -> int:
    return sum(len(" ".join(word.split())) for word in words)


_LEVELS = {number: int(tag[1]) for tag, number in tag_ids("h1 h2 h3 h4 h5 h6").items()}
_METHODS: list[tuple[str, Callable[[_Walk, Node], Leave | None]]] = [
    (SKIPPED, _Walk.skip),
    (SOFT, _Walk.soft),
    (ROOTS, _Walk.root),
    (PLAIN, _Walk.plain),
    (BLOCKS, _Walk.block),
    ("h1 h2 h3 h4 h5 h6", _Walk.heading),
    ("a", _Walk.link),
    ("b strong", _Walk.bold),
    ("summary", _Walk.summary),
    ("br", _Walk.line_break),
    ("code kbd samp", _Walk.code),
    ("pre", _Walk.preformatted),
    ("table", _Walk.table),
    ("ul ol", _Walk.open_list),
    ("li", _Walk.item),
    ("dd", _Walk.definition),
    ("blockquote", _Walk.quote),
]
ENTER = {number: method for tags, method in _METHODS for number in tag_ids(tags).values()}
