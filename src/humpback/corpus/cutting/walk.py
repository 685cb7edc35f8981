"""The walk over a page: what stands below an element becomes headings and blocks, in document order.

The lexbor tree is walked over child and next without recursion, so that depth cannot exhaust the stack.
"""

from collections.abc import Callable

from humpback.corpus.cutting.disclosure import CONTROLS, in_form, is_control, open_panel
from humpback.corpus.cutting.furniture import Strength, strength_of, strength_of_id
from humpback.corpus.cutting.headings import heading_of
from humpback.corpus.cutting.listings import is_gutter, is_gutter_box, is_listing, listing_text, names_code
from humpback.corpus.cutting.nodes import (
    TEXT,
    Node,
    inline_text,
    is_for_machines,
    is_hidden,
    is_unseen,
    tag_ids,
    text_of_links,
)
from humpback.corpus.cutting.notes import is_note, picture_of_formula, small_print
from humpback.corpus.cutting.page import Block, Heading, Mark
from humpback.corpus.cutting.panels import Panels
from humpback.corpus.cutting.running_text import BOLD_LEVEL, OpenList
from humpback.corpus.cutting.tables import is_layout, table_text
from humpback.corpus.cutting.tags import BLOCKS, PARTING, PLAIN, ROOTS, SKIPPED, SOFT

# Lists in lists are asked no deeper: each asks for all text below it.
MENU_DEPTH, POINTED = 3, 200
# Furniture with less text than this is left out at once: no segment is as short.
SMALL_CHARS = 600

Leave = Callable[["Walk"], None]


class Walk(Panels):
    """Where the walk stands: its running text, and the elements that are open.

    An element is entered by the method that `ENTER` has for its tag, which answers with the one that leaves it, or with
    None if its subtree is done with.
    """

    __slots__ = ("holders", "marked", "open", "whole")

    def __init__(self, holders: frozenset[int], whole: bool) -> None:
        super().__init__()
        self.holders = holders
        self.whole = whole
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

    def skip(self, node: Node) -> None:
        if node.tag in PARTING:
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

    def label(self, node: Node) -> Leave | None:
        """The words of a box to tick: part of a form, or a thing to do in a list of such."""
        if self.control(node):
            return None
        if in_form(node):
            self.skip(node)
            return None
        return Walk.stay

    def line_break(self, _: Node) -> None:
        self.words.append("\v")

    def plain(self, node: Node) -> Leave | None:
        return None if node.attributes and is_unseen(node) else Walk.stay

    def picture(self, node: Node) -> None:
        tex = picture_of_formula(node)
        if tex:
            self.words.append(tex)

    def stay(self) -> None:
        pass

    def inline(self, node: Node) -> Leave | None:
        """A span or an element nobody knows: run through, unless it is hidden or furniture for sure."""
        if not node.is_element_node:
            return None
        attributes = node.attributes
        if attributes:
            names = attributes.get("class")
            if is_hidden(attributes) or is_for_machines(node, names):
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
        names = attributes.get("class")
        is_mark = (names or "#" in (attributes.get("href") or "")) and is_note(node)
        if is_mark or is_hidden(attributes) or is_for_machines(node, names):
            return None
        if is_control(attributes) and self.control(node):
            return None
        self.open_link()
        return Walk.close_link

    def bold(self, node: Node) -> Leave | None:
        if node.attributes and is_unseen(node):
            return None
        self.open_bold()
        return Walk.close_bold

    def summary(self, node: Node) -> None:
        """What a closed <details> shows: the question of an FAQ, the title of a part."""
        self.flush()
        text = inline_text(node)
        if text:
            self.outline.events.append(Heading(text, BOLD_LEVEL))

    def code(self, node: Node) -> None:
        if is_unseen(node):
            return
        if node.css_first("br") is not None:
            self.preformatted(node)
            return
        text = inline_text(node)
        self.words.append(f"`{text}`" if text else "")

    def small(self, node: Node) -> None:
        if not is_unseen(node):
            self.words.append(small_print(node, self.words))

    def heading(self, node: Node) -> None:
        self.flush()
        if not is_unseen(node):
            for each in node.css(CONTROLS) if node.css_first(CONTROLS) is not None else ():
                open_panel(each, self.named(node))
            heading = heading_of(node, self.links_open > 0)
            self.links_seen += heading.linked
            self.outline.events.append(heading)

    def preformatted(self, node: Node) -> None:
        self.flush()
        text = "" if is_unseen(node) or is_gutter(node) else listing_text(node)
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
            if names and names_code(names) and (is_gutter_box(node, names) or is_listing(node, names)):
                self.preformatted(node)
                return None
            if attributes.get("role") == "tablist" and self.tabs(node):
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
        text, link_chars = text_of_links(node)
        if not text:
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

    def term(self, node: Node) -> Leave | None:
        """What is defined, a link or not."""
        leave = self.block(node)
        if leave is None:
            return None
        self.terms += 1
        return Walk.end_term

    def end_term(self) -> None:
        self.end_block()
        self.terms -= 1

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
    ("button", Walk.button),
    ("label", Walk.label),
    ("img", Walk.picture),
    ("b strong", Walk.bold),
    ("summary", Walk.summary),
    ("br", Walk.line_break),
    ("code kbd samp", Walk.code),
    ("sup sub", Walk.small),
    ("pre", Walk.preformatted),
    ("table", Walk.table),
    ("ul ol", Walk.open_list),
    ("li", Walk.item),
    ("dt", Walk.term),
    ("dd", Walk.definition),
    ("blockquote", Walk.quote),
]
ENTER = {number: method for tags, method in _METHODS for number in tag_ids(tags).values()}
