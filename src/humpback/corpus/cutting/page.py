"""What a page is once it is read: headings and blocks in document order, and what is known of where they stand."""

from dataclasses import dataclass, field

from humpback.corpus.cutting.furniture import Strength


@dataclass(slots=True)
class Heading:
    """A heading of level 1 to 6; `linked` if it is, or stands in, a link."""

    text: str
    level: int
    linked: bool = False
    fate: str = ""


@dataclass(slots=True)
class Block:
    """A paragraph, list item, table or code block as Markdown; items of one list share `list_id`.

    `weight` is its characters outside links if it is long enough to be prose, `link_chars` those inside. `fate` says why
    it was left out, and is empty for what stays.
    """

    text: str
    list_id: int | None = None
    weight: int = 0
    link_chars: int = 0
    fate: str = ""


Event = Heading | Block


@dataclass(slots=True)
class Mark:
    """Events `start` to `end` stand in an element whose tag or names call it furniture; `links` of them hold links."""

    start: int
    end: int
    strength: Strength
    name: str
    links: int


@dataclass(slots=True)
class Outline:
    """A page as the walk left it. `containers` are the (start, end) of elements over events, inner ones first."""

    title: str = ""
    events: list[Event] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    containers: list[tuple[int, int]] = field(default_factory=list)
