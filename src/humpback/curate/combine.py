"""Several scorers as one: the mean of their ranks, or a logistic regression fitted to labels.

`SCORERS` is the one place that says of a column which direction is good.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.stage import Outcome

FOLDS, MIN_LABELS, MIN_CLASS = 5, 20, 5
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scorer:
    """How a column ranks pairs. A value outside `band`, or not above `over`, is a fault whatever its rank.

    `status` is the column that says why a value is null.
    """

    higher: bool = True
    band: tuple[float, float] | None = None
    over: float | None = None
    status: str | None = None

    def quality(self, value: float) -> float:
        """The value turned so that more is better."""
        return value if self.higher else -value

    def fault(self, value: float) -> str | None:
        """The reason why no pair of this value is kept."""
        if self.over is not None and value <= self.over:
            return "negative_gain"
        return "outside_band" if self.band and not self.band[0] <= value <= self.band[1] else None


# Cherry LLM (Li et al. 2023) keeps the hardest, the highest IFD under 1. Of generated instructions the wrong ones stand near
# 1 and above, and what lies under the band its instruction all but dictates: the highest in between are kept. Where the
# band should lie depends on the model: 90 human pairs have 0.95 to 1.02 by the one that ships (`curate.ifd_band`).
IFD_BAND = (0.3, 0.9)
SCORERS: dict[str, Scorer] = {
    "score": Scorer(status="status"),
    "gain": Scorer(over=0.0),
    "ifd": Scorer(band=IFD_BAND),
    "seed_gain": Scorer(),
    "backward_logprob": Scorer(status="backward_status"),
    "specificity": Scorer(status="backward_status"),
    "retrieval_rank": Scorer(higher=False, status="retrieval_status"),
    "embedding_rank": Scorer(higher=False),
    "relevance": Scorer(),
    "entailment": Scorer(),
    "combined": Scorer(),
}


def by_rank(rows: Sequence[Row], columns: Sequence[str]) -> list[float | None]:
    """The mean over `columns` of each row's normalised rank, 0 the worst and 1 the best; equal values share their mean rank.

    A null counts as the middle, 0.5: it says nothing for or against the pair. A value with a fault (`Scorer.fault`) counts
    as 0. A row of nulls alone is null.
    """
    ranks = np.array([_ranks(_column(rows, name), _scorer(name)) for name in columns]).reshape(len(columns), len(rows))
    known = ~np.isnan(ranks)
    means = np.where(known, ranks, 0.5).sum(axis=0) / max(1, len(columns))
    return [mean if some else None for mean, some in zip(means.tolist(), known.any(axis=0).tolist(), strict=True)]


def _ranks(values: Values, scorer: Scorer) -> Values:
    faulty = np.array([not np.isnan(value) and scorer.fault(value) is not None for value in values], dtype=bool)
    ranked = np.flatnonzero(~np.isnan(values) & ~faulty)
    out = np.where(faulty, 0.0, np.nan)
    if len(ranked):
        turned = np.array([scorer.quality(values[i]) for i in ranked])
        _, group, sizes = np.unique(turned, return_inverse=True, return_counts=True)
        places = (np.cumsum(sizes) - (sizes + 1) / 2)[group]
        out[ranked] = places / (len(ranked) - 1) if len(ranked) > 1 else 0.5
    return out


def _column(rows: Sequence[Row], name: str) -> Values:
    return np.array([row.get(name) for row in rows], dtype=np.float64)


def _scorer(name: str) -> Scorer:
    if name not in SCORERS:
        raise UsageFault(f"there is no scorer {name!r}", f"choose of: {', '.join(SCORERS)}")
    return SCORERS[name]


@dataclass(frozen=True)
class Calibrated:
    """A logistic regression: p(good) from several scorers, as plain numbers.

    The features of a column are its value, standardised by `means` and `scales` with a null at the mean, and whether it is
    null; of a column with a band also whether the value lies outside it. `weights` are in this order, column by column.
    `auc` is that of predictions for pairs which the fit had not seen.
    """

    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    labels: int
    auc: float

    def predict(self, rows: Sequence[Row]) -> list[float | None]:
        """p(good) of each row; null where all its scorers are."""
        if not rows:
            return []
        values = _table(rows, self.columns)
        logits = _features(values, self.columns, self.means, self.scales) @ np.array(self.weights) + self.intercept
        nulls = np.isnan(values).sum(axis=1).tolist()
        return [p if null < len(self.columns) else None for p, null in zip(_logistic(logits).tolist(), nulls, strict=True)]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Calibrated":
        """Raises `UsageFault` for text that `to_json` did not write."""
        try:
            loaded: dict[str, Any] = json.loads(text)
            parts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in loaded.items()}
            made = cls(**parts)
            if len(made.weights) != _width(made.columns):
                raise ValueError(f"{len(made.weights)} weights for {len(made.columns)} columns")
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageFault(f"these are not the coefficients of a combination: {error}", "fit it again") from None
        return made


def calibrate(rows: Sequence[Row], columns: Sequence[str], seed: int = 0) -> tuple[Calibrated, list[float]]:
    """(the fit to the `label` of each row, 1 good and 0 bad; p(good) of each row by a fit to the other folds).

    The second is what to report: predictions for rows that were fitted flatter. Raises `UsageFault` for fewer than
    `MIN_LABELS` rows, or fewer than `MIN_CLASS` of a kind.
    """
    from sklearn.metrics import roc_auc_score  # scikit-learn is half a second, and most runs have no labels
    from sklearn.model_selection import StratifiedKFold

    labels = _labels(rows)
    held = np.zeros(len(rows))
    # Sorted by id: the folds must not depend on the order in which labels were given.
    order = np.array(sorted(range(len(rows)), key=lambda i: str(rows[i]["id"])))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(order, labels[order]):
        fitted = _fit([rows[i] for i in order[train]], labels[order[train]], columns, 0.0)
        held[order[test]] = [0.5 if p is None else p for p in fitted.predict([rows[i] for i in order[test]])]
    return _fit(rows, labels, columns, float(roc_auc_score(labels, held))), held.tolist()


def _labels(rows: Sequence[Row]) -> npt.NDArray[np.int64]:
    labels = np.array([row["label"] for row in rows], dtype=np.int64)
    good, bad = int((labels == 1).sum()), int((labels == 0).sum())
    if good + bad != len(rows):
        raise UsageFault(
            f"{len(rows) - good - bad} labels are neither 0 nor 1", "write 1 for a good pair and 0 for a bad one"
        )
    if len(rows) < MIN_LABELS or min(good, bad) < MIN_CLASS:
        raise UsageFault(
            f"{len(rows)} labelled pairs, {good} good and {bad} bad; {MIN_LABELS} are needed, {MIN_CLASS} of each",
            "label more pairs, or combine without labels: by_rank",
        )
    return labels


def _fit(rows: Sequence[Row], labels: npt.NDArray[np.int64], columns: Sequence[str], auc: float) -> Calibrated:
    from sklearn.linear_model import LogisticRegression

    values = _table(rows, columns)
    known = [column[~np.isnan(column)] for column in values.T]
    means = tuple(float(each.mean()) if len(each) else 0.0 for each in known)
    scales = tuple(float(each.std()) or 1.0 if len(each) else 1.0 for each in known)
    fitted = LogisticRegression(max_iter=1000).fit(_features(values, columns, means, scales), labels)
    weights = tuple(float(weight) for weight in fitted.coef_[0])
    return Calibrated(tuple(columns), means, scales, weights, float(fitted.intercept_[0]), len(rows), auc)


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Values:
    for name in columns:
        _scorer(name)
    return np.array([[row.get(name) for name in columns] for row in rows], dtype=np.float64)


def _features(values: Values, columns: Sequence[str], means: Sequence[float], scales: Sequence[float]) -> Values:
    made = []
    for column, name, mean, scale in zip(values.T, columns, means, scales, strict=True):
        null = np.isnan(column)
        made += [np.where(null, 0.0, (column - mean) / scale), null.astype(np.float64)]
        if band := SCORERS[name].band:
            made.append((~null & ((column < band[0]) | (column > band[1]))).astype(np.float64))
    return np.stack(made, axis=1)


def _width(columns: Sequence[str]) -> int:
    return sum(3 if _scorer(name).band else 2 for name in columns)


def _logistic(logits: Values) -> Values:
    # In two halves: exp of a large positive number overflows.
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))


def combine(columns: Sequence[str], calibrated: Calibrated | None, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Every row with `combined`: p(good) of `calibrated`, or the mean rank over `columns` where there are no labels."""
    listed = list(rows)
    made = calibrated.predict(listed) if calibrated else by_rank(listed, columns)
    for row, value in zip(listed, made, strict=True):
        yield {**row, "combined": value}
