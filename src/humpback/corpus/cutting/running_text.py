"""The text that a walk over a page gathers, until a block of it ends: words, links, bold print, lists and quotes."""

import re
from dataclasses import dataclass

from humpback.corpus.cutting.page import Block, Heading, Outline
from humpback.corpus.cutting.prose import PROSE_CHARS

# Blocks that hold nothing else are the labels of furniture.
LABELS = frozenset(
    (
        *("advertisement", "advert", "sponsored", "continue reading", "read more", "share", "share this", "related topics"),
        *("back to top", "print", "source", "anzeige", "werbung", "weiterlesen", "teilen", "drucken", "nach oben", "quelle"),
        *("publicité", "publicidad"),
    )
)
_TICKS = re.compile("`{3,}")
_COLOPHON = re.compile(r"(©|\(c\) ?\d{4}|copyright\b.{0,40}\d{4}|all rights reserved)", re.IGNORECASE)
# Lists and quotes are indented no deeper: a page of nested quotes would else grow with the square of its length.
DEEPEST_INDENT = 10
# Pages without headings part their text by bold lines: they are headings below all others, where they part anything.
BOLD_LEVEL = 7
CAPTION_CHARS = 100
# A block more of whose text lies in links is a list of links.
MOST_LINKS = 0.6


@dataclass(slots=True)
class OpenList:
    """An open list; those nested in one another share the number of the outermost."""

    ordered: bool
    number: int
    items: int = 0

    def next_marker(self) -> str:
        self.items += 1
        return f"{self.items}. " if self.ordered else "- "


class RunningText:
    """What was said since the last block, and the links, bold print, lists and quotes that are open."""

    __slots__ = tuple(
        "bold_chars bold_open bold_start link_chars link_start links_open links_seen list_count lists marker outline quotes "
        "terms words".split()
    )

    def __init__(self) -> None:
        self.outline = Outline()
        self.words: list[str] = []
        self.link_chars = self.link_start = self.links_open = self.links_seen = 0
        self.bold_chars = self.bold_start = self.bold_open = 0
        self.lists: list[OpenList] = []
        self.list_count = self.quotes = self.terms = 0
        self.marker = ""

    def open_link(self) -> None:
        if not self.links_open:
            self.link_start = len(self.words)
        self.links_open += 1

    def close_link(self) -> None:
        self.links_open -= 1
        if not self.links_open and self.words:
            self.link_chars += _length(self.words[self.link_start :])

    def open_bold(self) -> None:
        if not self.bold_open:
            self.bold_start = len(self.words)
        self.bold_open += 1

    def close_bold(self) -> None:
        self.bold_open -= 1
        if not self.bold_open and self.words:
            self.bold_chars += _length(self.words[self.bold_start :])

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
        # A term that leads to its own page is defined here.
        link_chars = 0 if self.terms else link_chars
        if link_chars > MOST_LINKS * size and not self.outline.complete:
            fate = "mostly links"
        elif size < 80 and (text.casefold().strip(" .:…>»") in LABELS or _COLOPHON.match(text)):
            fate = "a label"
        self.links_seen += bool(link_chars)
        density = self.outline.density
        weight = round((size - link_chars) * density) if size * density >= PROSE_CHARS and not fate else 0
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

    def add_code(self, text: str) -> None:
        fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
        code = self.decorated(f"{fence}\n{text}\n{fence}")
        self.outline.events.append(Block(code, self.lists[0].number if self.lists else None, len(text)))

    def add_table(self, text: str, link_chars: int) -> None:
        self.links_seen += bool(link_chars)
        fate = "mostly links" if link_chars > MOST_LINKS * len(text) and not self.outline.complete else ""
        weight = 0 if fate else len(text) - link_chars
        self.outline.events.append(Block(self.decorated(text), None, weight, link_chars, fate))


def _length(words: list[str]) -> int:
    return sum(len(" ".join(word.split())) for word in words)
