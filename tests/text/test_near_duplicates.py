"""Duplicates among segments: the first stays."""

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humpback.schema import Row
from humpback.stage import Drop
from humpback.text import near_duplicates as dedup
from humpback.text.near_duplicates import Bands, DedupConfig, ngram_hashes, rows_per_band, shingles, unique

WORDS = [f"word{i}" for i in range(2000)]
CHINESE = (
    "骑自行车的人应当每月清洁链条并上油先用旧布擦去尘土再把油滴在每一节上转动踏板让油渗入最后擦去多余的油以免沾上灰尘" * 2
)


def text(seed: int, length: int = 150) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def changed(original: str, count: int) -> str:
    words = original.split()
    return " ".join([*words[:-count], *(f"new{i}" for i in range(count))]) if count else original


def rows_of(*texts: str) -> list[Row]:
    return [{"id": str(i), "text": text_} for i, text_ in enumerate(texts)]


def reasons(*texts: str, config: DedupConfig | None = None) -> list[str | None]:
    outcomes = unique(config or DedupConfig(), rows_of(*texts))
    return [outcome.reason if isinstance(outcome, Drop) else None for outcome in outcomes]


def jaccard(one: str, other: str) -> float:
    a, b = (set(found.tolist()) for found in shingles([one, other], 5).sets)
    return len(a & b) / len(a | b)


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
    one, other = text(3), changed(text(3), 15)
    value = jaccard(one, other)
    verdicts = [reasons(one, other, config=DedupConfig(threshold=bound))[1] for bound in (value, value + 1e-9)]
    assert verdicts == ["near_duplicate", None]


def test_near_duplicates_are_hardly_ever_missed() -> None:
    """A hundred pairs just above the threshold: bands too long for it would miss some."""
    texts = [variant for seed in range(100) for variant in (text(seed), changed(text(seed), 15))]
    assert jaccard(texts[0], texts[1]) < 0.82
    assert reasons(*texts).count("near_duplicate") >= 99


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_bands_find_a_pair_at_the_threshold(threshold: float) -> None:
    """Banding has a curve of its own: with bands of fixed length a changed threshold would silently lose recall."""
    rows = rows_per_band(threshold, 128)
    assert 1 - (1 - threshold**rows) ** (128 // rows) >= 0.99
    longer = rows + 1
    assert threshold == 1 or 1 - (1 - threshold**longer) ** (128 // longer) < 0.99


def test_the_first_stays() -> None:
    """Which of two stays must not depend on hashing, or two runs keep different rows."""
    rows = [{"id": name, "text": text(1)} for name in ("z", "a", "m")]
    out = list(unique(DedupConfig(), rows))
    assert [(o.row["id"], o.value) if isinstance(o, Drop) else o["id"] for o in out] == ["z", ("a", "z"), ("m", "z")]


def test_a_copy_of_a_dropped_row_names_the_one_that_stays() -> None:
    """Naming a row that was itself dropped would lead nowhere."""
    near = changed(text(1), 5)
    out = list(unique(DedupConfig(), rows_of(text(1), near, near.upper())))
    assert [(o.reason, o.value) for o in out if isinstance(o, Drop)] == [("near_duplicate", "0 0.93"), ("duplicate", "0")]


def test_the_most_similar_is_named() -> None:
    """Two that stay may both be near: the drop must show the pair that explains it."""
    base = text(1)
    far = changed(base, 12)
    near = " ".join(["other", *base.split()[1:]])
    assert jaccard(base, far) < 0.86
    out = list(unique(DedupConfig(threshold=0.86), rows_of(far, base, near)))
    assert [o.value.split()[0] for o in out if isinstance(o, Drop)] == ["1"]


def test_other_texts_stay() -> None:
    """Texts on other things share words and no shingles."""
    assert reasons(*(text(seed) for seed in range(30))) == [None] * 30


@pytest.mark.parametrize("short", ["", "one", "one two three four", "— * —"])
def test_texts_shorter_than_a_shingle(short: str) -> None:
    """A text of few words is one shingle, not none: the empty set has no Jaccard."""
    assert len(shingles([short], 5).sets[0]) == 1
    assert reasons(short, "something else altogether here now", short) == [None, None, "duplicate"]


def test_scripts_without_spaces() -> None:
    """With words between blanks a Chinese text would be one shingle, and a changed character would make it another text."""
    other = CHINESE.replace("灰尘", "泥土", 1)
    assert reasons(CHINESE, other, "".join(reversed(CHINESE))) == [None, "near_duplicate", None]


def test_a_batch_does_not_part_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are looked up in batches: the verdicts must be those of one row at a time, also across their borders."""
    texts = [changed(text(seed % 7), seed % 5) for seed in range(60)]
    verdicts = []
    for size in (1, 2, 7, 1000):
        monkeypatch.setattr(dedup, "BATCH", size)
        outcomes = unique(DedupConfig(), rows_of(*texts))
        verdicts.append([(o.reason, o.value) if isinstance(o, Drop) else o["id"] for o in outcomes])
    assert verdicts[0] == verdicts[1] == verdicts[2] == verdicts[3]


def test_rows_stream() -> None:
    """A million texts do not fit into memory: rows must come out before the last has gone in."""
    read = 0

    def endless() -> Iterator[Row]:
        nonlocal read
        while True:
            read += 1
            yield {"id": str(read), "text": f"only {read} here"}

    stream = unique(DedupConfig(), endless())
    assert next(stream) == {"id": "1", "text": "only 1 here"}
    assert read <= 1000


def test_nothing_in_nothing_out() -> None:
    """A dataset may be empty."""
    assert list(unique(DedupConfig(), [])) == []


def test_one_template_is_no_duplicate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of one template share buckets and stay; when a bucket is full, a duplicate is found all the same."""
    monkeypatch.setattr(dedup, "MOST_IN_A_BUCKET", 3)
    texts = [changed(text(1), 40) + f" {' '.join(text(100 + i, 20).split())}" for i in range(200)]
    assert reasons(*texts) == [None] * 200
    assert reasons(*texts, changed(texts[2], 3))[-1] == "near_duplicate"


@given(
    st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), min_size=2, max_size=2), max_size=40), st.integers(1, 9)
)
@settings(max_examples=60, deadline=None)
def test_bands_are_a_multimap(entered: list[list[int]], step: int) -> None:
    """Sorted runs that are merged must answer as a dict of lists does."""
    keys = np.array(entered, dtype=np.uint64).reshape(-1, 2)
    bands = Bands()
    for at in range(0, len(keys), step):
        bands.add(keys[at : at + step], np.arange(at, min(at + step, len(keys))))
    plain = {(i, j) for i, one in enumerate(entered) for j, other in enumerate(entered) if set(one) & set(other)}
    assert {(int(i), int(j)) for i, j in bands.sharing(keys)} == plain


def test_hashes_are_the_same_everywhere() -> None:
    """A hash that is salted, or differs by machine, would keep other rows in another run."""
    words = "der Zug hält in jedem Dorf 列车 停".split()
    ((_, hashes),) = ngram_hashes(words, (5,))
    assert hashlib.sha256(hashes.astype("<u8").tobytes()).hexdigest()[:16] == "22e568965cdf22c8"


def test_signatures_are_the_same_everywhere() -> None:
    """The library's signatures are part of what decides: a new version that draws others is a new version of the stage."""
    from rensa import RMinHash

    values = np.arange(1, 301, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(values, np.array([0, 300], dtype=np.uint64), 128, 1)
    assert hashlib.sha256(np.array(matrix.to_rows(), dtype="<u4").tobytes()).hexdigest()[:16] == "fc881f7c5052e28b"


def test_importing_draws_in_no_scipy() -> None:
    """A command that finds its run finished must not wait for heavy libraries."""
    program = (
        "import sys, humpback.text.near_duplicates; print([m for m in ('scipy', 'rensa', 'torch') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"
