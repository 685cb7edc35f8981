"""Requests of the seed said again: a model that was trained on few pairs writes one of theirs where it knows no better.

An instruction that equals a seed pair's, or nearly, may still be right, and the text another answer to it. It is dropped
where its text does not consent: where the text holds too few of the terms that tell this request from others.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice, pairwise

from pydantic import Field

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.store import Dataset, DatasetFolder
from humpback.text.near_duplicates import BATCH, DedupConfig, Known
from humpback.text.sentences import UNSPACED, terms

REASON = "seed_request"
# Letters of a word that stand for it: its endings differ between request and text.
STEM = 5
_UNSPACED = re.compile(f"[{UNSPACED}]")


class AlikeConfig(DedupConfig):
    """When a request is nearly another: where they share their terms, in whatever order."""

    threshold: float = Field(0.8, gt=0, le=1, description="similarity (Jaccard); one word of nine is another (ours)")
    shingle: int = Field(1, ge=1, description="terms in a shingle (ours)")


class SeedRequestsConfig(Config):
    """The seed, and how much of a request a text has to hold."""

    seed: DatasetFolder
    alike: AlikeConfig = AlikeConfig()
    common: float = Field(
        0.02, ge=0, lt=1, description="what stands in a larger share of the seed's requests tells nothing of one (ours)"
    )
    consent: float = Field(0.25, ge=0, le=1, description="share of the telling terms that the text has to hold (ours)")


class Requests:
    """The requests of the seed's pairs `rows`, and which of them an instruction says again."""

    def __init__(self, config: SeedRequestsConfig, rows: list[Row]) -> None:
        self._config = config
        self._asked = {row["id"]: row["instruction"] for row in rows}
        self._known = Known(config.alike)
        if rows:
            self._known.add(list(self._asked), list(self._asked.values()))
        self._counts = Counter(stem for instruction in self._asked.values() for stem in stems(instruction))

    def said_again(self, rows: list[Row]) -> list[str | None]:
        """For each of `rows` the seed pair, id and instruction, whose request it says again against its text."""
        twins = self._known.twins([row["instruction"] for row in rows])
        return [
            f"{twin.id}: {self._asked[twin.id]}" if twin and not self.consents(row["response"], row["instruction"]) else None
            for row, twin in zip(rows, twins, strict=True)
        ]

    def consents(self, text: str, instruction: str) -> bool:
        """Whether `text` holds enough of what `instruction` speaks of; it does where that is nothing."""
        most = max(1, self._config.common * len(self._asked))
        telling = {stem for stem in stems(instruction) if self._counts[stem] <= most}
        return len(telling & stems(text)) >= self._config.consent * len(telling)


def stems(text: str) -> set[str]:
    """The terms of `text` without their endings; where no blanks part words, each two neighbours as one.

    A text in Chinese holds most of the characters of any request, but not their pairs.
    """
    said = terms(text)
    bare = [_UNSPACED.match(term) is not None for term in said]
    pairs = {one + other for (one, first), (other, second) in pairwise(zip(said, bare, strict=True)) if first and second}
    return pairs | {term[:STEM] for term, unspaced in zip(said, bare, strict=True) if not unspaced}


def no_seed_requests(config: SeedRequestsConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Drops as "seed_request" each pair that a model wrote and whose instruction says one of the seed again, against its
    text. Pairs that name no method are people's, who may ask what they like."""
    requests = _requests(config, Dataset(config.seed).fingerprint)
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        for row, seed in zip(batch, requests.said_again(batch), strict=True):
            yield Drop(row, REASON, seed) if seed and row.get("method") else row


@lru_cache(maxsize=2)
def _requests(config: SeedRequestsConfig, _fingerprint: str) -> Requests:
    """Built once in a process, and not for each shard."""
    return Requests(config, list(Dataset(config.seed).rows()))
