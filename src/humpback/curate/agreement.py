"""How a judge's scores agree with labels that people gave: precision, recall, AUC, calibration.

Humpback measures its judge so on 250 labelled pairs, a fifth of them good: a random choice has that
precision, and a judge below it is worse than none.
"""

import math
from collections.abc import Iterator, Sequence

from humpback.metrics import metric
from humpback.schema import Row

BINS = 15
Z95 = 1.959964


def auc_of(name: str, note: str, good: Sequence[float | None], bad: Sequence[float | None], round: int) -> Row:
    """The probability that a good case scores higher than a bad one, ties counted as half; n is the good cases."""
    up, down = [v for v in good if v is not None], [v for v in bad if v is not None]
    if not up or not down:
        return metric(name, f"M_{round - 1}", None, n=0, round=round, note=note)
    from sklearn.metrics import roc_auc_score  # half a second, and a finished run needs none of it

    auc = float(roc_auc_score([1] * len(up) + [0] * len(down), up + down))
    error = auc_error(auc, len(up), len(down))
    return metric(name, f"M_{round - 1}", auc, se=error, n=len(up), round=round, note=note)


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc)
    return math.sqrt(max(spread, 0.0) / (positives * negatives))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): it stays inside 0 to 1, and holds with few cases; n is at least 1."""
    p, z2 = hits / n, Z95 * Z95
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def agreement(scores: Sequence[float | None], labels: Sequence[int], k: float, top: int, round: int) -> Iterator[Row]:
    """Metric rows of scores (1 to `top`, None where there is none) against labels (1 good, 0 bad), with the threshold `k`.

    A pair without a score is not selected: it costs recall, as it does in a run. Calibration is that of p(good), the score
    scaled to 0..1, over the pairs that have one.
    """
    selected = [score is not None and score >= k for score in scores]
    hits = sum(chosen and label == 1 for chosen, label in zip(selected, labels, strict=True))
    yield share_of("judge_base_rate", sum(labels), len(labels), "labelled good", round)
    yield share_of("judge_precision", hits, sum(selected), f"score >= {k:g}", round)
    yield share_of("judge_recall", hits, sum(labels), f"score >= {k:g}", round)
    good, bad = ([s for s, label in zip(scores, labels, strict=True) if label == wanted] for wanted in (1, 0))
    yield auc_of("judge_label_auc", f"against {len(bad)} labelled bad", good, bad, round)
    scored = [(s, label) for s, label in zip(scores, labels, strict=True) if s is not None]
    yield from calibration([((s - 1) / (top - 1), label) for s, label in scored], round)


def share_of(name: str, hits: int, n: int, note: str, round: int) -> Row:
    """A share; its Wilson interval stands in the note."""
    if not n:
        return metric(name, f"M_{round - 1}", None, n=0, unit="share", round=round, note=note)
    low, high = wilson(hits, n)
    told = f"{note}; 95 % Wilson {low:.3f} to {high:.3f}"
    return metric(name, f"M_{round - 1}", hits / n, n=n, unit="share", round=round, note=told)


def calibration(cases: Sequence[tuple[float, int]], round: int) -> Iterator[Row]:
    """ECE over 15 bins of equal width (Guo et al. 2017), Brier score, and the share of good pairs in each bin that has any.

    `cases` are (p(good), label).
    """
    model, n = f"M_{round - 1}", len(cases)
    bins: list[list[tuple[float, int]]] = [[] for _ in range(BINS)]
    for p, label in cases:
        bins[min(BINS - 1, int(p * BINS))].append((p, label))
    gaps = [abs(sum(p for p, _ in each) - sum(label for _, label in each)) for each in bins]
    yield metric("judge_ece", model, sum(gaps) / n if n else None, n=n, round=round, note=f"{BINS} bins of equal width")
    brier = sum((p - label) ** 2 for p, label in cases) / n if n else None
    yield metric("judge_brier", model, brier, n=n, round=round)
    for i, each in enumerate(bins):
        if each:
            told = f"p {i / BINS:.2f} to {(i + 1) / BINS:.2f}, mean {sum(p for p, _ in each) / len(each):.3f}"
            yield share_of("judge_calibration", sum(label for _, label in each), len(each), told, round)
