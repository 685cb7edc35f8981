"""Do the kept pairs only look like the seed? Similarity to it, length and variety of what was kept and what was dropped.

A judge that was tuned on the seed may take for good what is written like the seed, and drop useful answers of another
style. Three signs of it: kept pairs are nearer to a seed pair than dropped ones; how seed-like a pair is, by a classifier
that knows nothing of the selection, tells what was kept; and the kept are shorter, longer or more alike. All of it is
lexical, and needs no model.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from humpback.metrics import mean_and_error, mean_of, metric
from humpback.metrics.auc import auc_of
from humpback.schema import Row, row_seed

# Enough for a standard error of a hundredth of the AUC; 10,000 pairs took 12 s on two cores.
_SEEDS, _PAIRS, _CHARS = 1_000, 2_000, 1_000
_FOLDS = 5
TEXTS = ("instruction", "response")


def measure(seed: Sequence[Row], kept: Sequence[Row], dropped: Sequence[Row], told: Mapping[str, Any]) -> Iterator[Row]:
    """Metric rows; the part is the column whose texts are compared.

    seed_similarity: cosine (TF-IDF of 3- to 5-grams of characters) to the nearest seed text. seed_like_auc: how well a
    classifier's out-of-fold p(seed) tells kept from dropped pairs; 0.5 is chance, above it the kept are seed-like. length:
    characters. distinct_2: share of different pairs of words, over equally many instructions of each kind. At most
    `_SEEDS` seed pairs and `_PAIRS` of each other kind are drawn by id, and `_CHARS` characters of a text compared.
    """
    human, good, bad = _drawn(seed, _SEEDS), _drawn(kept, _PAIRS), _drawn(dropped, _PAIRS)
    for column in TEXTS:
        about = {**told, "part": column}
        lengths = [[float(len(row[column])) for row in rows] for rows in (kept, dropped)]
        yield from _compared("length", *lengths, unit="characters", **about)
        yield from _seed_like([[row[column][:_CHARS] for row in rows] for rows in (human, good, bad)], about)
    least = min(len(good), len(bad))
    for name, rows in (("kept", good), ("dropped", bad)):
        share = distinct_2([row["instruction"] for row in rows[:least]])
        yield metric(f"distinct_2_{name}", value=share, n=least, unit="share", part="instruction", **told)


def _drawn(rows: Sequence[Row], most: int) -> list[Row]:
    """At most `most` of `rows`, by a draw of their ids."""
    return sorted(rows, key=lambda row: row_seed(str(row["id"]), "likeness"))[:most]


def _compared(name: str, kept: Sequence[float], dropped: Sequence[float], **about: Any) -> Iterator[Row]:
    """The mean of each kind, and their difference with the standard error of two independent samples."""
    yield mean_of(f"{name}_kept", values=kept, **about)
    yield mean_of(f"{name}_dropped", values=dropped, **about)
    (up, up_error), (down, down_error) = mean_and_error(kept), mean_and_error(dropped)
    change = None if up is None or down is None else up - down
    error = None if up_error is None or down_error is None else float(np.hypot(up_error, down_error))
    n = len(kept) + len(dropped) if change is not None else 0
    yield metric(f"{name}_change", value=change, se=error, n=n, note="kept - dropped", **about)


def _seed_like(texts: list[list[str]], about: Mapping[str, Any]) -> Iterator[Row]:
    seed, kept, dropped = texts
    near: list[list[float]] = [[], []]
    odds: list[float | None] = []
    if seed and (kept or dropped):
        vectors = _vectors(seed + kept + dropped)
        nearest = _nearest(vectors[len(seed) :], vectors[: len(seed)])
        near = [nearest[: len(kept)], nearest[len(kept) :]]
        odds = _log_odds(vectors, len(seed))
    yield from _compared("seed_similarity", *near, unit="cosine", **about)
    yield auc_of("seed_like_auc", good=odds[: len(kept)], bad=odds[len(kept) :], note="kept above dropped", **about)


def _vectors(texts: list[str]) -> Any:
    """(n, terms), sparse, each row of length one."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # a second of imports, and a finished run needs none

    # Within words: grams across blanks double the cost and tell word order, which is not what style is compared by here.
    made = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), max_features=20_000, sublinear_tf=True, dtype=np.float32)
    # Texts of nothing but blanks have no grams; one that is there keeps the vocabulary from being empty.
    return made.fit_transform([*texts, "none"])[:-1]


def _nearest(vectors: Any, seed: Any) -> list[float]:
    """The cosine of each row to the nearest row of `seed`, 256 rows at a time."""
    out: list[float] = []
    for start in range(0, vectors.shape[0], 256):
        out += (vectors[start : start + 256] @ seed.T).max(axis=1).toarray().ravel().tolist()
    return out


def _log_odds(vectors: Any, seeds: int) -> list[float | None]:
    """The log-odds of being seed of each row after the first `seeds`, by a fit that had not seen it.

    None of each if there are fewer than `_FOLDS` of a kind.
    """
    labels = np.array([1] * seeds + [0] * (vectors.shape[0] - seeds))
    if min(seeds, len(labels) - seeds) < _FOLDS:
        return [None] * (len(labels) - seeds)
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    model = LogisticRegression(class_weight="balanced", max_iter=1000, tol=1e-3)
    scores: list[float | None] = cross_val_predict(model, vectors, labels, cv=folds, method="decision_function").tolist()
    return scores[seeds:]


def distinct_2(texts: Sequence[str]) -> float | None:
    """The share of different ones among all pairs of neighbouring words (Li et al. 2016, distinct-2); None of none."""
    words = [text.casefold().split() for text in texts]
    pairs = [pair for each in words for pair in pairwise(each)]
    return len(set(pairs)) / len(pairs) if pairs else None
