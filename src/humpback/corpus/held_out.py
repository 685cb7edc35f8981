"""Pairs that models are measured on, and pairs that would teach them the answers: equal ones, and nearly equal ones.

Two pairs are nearly equal if instruction and response together are (Jaccard of word shingles, as between segments), or if
the responses are and are long: what is measured is the loss on the response, and who was trained on it has seen it, whatever
it was the answer to. Short responses come again and are no copies ("Yes.", refusals): they count only with what was asked.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from pydantic import Field

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.store import Dataset, DatasetFolder
from humpback.text.near_duplicates import BATCH, DedupConfig, Known
from humpback.text.sentences import terms

REASON = "held_out_pair"


class NearConfig(DedupConfig):
    """When a pair is nearly a held-out one. Shingles are short, as pairs may be."""

    shingle: int = Field(3, ge=1, description="terms in a shingle, as where instructions are told apart (ours)")
    response_terms: int = Field(50, ge=1, description="a response of so many terms is a copy without its instruction (ours)")


class UnseenConfig(Config):
    """The seed, whose rows of the splits dev and test are held out."""

    held: DatasetFolder
    near: NearConfig = NearConfig()


class HeldOut:
    """The held-out pairs `rows`, and which of them another pair equals or nearly equals."""

    def __init__(self, config: NearConfig, rows: Iterable[Row]) -> None:
        self._least = config.response_terms
        self._pairs, self._responses = Known(config), Known(config)
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            self._pairs.add([row["id"] for row in batch], [_whole(row) for row in batch])
            long = [row for row in batch if self._is_long(row)]
            if long:
                self._responses.add([row["id"] for row in long], [row["response"] for row in long])

    def twins(self, rows: list[Row]) -> list[str | None]:
        """For each of `rows` the id of the held-out pair that it equals or nearly equals."""
        found = [twin.id if twin else None for twin in self._pairs.twins([_whole(row) for row in rows])]
        left = [i for i, row in enumerate(rows) if found[i] is None and self._is_long(row)]
        for i, twin in zip(left, self._responses.twins([rows[i]["response"] for i in left]), strict=True):
            found[i] = twin.id if twin else None
        return found

    def _is_long(self, row: Row) -> bool:
        return len(terms(row["response"])) >= self._least


def _whole(row: Row) -> str:
    return f"{row['instruction']}\n{row['response']}"


def unseen_rows(config: UnseenConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Drops each pair that equals or nearly equals a held-out one as "held_out_pair", with the id of that one."""
    held = _held_out(config.held, Dataset(config.held).fingerprint, config.near)
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        for row, twin in zip(batch, held.twins(batch), strict=True):
            yield row if twin is None else Drop(row, REASON, twin)


@lru_cache(maxsize=2)
def _held_out(seed: Path, _fingerprint: str, config: NearConfig) -> HeldOut:
    """Built once in a process, and not for each shard."""
    return HeldOut(config, (row for row in Dataset(seed).rows() if row["split"] in ("dev", "test")))
