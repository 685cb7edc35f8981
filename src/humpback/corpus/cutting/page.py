"""What a page is once it is read: headings and blocks in document order, and what is known of where they stand."""

from dataclasses import dataclass, field

from humpback.corpus.cutting.furniture import Strength

# A page with a smaller share of prose in its text is a list of things.
LEAST_PROSE = 0.4


@dataclass(slots=True)
class Heading:
    """A heading of level 1 to 6; `linked` if it is, or stands in, a link."""

    text: str
    level: int
    linked: bool = False
    fate: str = ""
    # It parts the page where its reader sees no heading: above each answer of a thread.
    silent: bool = False


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
    """A page as the walk left it. `containers` are the (start, end) of elements over events, inner ones first.

    `complete`: lists of links are in it as they stand, for who wants all of a page's text and not answers alone. Of a thread
    each post stands under a heading of its own, and nothing beside the posts is in it.
    """

    title: str = ""
    events: list[Event] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    containers: list[tuple[int, int]] = field(default_factory=list)
    is_thread: bool = False
    complete: bool = False
    # Latin characters that one of the page's is worth, by its title.
    density: float = 1.0

    def weights(self) -> list[int]:
        """How much each event weighs that was not left out: as prose, or as text on a page with little prose."""
        left = [event if not event.fate else None for event in self.events]
        prose = [event.weight if type(event) is Block else 0 for event in left]
        texts = [round(len(event.text) * self.density) if event is not None else 0 for event in left]
        return prose if sum(prose) >= LEAST_PROSE * sum(texts) else texts
