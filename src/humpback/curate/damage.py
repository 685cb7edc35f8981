"""Damage that is done to clean pairs, to see who tells them apart: five kinds, none of which the judge is ever taught."""

from collections.abc import Callable, Iterator, Sequence

from humpback.config import Config
from humpback.schema import Row, row_id
from humpback.store import Dataset, DatasetFolder

# (instruction, response)
Exchange = tuple[str, str]
Damage = Callable[[Sequence[Exchange]], list[Exchange]]
ADVERT = (
    "Sponsored: save 20 % today! Click here to claim your free trial, and subscribe to our newsletter for more offers like "
    "this. Share this page with your friends. Terms apply."
)
GENERIC = (
    "Tell me something interesting.",
    "What should I know about this topic?",
    "Write a helpful answer.",
    "Explain this to me in detail.",
    "Give me some useful information.",
)


def clean(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Each as it is."""
    return list(exchanges)


def shuffled(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Each answer under the next pair's instruction."""
    return [(exchanges[(i + 1) % len(exchanges)][0], response) for i, (_, response) in enumerate(exchanges)]


def truncated(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Each answer cut in the middle of a sentence, at two fifths of its words."""
    out = []
    for instruction, response in exchanges:
        words = response.split(" ")
        out.append((instruction, " ".join(words[: max(1, 2 * len(words) // 5)]).rstrip(".!?:")))
    return out


def advert_inserted(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """An advert in the middle of each answer."""
    out = []
    for instruction, response in exchanges:
        parts = response.split("\n")
        at = max(1, len(parts) // 2)
        out.append((instruction, "\n".join([*parts[:at], "", ADVERT, "", *parts[at:]])))
    return out


def copied(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The answer's own first words in place of the instruction."""
    return [(" ".join(response.split()[:25]), response) for _, response in exchanges]


def generic(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Each answer under an instruction that fits any text."""
    return [(GENERIC[i % len(GENERIC)], response) for i, (_, response) in enumerate(exchanges)]


CLEAN, LABELLED = "clean", "labelled"
DAMAGES: dict[str, Damage] = {
    each.__name__: each
    for each in (clean, shuffled, generic, truncated, advert_inserted, copied)  # the clean ones first
}
# Damage that the guards drop before any judge sees it: measured and shown, but not what a judge is chosen for.
GUARDED = ("copied",)


def damaged_as(kind: str, rows: Sequence[Row]) -> Iterator[Row]:
    """The pairs `rows`, damaged as `kind` says (of `DAMAGES`); `method` is the kind, `parent` the whole pair."""
    exchanges = DAMAGES[kind]([(row["instruction"], row["response"]) for row in rows])
    for row, (instruction, response) in zip(rows, exchanges, strict=True):
        own = {"id": row_id(row["id"], kind), "parent": row["id"], "method": kind}
        yield {**row, **own, "instruction": instruction, "response": response}


class DevPairs(Config):
    """At most `cases` pairs of the dev split of the dataset `seed`, on which nothing was trained."""

    seed: DatasetFolder
    cases: int | None = None

    def rows(self) -> list[Row]:
        return [row for row in Dataset(self.seed).rows() if row["split"] == "dev"][: self.cases]


def damaged(config: DevPairs) -> Iterator[Row]:
    """The dev pairs that have no label, clean and in each kind of damage; and those that have one, as they are."""
    rows = config.rows()
    for kind in DAMAGES:
        yield from damaged_as(kind, [row for row in rows if row["label"] is None])
    yield from ({**row, "parent": row["id"], "method": LABELLED} for row in rows if row["label"] is not None)


def whole_and_damaged(rows: Sequence[Row]) -> list[Row]:
    """Those of the rows of `damaged` that are clean or damaged, and have no label."""
    return [row for row in rows if row["method"] != LABELLED]
