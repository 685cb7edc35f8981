"""Which part of the pages got a pair, and how many different things are asked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from humpback.metrics.shares import share_of
from humpback.schema import Row, row_seed
from humpback.text.rouge import Pool

COLUMNS = ("id", "parent", "url", "instruction", "response")
# All of them are compared with each other, in some seconds.
_DRAWN = 1_000
# As Self-Instruct has it.
ALIKE = 0.7


def measure(_: Sequence[Row], kept: Sequence[Row], dropped: Sequence[Row], told: Mapping[str, Any]) -> Iterator[Row]:
    """Metric rows: covered, the share of the texts, and of the pages, of which a pair was kept (`part`); different, the
    share of the kept instructions with a ROUGE-L of at most 0.7 with all before them, of at most `_DRAWN` drawn by id."""
    for part, column in (("text", "parent"), ("page", "url")):
        with_pair = {row[column] for row in kept if row.get(column)}
        every = with_pair | {row[column] for row in dropped if row.get(column)}
        if every:
            yield share_of("covered", hits=len(with_pair), n=len(every), part=part, **told)
    drawn = sorted(kept, key=lambda row: row_seed(str(row["id"]), "coverage"))[:_DRAWN]
    pool, different = Pool(), 0
    for row in drawn:
        different += not pool.likest(row["instruction"], ALIKE)
        pool.add(row["instruction"])
    yield share_of("different", hits=different, n=len(drawn), part="instruction", **told)
