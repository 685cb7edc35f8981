"""Where on a page the prose lies, found by the parser: paragraphs are looked up and measured, not walked to."""

from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.furniture import Strength, strength_of
from humpback.corpus.cutting.nodes import Node
from humpback.corpus.cutting.threads import software

# Shorter blocks are labels and dates as often as sentences, and weigh nothing where prose is looked for.
PROSE_CHARS = 60
# With less in paragraphs a page may have its prose elsewhere, and is walked whole.
LEAST_CHARS = 500
# The rest is left for stray paragraphs: a cookie banner, a line below a form.
ROOT_SHARE = 0.95
# Characters, those of nested elements counted again for each: a hundred times what long pages have.
MOST_MEASURED = 50_000_000
# Elements above the prose that are looked through for a heading where the page has no <h1>.
CLOSE = 4
_FRAME = frozenset("aside footer form nav noscript".split())


def prose_root(parser: LexborHTMLParser, density: float = 1.0) -> tuple[Node, set[str]]:
    """The smallest element that holds the title and nearly all prose, so that a walk is spared the rest of the page.

    And by which words the elements around prose are known to stand around posts (`threads.software`). A character is worth
    `density` Latin ones.
    """
    elements, words = _elements_around_prose(parser, density)
    total = elements[0].chars if elements else 0
    if total * density < LEAST_CHARS and _open_fallback(parser):
        elements, words = _elements_around_prose(parser, density)
        total = elements[0].chars if elements else 0
    if total * density < LEAST_CHARS:
        return parser.body, words
    # An element stands after those around it: the last that holds enough is the smallest.
    root: Node = next(element.node for element in reversed(elements) if element.chars >= ROOT_SHARE * total)
    root = _with_title(root, parser)
    return (root if root.tag != "html" else parser.body), words


def _open_fallback(parser: LexborHTMLParser) -> bool:
    """Show what stands on a page for readers without scripts (all posts, in Discourse), if there is its prose."""
    opened = False
    for fallback in parser.css("body noscript"):
        if sum(len(paragraph.text(deep=True)) for paragraph in fallback.css("p")) >= LEAST_CHARS:
            fallback.unwrap()
            opened = True
    return opened


def _with_title(root: Node, parser: LexborHTMLParser) -> Node:
    """The smallest element around `root` that holds an <h1>; on a page without one, another heading close above it."""
    titles = parser.css("h1")
    if not titles:
        close = (
            node for node, _ in zip(ancestors(root), range(CLOSE), strict=False) if node.css_first("h2, h3") is not None
        )
        return next(close, root)
    if root.css_first("h1") is not None:
        return root
    above = {node.mem_id for title in titles for node in ancestors(title)}
    return next((node for node in ancestors(root) if node.mem_id in above), parser.body)


@dataclass(slots=True)
class _Element:
    """An element around prose, with the characters of prose below it; `above` is the place of the one around it."""

    node: Node
    above: int
    chars: int = 0


def _elements_around_prose(parser: LexborHTMLParser, density: float) -> tuple[list[_Element], set[str]]:
    """All elements with prose below that is in no furniture, each after the one around it; each is visited once."""
    elements: list[_Element] = []
    places: dict[int, int] = {}
    words: set[str] = set()
    for size, parent in _parents_of_prose(parser, density).values():
        place = _place(parent, elements, places, words)
        if place >= 0:
            elements[place].chars += size
    for element in reversed(elements):
        if element.above >= 0:
            elements[element.above].chars += element.chars
    return elements, words


def _place(node: Node, elements: list[_Element], places: dict[int, int], words: set[str]) -> int:
    """Where `node` stands in `elements`, after it and those around it were entered; -1 in furniture."""
    path = []
    while node is not None and node.is_element_node and node.mem_id not in places:
        path.append(node)
        node = node.parent
    place = places[node.mem_id] if node is not None and node.is_element_node else 0
    outside = not places
    for inner in reversed(path):
        names = inner.attrs.sget("class")
        word = software(names or (inner.attrs.sget("id") or "").rstrip("0123456789"))
        if word:
            words.add(word)
        if place >= 0 and (inner.tag in _FRAME or (names and _is_furniture(inner.tag, names))):
            place = -1
        elif place >= 0:
            elements.append(_Element(inner, -1 if outside else place))
            place, outside = len(elements) - 1, False
        places[inner.mem_id] = place
    return place


def _is_furniture(tag: str, names: str) -> bool:
    return strength_of(names) >= Strength.STRONG and tag not in ("body", "html")


def _parents_of_prose(parser: LexborHTMLParser, density: float) -> dict[int, tuple[int, Node]]:
    """By address: the characters in the paragraphs of an element, or in all of it where lines are parted by <br>."""
    parents: dict[int, tuple[int, Node]] = {}
    for paragraph, size in _measured(parser.css("p")):
        if size * density >= PROSE_CHARS:
            parent = paragraph.parent
            parents[parent.mem_id] = (parents.get(parent.mem_id, (0, parent))[0] + size, parent)
    line_breaks: list[Node] = parser.css("div > br")
    broken = {line_break.parent.mem_id: line_break.parent for line_break in line_breaks}
    for parent, size in _measured([node for address, node in broken.items() if address not in parents]):
        parents[parent.mem_id] = (size, parent)
    return parents


def _measured(nodes: list[Node]) -> Iterator[tuple[Node, int]]:
    """Each of `nodes` with the length of its text; ends where they are nested so that this would take forever."""
    left = MOST_MEASURED
    for node in nodes:
        size = len(node.text(deep=True))
        left -= size
        if left < 0:
            return
        yield node, size


def around(nodes: list[Node]) -> set[int]:
    """The addresses of `nodes` and of all elements around them."""
    found: set[int] = set()
    for node in nodes:
        for outer in ancestors(node):
            if outer.mem_id in found:
                break
            found.add(outer.mem_id)
    return found


def ancestors(node: Node) -> Iterator[Node]:
    """`node` and all elements around it, inner ones first."""
    while node is not None and node.is_element_node:
        yield node
        node = node.parent
