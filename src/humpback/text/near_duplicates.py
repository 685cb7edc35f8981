"""Exact and near duplicates among segments: equal terms, then MinHash LSH with the exact Jaccard to decide.

The first of a set of duplicates stays, in the order of the dataset, whatever the number of workers. No text is held: a
segment that stays costs its shingles in 32 bits each, its band keys and its id, about 2 GB per million segments of 1,500
characters. MinHash by `rensa` (Dahlgaard et al. 2017, Fast Similarity Sketching); banding after Leskovec et al., Mining of
Massive Datasets, section 3.4.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.text.sentences import terms

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

# Rows that are hashed and looked up together; they are answered in their order all the same.
BATCH = 512
# A pair at the threshold is looked at with at least this probability; the exact Jaccard then decides.
_RECALL = 0.99
# Segments of one template fill the same buckets without being duplicates. The first of them stand for the rest, so that a
# million of them take time with their number and not with its square.
MOST_IN_A_BUCKET = 20
_ODD = 0x9E3779B97F4A7C15


class DedupConfig(Config):
    """Near duplicates: sets of word shingles whose Jaccard similarity reaches the threshold (ours)."""

    threshold: float = Field(0.8, gt=0, le=1, description="two segments this similar (Jaccard) are duplicates (ours)")
    shingle: int = Field(
        5, ge=1, description="terms in a shingle; in scripts without spaces a term is about a character (ours)"
    )
    permutations: int = Field(128, ge=16, description="values of a MinHash signature (ours)")


@dataclass(frozen=True)
class Shingles:
    """The shingles of a batch of texts: `full` in 64 bits, text after text; `sets` of their upper 32 bits, sorted."""

    full: Hashes
    starts: Numbers
    sets: list[npt.NDArray[np.uint32]]
    identities: list[bytes]


def shingles(texts: list[str], size: int) -> Shingles:
    """All runs of `size` terms of each text, hashed; a text of fewer terms is one shingle, not none."""
    words = [terms(text) for text in texts]
    filled = [row if len(row) >= size else row + [""] * (size - len(row)) for row in words]
    lengths = np.array([len(row) for row in filled], dtype=np.int64)
    ((_, rolled),) = ngram_hashes(list(chain.from_iterable(filled)), (size,))
    across = (np.cumsum(lengths)[:-1, None] - np.arange(1, size)).ravel()
    full, counts = np.delete(rolled, across), lengths - size + 1
    identities = [hashlib.blake2b(" ".join(row).encode(), digest_size=16).digest() for row in words]
    return Shingles(full, np.concatenate([[0], np.cumsum(counts)]), _sets(full, counts), identities)


def ngram_hashes(words: list[str], sizes: tuple[int, ...]) -> Iterator[tuple[int, Hashes]]:
    """For each of `sizes` in ascending order: (size, 64-bit hash of the n-gram at each place). The same on every machine."""
    hashed = np.fromiter(map(crc32, map(str.encode, words)), np.uint64, len(words))
    rolled = np.zeros_like(hashed)
    for place in range(min(sizes[-1], len(words))):
        rolled = rolled[: len(words) - place] * np.uint64(_ODD) + hashed[place:]
        if place + 1 in sizes:
            yield place + 1, _mixed(rolled)


def _mixed(values: Hashes) -> Hashes:
    """Each bit of a value spread over all of it (the finalizer of MurmurHash3)."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        values = (values ^ (values >> np.uint64(33))) * np.uint64(factor)
    return values ^ (values >> np.uint64(33))


def _sets(full: Hashes, counts: Numbers) -> list[npt.NDArray[np.uint32]]:
    owner = np.repeat(np.arange(len(counts), dtype=np.uint64), counts) << np.uint64(32)
    # Sorted by text and then by hash, in one go for the whole batch.
    distinct = np.sort(owner | (full >> np.uint64(32)))
    distinct = distinct[np.append(True, distinct[1:] != distinct[:-1])]
    sizes = np.bincount((distinct >> np.uint64(32)).astype(np.int64), minlength=len(counts))
    return np.split(distinct.astype(np.uint32), np.cumsum(sizes)[:-1])


def rows_per_band(threshold: float, permutations: int) -> int:
    """The longest bands (fewest false candidates) that still find a pair at `threshold` with probability `_RECALL`."""
    found = {rows: 1 - (1 - threshold**rows) ** (permutations // rows) for rows in range(1, permutations + 1)}
    return max(rows for rows, probability in found.items() if probability >= _RECALL or rows == 1)


class Bands:
    """Which segments share a band of their signatures: keys and segments in a few sorted runs, 12 bytes per band.

    A run is merged into the one before it when that is not twice as long, so that n segments take log n runs.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, npt.NDArray[np.uint32]]] = []

    def add(self, keys: Hashes, segments: Numbers) -> None:
        """Enter each row of `keys` for the segment of that number; numbers must grow from call to call."""
        if not len(keys):
            return
        run = keys.ravel(), np.repeat(segments, keys.shape[1]).astype(np.uint32)
        self._runs.append(_sorted(*run))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            late, early = self._runs.pop(), self._runs.pop()
            self._runs.append(_sorted(np.concatenate([early[0], late[0]]), np.concatenate([early[1], late[1]])))

    def sharing(self, keys: Hashes) -> Numbers:
        """Pairs (row of `keys`, segment), each once and sorted, that share a band."""
        flat = keys.ravel()
        order = np.argsort(flat, kind="stable")
        askers, flat = order // keys.shape[1], flat[order]
        pairs = [np.empty(0, dtype=np.int64)]
        for held, segments in self._runs:
            first = np.searchsorted(held, flat, "left")
            hit = np.flatnonzero(held[np.minimum(first, len(held) - 1)] == flat)
            last = np.searchsorted(held, flat[hit], "right")
            counts = np.minimum(last - first[hit], MOST_IN_A_BUCKET)
            places = np.repeat(first[hit] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
            pairs.append(np.repeat(askers[hit], counts) << 32 | segments[places])
        distinct = np.unique(np.concatenate(pairs))
        return np.stack([distinct >> 32, distinct & 0xFFFFFFFF], axis=1)


def _sorted(keys: Hashes, segments: npt.NDArray[np.uint32]) -> tuple[Hashes, npt.NDArray[np.uint32]]:
    order = np.argsort(keys, kind="stable")
    return keys[order], segments[order]


class Twin(NamedTuple):
    """The known text that a text is like: its id, their Jaccard similarity, and whether their terms are equal."""

    id: str
    similarity: float
    equal: bool


def unique(config: DedupConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Drops "duplicate" and "near_duplicate", each naming the segment that stays."""
    known = Known(config)
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        twins = known.enter([row["id"] for row in batch], [row["text"] for row in batch])
        for row, twin in zip(batch, twins, strict=True):
            if twin is None:
                yield row
            elif twin.equal:
                yield Drop(row, "duplicate", twin.id)
            else:
                yield Drop(row, "near_duplicate", f"{twin.id} {twin.similarity:.2f}")


class Known:
    """Texts by their ids, and which of them another text equals or nearly equals: the most similar, the first of equals."""

    def __init__(self, config: DedupConfig) -> None:
        self._config = config
        self._rows_per_band = rows_per_band(config.threshold, config.permutations)
        self._ids: list[str] = []
        self._exact: dict[bytes, int] = {}
        self._sets: list[bytes] = []
        self._bands = Bands()

    def enter(self, ids: list[str], texts: list[str]) -> list[Twin | None]:
        """The twin of each text among the known ones and those before it; a text that has none becomes known."""
        found = shingles(texts, self._config.shingle)
        keys = self._band_keys(found)
        near = self._near(keys)
        numbers: dict[int, int] = {}
        twins: list[Twin | None] = []
        for i, id in enumerate(ids):
            others = [numbers.get(~other) if other < 0 else other for other in near.get(i, ())]
            number, twin = self._twin(found, i, [other for other in others if other is not None])
            if twin is None:
                number = numbers[i] = self._hold(id, found, i)
            self._exact.setdefault(found.identities[i], number)
            twins.append(twin)
        self._bands.add(keys[list(numbers)], np.array(list(numbers.values()), dtype=np.int64))
        return twins

    def add(self, ids: list[str], texts: list[str]) -> None:
        """All of them become known, whatever they are like; `texts` are some."""
        found = shingles(texts, self._config.shingle)
        numbers = [self._hold(id, found, i) for i, id in enumerate(ids)]
        for identity, number in zip(found.identities, numbers, strict=True):
            self._exact.setdefault(identity, number)
        self._bands.add(self._band_keys(found), np.array(numbers, dtype=np.int64))

    def twins(self, texts: list[str]) -> list[Twin | None]:
        """The twin of each text among the known ones."""
        if not self._ids or not texts:
            return [None] * len(texts)
        found = shingles(texts, self._config.shingle)
        near: dict[int, list[int]] = {}
        for i, number in self._bands.sharing(self._band_keys(found)).tolist():
            near.setdefault(i, []).append(number)
        return [self._twin(found, i, near.get(i, []))[1] for i in range(len(texts))]

    def _hold(self, id: str, found: Shingles, i: int) -> int:
        self._ids.append(id)
        self._sets.append(found.sets[i].tobytes())
        return len(self._ids) - 1

    def _band_keys(self, found: Shingles) -> Hashes:
        from rensa import RMinHash  # only where there is a batch: a finished run needs none of it

        rows, values = self._rows_per_band, self._config.permutations
        bands = values // rows
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(found.full, found.starts.astype(np.uint64), values, 1)
        signatures = np.array(matrix.to_rows(), dtype=np.uint64)[:, : bands * rows].reshape(-1, bands, rows)
        keys = np.broadcast_to(np.arange(bands, dtype=np.uint64), signatures.shape[:2])
        for place in range(rows):
            keys = keys * np.uint64(_ODD) + signatures[:, :, place]
        return _mixed(keys)

    def _near(self, keys: Hashes) -> dict[int, list[int]]:
        """Row of the batch -> numbers of known texts and, as -1 - row, earlier rows of the batch."""
        batch = Bands()
        batch.add(keys, np.arange(len(keys)))
        near: dict[int, list[int]] = {}
        for i, number in self._bands.sharing(keys).tolist():
            near.setdefault(i, []).append(number)
        for i, other in batch.sharing(keys).tolist():
            if other < i:
                near.setdefault(i, []).append(~other)
        return near

    def _twin(self, found: Shingles, i: int, others: list[int]) -> tuple[int, Twin | None]:
        """(number, twin) of text `i`: of equal terms, or the most similar of `others` if it reaches the threshold."""
        same = self._exact.get(found.identities[i])
        if same is not None:
            return same, Twin(self._ids[same], 1.0, True)
        if not others:
            return -1, None
        own, theirs = found.sets[i], [np.frombuffer(self._sets[number], dtype=np.uint32) for number in others]
        sizes = np.array([len(one) for one in theirs])
        joined = np.concatenate(theirs)
        hits = own[np.minimum(np.searchsorted(own, joined), len(own) - 1)] == joined
        shared = np.add.reduceat(hits, np.cumsum(sizes) - sizes, dtype=np.int64)
        jaccard = shared / (len(own) + sizes - shared)
        best = int(jaccard.argmax())
        if jaccard[best] < self._config.threshold:
            return -1, None
        return others[best], Twin(self._ids[others[best]], float(jaccard[best]), False)
