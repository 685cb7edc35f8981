"""A seeded sample of segments, in an order that depends on nothing but their ids and the seed."""

import hashlib
from collections.abc import Iterable, Iterator

from humpback.schema import Row
from humpback.stage import Drop, Outcome


def sample(size: int | None, seed: int, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The `size` rows with the smallest seeded hash of their id, in that order; the others are dropped as "not_sampled".

    Taking the smallest hashes is a reservoir sample that more input refines instead of reshuffling.
    """
    ordered = sorted(rows, key=lambda row: hashlib.blake2b(f"{seed}\0{row['id']}".encode(), digest_size=8).digest())
    for rank, row in enumerate(ordered):
        yield row if size is None or rank < size else Drop(row, "not_sampled", rank)
