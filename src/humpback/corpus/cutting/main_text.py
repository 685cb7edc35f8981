"""Which of a page's headings and blocks are its main text, and which are furniture.

Two decisions, both by where the prose lies: an element that its names call furniture goes unless it holds more of the
page's prose than furniture could (a "widget" may well hold the article), and of what is left the smallest element that
holds most of it is the main text. Nothing is learnt from any site.
"""

from itertools import accumulate, zip_longest

from humpback.corpus.cutting.asides import POINTER_SHARE, leave_out_asides
from humpback.corpus.cutting.furniture import Strength
from humpback.corpus.cutting.page import LEAST_PROSE, Block, Event, Heading, Mark, Outline
from humpback.corpus.cutting.running_text import BOLD_LEVEL

# An element called furniture this surely goes while it holds no more than this share of the page's prose.
MOST_PROSE = {Strength.WEAK: 0.2, Strength.STRONG: 0.5, Strength.COMMENTS: 0.3, Strength.SURE: 1.0}
# ... and comments go, however long, where this much prose remains without them.
ENOUGH_PROSE = 300
# The main text is the smallest element with this share of the prose.
MAIN_SHARE = 0.8
# Between the title and the main text stand dates and bylines, and sometimes the first paragraph.
LEAD_CHARS = 80
# A title of a lower level stands no further above it, and is no longer.
CLOSE_EVENTS = 8
TITLE_CHARS = 150
# Of a line that is a pointer elsewhere, in a text that is to be complete.
ALL_LINKS = 0.9
# The fate of what was moved to the top; it is left out where it stood.
LEAD = "the lead"


def main_text(page: Outline) -> list[Event]:
    """The events of `page` that are its main text, under its title; what is left out bears its `fate`."""
    events = page.events
    if page.is_thread:
        return _demoted([event for event in events if not event.fate])
    title = next((i for i, event in enumerate(events) if _is_title(event)), -1)
    _leave_out_furniture(page, title)
    start, end = _main_range(page)
    body = [event for event in events[start:end] if not event.fate]
    lead = _lead(page, body, start)
    for event in (*events[:start], *events[end:]):
        event.fate = event.fate or "outside the main text"
    rest = lead + body
    # A list of things is made of lines that would be asides elsewhere.
    prose = sum(event.weight for event in rest if type(event) is Block)
    if not page.complete or prose >= LEAST_PROSE * page.density * sum(len(event.text) for event in rest):
        rest = leave_out_asides(rest, ALL_LINKS if page.complete else POINTER_SHARE)
    return _demoted(rest)


def _demoted(events: list[Event]) -> list[Event]:
    """`events` with the bold lines that head nothing as paragraphs again."""
    out: list[Event] = []
    for event, following in zip_longest(events, events[1:]):
        heads = following is not None and type(following) is Block
        out.append(Block(event.text) if type(event) is Heading and event.level == BOLD_LEVEL and not heads else event)
    return out


def _leave_out_furniture(page: Outline, title: int) -> None:
    weights = [0, *accumulate(event.weight if type(event) is Block else 0 for event in page.events)]
    total, done = weights[-1], 0
    remaining = total
    for mark in sorted(page.marks, key=lambda mark: (mark.start, -mark.end)):
        prose = weights[mark.end] - weights[mark.start]
        if page.complete and mark.strength is Strength.WEAK:
            continue
        if mark.start < done or _holds_content(page, mark, prose, total, remaining):
            continue
        done, remaining = mark.end, remaining - prose
        for i in range(mark.start, mark.end):
            if i != title:
                page.events[i].fate = page.events[i].fate or f"furniture: {mark.name}"


def _is_headed(page: Outline, mark: Mark) -> bool:
    """Whether a box holds nothing but a heading: the question of a card, whose answer is in the next one."""
    return all(type(event) is Heading for event in page.events[mark.start : mark.end])


def _holds_content(page: Outline, mark: Mark, prose: int, total: int, remaining: int) -> bool:
    if mark.strength is Strength.WEAK and not mark.links and (prose or _is_headed(page, mark)):
        return True
    if prose <= MOST_PROSE[mark.strength] * total:
        return False
    return not (mark.strength is Strength.COMMENTS and remaining - prose >= ENOUGH_PROSE)


def _main_range(page: Outline) -> tuple[int, int]:
    """Where the smallest container with `MAIN_SHARE` of the remaining prose begins and ends.

    A container of one paragraph is none: a long one would leave out the list that it introduces.
    """
    weights = [0, *accumulate(page.weights())]
    wanted = MAIN_SHARE * weights[-1]
    best = (0, len(page.events))
    if not wanted:
        return best
    for start, end in page.containers:
        if 1 < end - start < best[1] - best[0] and weights[end] - weights[start] >= wanted:
            best = (start, end)
    return best


def _lead(page: Outline, body: list[Event], start: int) -> list[Event]:
    """The title of a main text that has none, and the paragraphs between; the page's own title where no heading is."""
    own: list[Event] = [Heading(page.title, 1)] if page.title and body and type(body[0]) is Block else []
    if any(map(_is_title, body)):
        return own
    before = [event for event in page.events[:start] if not event.fate]
    at = _title_before(before)
    if at is None:
        return own
    between = [event for event in before[at + 1 :] if len(event.text) * page.density >= LEAD_CHARS]
    for event in (before[at], *between):
        event.fate = LEAD
    return [Heading(before[at].text, 1), *(Block(event.text, weight=len(event.text)) for event in between)]


def _title_before(before: list[Event]) -> int | None:
    """The last heading of level 1; where there is none, the last heading if it stands close above the main text."""
    places = range(len(before) - 1, -1, -1)
    first = next((i for i in places if _is_title(before[i])), None)
    close = (i for i in places[:CLOSE_EVENTS] if type(before[i]) is Heading and len(before[i].text) < TITLE_CHARS)
    return first if first is not None else next(close, None)


def _is_title(event: Event) -> bool:
    return type(event) is Heading and event.level == 1
