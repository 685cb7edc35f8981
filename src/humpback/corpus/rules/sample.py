"""A seeded sample of segments, in an order that depends on nothing but their ids and the seed."""

import heapq
from collections.abc import Iterable, Iterator

from humpback.config import Config
from humpback.schema import Row, row_seed
from humpback.stage import Drop, Outcome


class SampleConfig(Config):
    """How many rows are drawn, unset: all of them, and the seed of the draw."""

    size: int | None
    seed: int


def sample(config: SampleConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The `size` rows with the smallest seeded draw, in that order; the others are dropped as "not_sampled".

    Taking the smallest draws is a reservoir sample that more input refines instead of reshuffling. Without a size all
    rows stay, as they come. No more than `size` rows are held.
    """
    if config.size is None:
        yield from rows
        return
    chosen: list[tuple[int, str, Row]] = []
    for row in rows:
        entry = (-row_seed(row["id"], str(config.seed)), row["id"], row)
        fallen = heapq.heappushpop(chosen, entry) if len(chosen) >= config.size else None
        if fallen is None:
            heapq.heappush(chosen, entry)
        else:
            yield Drop(fallen[2], "not_sampled", f"more than {config.size}")
    yield from (row for _, _, row in sorted(chosen, key=lambda entry: (-entry[0], entry[1])))
