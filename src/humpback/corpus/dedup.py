"""Exact and near duplicates among segments: equal normalised text, then MinHash LSH by datasketch.

The first of a set of duplicates stays, in the order of the dataset, whatever the number of workers.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

import numpy as np

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Drop, Outcome

_WORD = re.compile(r"\w+")
# Candidates are looked for below the threshold, where the sketch still finds nearly all; the exact Jaccard decides.
_RECALL_MARGIN = 0.15


class DedupConfig(Config):
    """Near duplicates: word shingles of `shingle` words whose Jaccard similarity reaches `threshold` (ours)."""

    threshold: float = 0.8
    shingle: int = 5
    permutations: int = 128


def shingles(text: str, size: int) -> set[int]:
    """64-bit hashes of the word shingles of `text`; one for the whole text if it has fewer words."""
    words = _WORD.findall(text.casefold())
    grams = [" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1))]
    return {int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "little") for gram in grams}


def unique(config: DedupConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Drops "duplicate" and "near_duplicate", each naming the segment that stays."""
    from datasketch import MinHash, MinHashLSH  # draws in scipy, and a finished run needs none of it

    exact: dict[bytes, str] = {}
    kept_text: dict[str, str] = {}
    lsh = MinHashLSH(threshold=config.threshold - _RECALL_MARGIN, num_perm=config.permutations)
    for row in rows:
        key = hashlib.blake2b(" ".join(_WORD.findall(row["text"].casefold())).encode(), digest_size=16).digest()
        if key in exact:
            yield Drop(row, "duplicate", exact[key])
            continue
        exact[key] = row["id"]
        own = shingles(row["text"], config.shingle)
        sketch = MinHash(num_perm=config.permutations, seed=1, hashfunc=int)
        sketch.update_batch(np.fromiter((h & 0xFFFFFFFF for h in own), dtype=np.uint64, count=len(own)))
        twin = _twin(own, sorted(lsh.query(sketch)), kept_text, config)
        if twin:
            yield Drop(row, "near_duplicate", f"{twin[0]} {twin[1]:.2f}")
            continue
        lsh.insert(row["id"], sketch)
        kept_text[row["id"]] = row["text"]
        yield row


def _twin(own: set[int], near: list[str], texts: dict[str, str], config: DedupConfig) -> tuple[str, float] | None:
    for other in near:
        theirs = shingles(texts[other], config.shingle)
        jaccard = len(own & theirs) / len(own | theirs)
        if jaccard >= config.threshold:
            return other, jaccard
    return None
