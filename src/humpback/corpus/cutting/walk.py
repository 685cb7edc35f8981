"""The walk over a page: what stands below an element becomes headings and blocks, in document order.

The lexbor tree is walked over child and next without recursion, so that depth cannot exhaust the stack.
"""

from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.disclosure import CONTROLS, is_control, named_on, open_panel, question_of
from humpback.corpus.cutting.furniture import Strength, strength_of, strength_of_id
from humpback.corpus.cutting.headings import heading_of
from humpback.corpus.cutting.listings import is_listing, listing_text
from humpback.corpus.cutting.nodes import TEXT, Node, inline_text, is_hidden, small_print, tag_ids
from humpback.corpus.cutting.page import Block, Heading, Mark
from humpback.corpus.cutting.running_text import BOLD_LEVEL, OpenList, RunningText
from humpback.corpus.cutting.tables import is_layout, table_text

SKIPPED = (
    "script style noscript template svg math nav iframe object select input textarea head dialog title canvas audio "
    "video map menu figcaption optgroup option datalist embed applet"
)
SOFT = "aside footer form"
ROOTS = "main article body html"
PLAIN = "i em u small big font abbr cite q s del ins mark time img wbr picture source tt var"
BLOCKS = (
    "p div section header address figure details fieldset center hgroup td th tr tbody thead tfoot caption hr dl dt search"
)
# A list of three links or more with this share of text in them is a menu, whatever its items are.
MENU_LINKS = 0.9
# Lists in lists are asked no deeper: each asks for all text below it.
MENU_DEPTH = 3
POINTED = 200
# Furniture with less text than this is left out at once: no segment is as short.
SMALL_CHARS = 600

Leave = Callable[["Walk"], None]


class Walk(RunningText):
    """Where the walk stands: its running text, and the elements that are open.

    An element is entered by the method that `ENTER` has for its tag, which answers with the one that leaves it, or with
    None if its subtree is done with.
    """

    __slots__ = ("holders", "ids", "marked", "open", "whole")

    def __init__(self, holders: frozenset[int], whole: bool) -> None:
        super().__init__()
        self.holders = holders
        self.whole = whole
        # The page's elements by their ids, once a control asks for its panel.
        self.ids: dict[str, Node] | None = None
        # Open elements that their names call furniture, and of each open element: events and links before it, and its names.
        self.marked = 0
        self.open: list[tuple[int, int, Strength, str]] = []

    def run(self, root: Node) -> None:
        """Every node below `root`, each at the price of a few hundred nanoseconds: pages have thousands."""
        above: list[tuple[Node, Leave]] = []
        node = root.child
        words, enter, inline = self.words, ENTER.get, Walk.inline
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

    def thread(self, page: LexborHTMLParser, posts: list[Node]) -> None:
        """The first post under the page's title, each other one by itself."""
        title = page.css_first("h1") or page.css_first("h2")
        heading = heading_of(title, False).text if title is not None else ""
        question = heading or self.outline.title
        self.outline.is_thread = True
        for i, post in enumerate(posts):
            self.outline.events.append(Heading(question, 2 if i else 1, silent=i > 0))
            self.run(post)

    def skip(self, node: Node) -> None:
        self.words.append(" ")
        if self.whole:
            self.note(node, f"never read: <{node.tag}>")

    def note(self, node: Node, fate: str) -> None:
        """For whoever asks what became of it."""
        text = inline_text(node) if node.tag not in ("script", "style") else ""
        if text:
            self.outline.events.append(Block(text, fate=fate))

    def button(self, node: Node) -> None:
        if not self.control(node):
            self.skip(node)

    def control(self, node: Node) -> bool:
        """Whether a button or the like opens a panel; then its words head it."""
        panel = open_panel(node, self.named(node))
        question = question_of(node) if panel is not None else ""
        if panel is not None and question and node.attributes.get("role") == "tab":
            heading = node.parser.create_node("summary")
            heading.insert_child(question)
            panel.insert_before(heading)
        elif question:
            self.flush()
            self.outline.events.append(Heading(question, BOLD_LEVEL))
        return panel is not None

    def named(self, node: Node) -> dict[str, Node]:
        if self.ids is None:
            self.ids = named_on(node.parser)
        return self.ids

    def line_break(self, _: Node) -> None:
        self.words.append("\v")

    def plain(self, _: Node) -> Leave:
        return Walk.stay

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
            if is_control(attributes) and self.control(node):
                return None
        return Walk.stay

    def link(self, node: Node) -> Leave | None:
        attributes = node.attributes
        # The target of a link; where it was never closed it holds half of the page.
        if attributes.get("name") and not attributes.get("href"):
            return Walk.stay
        if is_control(attributes) and self.control(node):
            return None
        self.open_link()
        return Walk.close_link

    def bold(self, _: Node) -> Leave:
        self.open_bold()
        return Walk.close_bold

    def summary(self, node: Node) -> None:
        """What a closed <details> shows: the question of an FAQ, the title of a part."""
        self.flush()
        text = inline_text(node)
        if text:
            self.outline.events.append(Heading(text, BOLD_LEVEL))

    def code(self, node: Node) -> None:
        if node.css_first("br") is not None:
            self.preformatted(node)
            return
        text = inline_text(node)
        self.words.append(f"`{text}`" if text else "")

    def small(self, node: Node) -> None:
        self.words.append(small_print(node, self.words))

    def heading(self, node: Node) -> None:
        self.flush()
        attributes = node.attributes
        if not (attributes and is_hidden(attributes)):
            for each in node.css(CONTROLS) if node.css_first(CONTROLS) is not None else ():
                open_panel(each, self.named(node))
            heading = heading_of(node, self.links_open > 0)
            self.links_seen += heading.linked
            self.outline.events.append(heading)

    def preformatted(self, node: Node) -> None:
        self.flush()
        text = listing_text(node)
        if text.strip():
            self.add_code(text)

    def table(self, node: Node) -> Leave | None:
        leave = self.block(node)
        if leave is None or is_layout(node):
            return leave
        text, link_chars = table_text(node)
        if text:
            self.add_table(text, link_chars)
        self.end_block()
        return None

    def block(self, node: Node, strength: Strength = Strength.NONE, name: str = "") -> Leave | None:
        attributes = node.attributes
        if attributes:
            names = attributes.get("class")
            if names and is_listing(node, names):
                self.preformatted(node)
                return None
            if names and (found := strength_of(names)) > strength:
                strength, name = found, names
            if len(attributes) > 1 or not names:
                if is_hidden(attributes):
                    self.skip(node)
                    return None
                if attributes.get("role") == "heading":
                    self.heading(node)
                    return None
                if is_control(attributes) and self.control(node):
                    return None
                own = attributes.get("id")
                # The id of a section is made of its heading: "cookies", "menus".
                if own and "section" not in f"{node.tag} {names}" and (found := strength_of_id(own)) > strength:
                    strength, name = found, own
        if strength > Strength.WEAK:
            if node.mem_id in self.holders and strength < Strength.SURE:
                strength = Strength.WEAK
            elif not self.marked and len(node.text(deep=True)) * self.outline.density < SMALL_CHARS:
                self.flush()
                if self.whole:
                    self.note(node, f"furniture: {name}")
                return None
        if self.words:
            self.flush()
        self.marked += strength > Strength.WEAK
        self.open.append((len(self.outline.events), self.links_seen, strength, name))
        return Walk.end_block

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
        return Walk.end_block

    def open_list(self, node: Node) -> Leave | None:
        if len(self.lists) < MENU_DEPTH and not self.outline.complete and self.is_menu(node):
            return None
        leave = self.block(node)
        if leave is None:
            return None
        if not self.lists:
            self.list_count += 1
        self.lists.append(OpenList(node.tag == "ol", self.list_count))
        return Walk.end_list

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
        return leave and Walk.end_item

    def end_item(self) -> None:
        self.end_block()
        self.marker = ""

    def definition(self, node: Node) -> Leave | None:
        leave = self.block(node)
        if leave is not None:
            self.marker = ": "
        return leave and Walk.end_item

    def quote(self, node: Node) -> Leave | None:
        leave = self.block(node)
        if leave is None:
            return None
        self.quotes += 1
        return Walk.end_quote

    def end_quote(self) -> None:
        self.end_block()
        self.quotes -= 1


_METHODS: list[tuple[str, Callable[[Walk, Node], Leave | None]]] = [
    (SKIPPED, Walk.skip),
    (SOFT, Walk.soft),
    (ROOTS, Walk.root),
    (PLAIN, Walk.plain),
    (BLOCKS, Walk.block),
    ("h1 h2 h3 h4 h5 h6", Walk.heading),
    ("a", Walk.link),
    ("button label", Walk.button),
    ("b strong", Walk.bold),
    ("summary", Walk.summary),
    ("br", Walk.line_break),
    ("code kbd samp", Walk.code),
    ("sup sub", Walk.small),
    ("pre", Walk.preformatted),
    ("table", Walk.table),
    ("ul ol", Walk.open_list),
    ("li", Walk.item),
    ("dd", Walk.definition),
    ("blockquote", Walk.quote),
]
ENTER = {number: method for tags, method in _METHODS for number in tag_ids(tags).values()}
