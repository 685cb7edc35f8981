"""Duplicates among segments: the first stays."""

import random

import pytest

from humpback.corpus.dedup import DedupConfig, shingles, unique
from humpback.stage import Drop

WORDS = [f"word{i}" for i in range(2000)]


def text(seed: int, length: int = 150) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def changed(original: str, count: int) -> str:
    words = original.split()
    return " ".join([*words[:-count], *(f"new{i}" for i in range(count))]) if count else original


def reasons(*texts: str, config: DedupConfig | None = None) -> list[str | None]:
    rows = [{"id": str(i), "text": text_} for i, text_ in enumerate(texts)]
    return [outcome.reason if isinstance(outcome, Drop) else None for outcome in unique(config or DedupConfig(), rows)]


@pytest.mark.parametrize("twin", ["One two, three!", "one two three", "ONE  two\n\nthree.", "*One* two — three"])
def test_equal_but_for_case_signs_and_space(twin: str) -> None:
    """Copies differ in white space and typography: they are copies."""
    assert reasons("One two, three!", twin) == [None, "duplicate"]


@pytest.mark.parametrize(("count", "expected"), [(1, "near_duplicate"), (10, "near_duplicate"), (40, None), (100, None)])
def test_near_duplicates_by_their_share(count: int, expected: str | None) -> None:
    """150 words of which so many are new: the exact Jaccard decides, not the sketch."""
    assert reasons(text(1), changed(text(1), count)) == [None, expected]


def test_the_threshold_is_exact() -> None:
    """MinHash only estimates; a pair just below the bound stays and one at it falls, whatever the sketch says."""
    one, other = text(3), changed(text(3), 20)
    a, b = shingles(one, 5), shingles(other, 5)
    jaccard = len(a & b) / len(a | b)
    verdicts = [reasons(one, other, config=DedupConfig(threshold=bound))[1] for bound in (jaccard, jaccard + 1e-9)]
    assert verdicts == ["near_duplicate", None]


def test_near_duplicates_are_hardly_ever_missed() -> None:
    """Forty pairs at Jaccard 0.88: a sketch looking exactly at the threshold would miss some; the margin is for that."""
    texts = [variant for seed in range(40) for variant in (text(seed), changed(text(seed), 9))]
    assert reasons(*texts).count("near_duplicate") == 40


def test_the_first_stays() -> None:
    """Which of two stays must not depend on hashing, or two runs keep different rows."""
    rows = [{"id": name, "text": text(1)} for name in ("z", "a", "m")]
    out = list(unique(DedupConfig(), rows))
    assert [(o.row["id"], o.value) if isinstance(o, Drop) else o["id"] for o in out] == ["z", ("a", "z"), ("m", "z")]


def test_other_texts_stay() -> None:
    """Texts on other things share words and no shingles."""
    assert reasons(*(text(seed) for seed in range(30))) == [None] * 30


@pytest.mark.parametrize("short", ["", "one", "one two three four"])
def test_texts_shorter_than_a_shingle(short: str) -> None:
    """A text of few words is one shingle, not none: the empty set has no Jaccard."""
    assert len(shingles(short, 5)) == 1
    assert reasons(short, "something else altogether here now", short) == [None, None, "duplicate"]
