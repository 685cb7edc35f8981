"""How far the instruction says what stands over the text: Dice coefficient of the letter groups of instruction and headings.

Whoever wrote the page said in its headings what the text is about, and often which question it answers. What a text says
along the way is close to it too, and is not what it answers: on pairs that a small model wrote, this tells good ones from
bad ones and the cosine of instruction and text does not (docs/scorers.md).
"""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from humpback.config import Empty
from humpback.curate import scorers
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.schema import Row
from humpback.stage import Outcome, Stage
from humpback.text.sentences import terms

# Letters in a group: long enough to be of one word, short enough to pass over its endings.
LETTERS = 4


def overlap(_: Empty, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Every pair with `heading_overlap`, 0 to 1; null where no heading stands over the text."""
    for row in rows:
        yield {**row, "heading_overlap": shared(row["instruction"], row.get("header_path") or [])}


def shared(instruction: str, over: Sequence[str | None]) -> float | None:
    asked, told = _groups(instruction), _groups(" ".join(part for part in over if part))
    return 2 * len(asked & told) / (len(asked) + len(told)) if told else None


def _groups(text: str) -> set[str]:
    words = [f" {term} " for term in terms(text)]
    return {word[at : at + LETTERS] for word in words for at in range(max(1, len(word) - LETTERS + 1))}


def stages(_: Asking) -> tuple[Stage, ...]:
    return (Stage("headings", scorers.schema(), overlap),)


SCORER = Scorer("heading_overlap", {"heading_overlap": pa.float64()}, stages, part="headings", place=60)
