"""How a judge's scores agree with labels that people gave: precision, recall, AUC, calibration.

Humpback measures its judge so on 250 labelled pairs, a fifth of them good: a random choice has that
precision, and a judge below it is worse than none.
"""

from collections.abc import Iterator, Sequence

from humpback.config import Config
from humpback.curate.rubric import RubricName, highest, rubric
from humpback.curate.settings import Asking
from humpback.metrics import metric
from humpback.metrics.auc import auc_of
from humpback.metrics.shares import share_of
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.stage import Stage
from humpback.store import Dataset, DatasetFolder

BINS = 15


def agreement(
    scores: Sequence[float | None], labels: Sequence[int], k: float, top: int, model: str, round: int | None
) -> Iterator[Row]:
    """Metric rows of scores (1 to `top`, None where there is none) against labels (1 good, 0 bad), with the threshold `k`.

    A pair without a score is not selected: it costs recall, as it does in a run. Calibration is that of p(good), the score
    scaled to 0..1, over the pairs that have one.
    """
    selected = [score is not None and score >= k for score in scores]
    hits = sum(chosen and label == 1 for chosen, label in zip(selected, labels, strict=True))
    yield share_of("judge_base_rate", model, sum(labels), len(labels), round=round, note="labelled good")
    for name, of in (("judge_precision", sum(selected)), ("judge_recall", sum(labels))):
        yield share_of(name, model, hits, of, round=round, at=k, note=f"score >= {k:g}")
    good, bad = ([s for s, label in zip(scores, labels, strict=True) if label == wanted] for wanted in (1, 0))
    yield auc_of("judge_label_auc", model, good, bad, round=round, note=f"against {len(bad)} labelled bad")
    scored = [(s, label) for s, label in zip(scores, labels, strict=True) if s is not None]
    yield from calibration([((s - 1) / (top - 1), label) for s, label in scored], model, round)


def calibration(cases: Sequence[tuple[float, int]], model: str, round: int | None) -> Iterator[Row]:
    """ECE over 15 bins of equal width (Guo et al. 2017), Brier score, and the share of good pairs in each bin that has any.

    `cases` are (p(good), label); a bin stands at its mean p(good).
    """
    n = len(cases)
    bins: list[list[tuple[float, int]]] = [[] for _ in range(BINS)]
    for p, label in cases:
        bins[min(BINS - 1, int(p * BINS))].append((p, label))
    gaps = [abs(sum(p for p, _ in each) - sum(label for _, label in each)) for each in bins]
    yield metric("judge_ece", model, sum(gaps) / n if n else None, n=n, round=round, note=f"{BINS} bins of equal width")
    brier = sum((p - label) ** 2 for p, label in cases) / n if n else None
    yield metric("judge_brier", model, brier, n=n, round=round)
    for i, each in enumerate(bins):
        if each:
            told = {"at": sum(p for p, _ in each) / len(each), "note": f"p {i / BINS:.2f} to {(i + 1) / BINS:.2f}"}
            yield share_of("judge_calibration", model, sum(label for _, label in each), len(each), round=round, **told)


class AgreementStage(Config):
    """Scored pairs, some of them with labels, and what a score is compared at."""

    scored: DatasetFolder
    k: float
    rubric: RubricName
    model: str
    round: int


def of_labelled(config: AgreementStage) -> Iterator[Row]:
    """`agreement` over the pairs that have a label."""
    rows = [row for row in Dataset(config.scored).rows(["label", "score"]) if row["label"] is not None]
    top = highest(rubric(config.rubric))
    scores, labels = [row["score"] for row in rows], [int(row["label"]) for row in rows]
    return agreement(scores, labels, config.k, top, config.model, config.round)


def measured(run: Run, scored: Dataset, asking: Asking) -> Dataset:
    """How the judge agrees with the labels among the pairs `scored`."""
    settings = asking.settings
    config = AgreementStage(
        scored=scored.path, k=settings.curate.k, rubric=settings.judge.rubric, model=asking.model, round=asking.round
    )
    about = {"kind": "metrics", "of": "agreement", "round": asking.round, "model": asking.model}
    return run.put("agreement", Stage("agreement", METRIC, of_labelled, config), **about)
