"""Several scorers as one: the mean of their ranks, or a logistic regression fitted to labels."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from humpback.curate.scorers import Bounds, Scorer, load
from humpback.errors import UsageFault
from humpback.schema import Row

FOLDS, MIN_LABELS, MIN_CLASS = 5, 20, 5
Values = npt.NDArray[np.float64]
Bands = tuple[tuple[float, float] | None, ...]


def by_rank(rows: Sequence[Row], columns: Sequence[str], bounds: Bounds) -> list[float | None]:
    """The mean over `columns` of each row's normalised rank, 0 the worst and 1 the best; equal values share their mean rank.

    A null counts as the middle, 0.5: it says nothing for or against the pair. A value with a fault (`Scorer.fault`) counts
    as 0. A row of nulls alone is null.
    """
    values = _table(rows, columns)
    ranks = np.array([_ranks(values[:, i], load(name, bounds)) for i, name in enumerate(columns)])
    ranks = ranks.reshape(len(columns), len(rows))
    known = ~np.isnan(ranks)
    means = np.where(known, ranks, 0.5).sum(axis=0) / max(1, len(columns))
    return [mean if some else None for mean, some in zip(means.tolist(), known.any(axis=0).tolist(), strict=True)]


def _ranks(values: Values, scorer: Scorer) -> Values:
    from scipy.stats import rankdata  # a second of imports, and a finished run needs none of it

    faulty = np.array([not np.isnan(value) and scorer.fault(value) is not None for value in values], dtype=bool)
    ranked = np.flatnonzero(~np.isnan(values) & ~faulty)
    out = np.where(faulty, 0.0, np.nan)
    if len(ranked):
        places = rankdata([scorer.quality(values[i]) for i in ranked]) - 1
        out[ranked] = places / (len(ranked) - 1) if len(ranked) > 1 else 0.5
    return out


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Values:
    values = np.array([[row.get(name) for name in columns] for row in rows], dtype=np.float64)
    return values.reshape(len(rows), len(columns))


@dataclass(frozen=True)
class Calibrated:
    """A logistic regression: p(good) from several scorers, as plain numbers.

    The features of a column are its value, standardised by `means` and `scales` with a null at the mean, and whether it is
    null; of a column with a band also whether the value lies outside it. `weights` are in this order, column by column.
    `auc` is that of predictions for pairs which the fit had not seen.
    """

    columns: tuple[str, ...]
    bands: Bands
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
        from scipy.special import expit  # a second of imports, and most runs have no labels

        logits = _features(values, self.bands, self.means, self.scales) @ np.array(self.weights) + self.intercept
        nulls = np.isnan(values).sum(axis=1).tolist()
        return [p if null < len(self.columns) else None for p, null in zip(expit(logits).tolist(), nulls, strict=True)]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Calibrated":
        """Raises `UsageFault` for text that `to_json` did not write."""
        try:
            loaded: dict[str, Any] = json.loads(text)
            parts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in loaded.items()}
            made = cls(**parts)
            made = replace(made, bands=tuple(band and (float(band[0]), float(band[1])) for band in made.bands))
            wanted = sum(3 if band else 2 for band in made.bands)
            if len(made.bands) != len(made.columns) or len(made.weights) != wanted:
                raise ValueError(f"{len(made.weights)} weights for {len(made.columns)} columns")
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageFault(f"these are not the coefficients of a combination: {error}", "fit it again") from None
        return made


def calibrate(rows: Sequence[Row], columns: Sequence[str], bounds: Bounds, seed: int = 0) -> tuple[Calibrated, list[float]]:
    """(the fit to the `label` of each row, 1 good and 0 bad; p(good) of each row by a fit to the other folds).

    The second is what to report: predictions for rows that were fitted flatter. Raises `UsageFault` for fewer than
    `MIN_LABELS` rows, or fewer than `MIN_CLASS` of a kind.
    """
    from sklearn.metrics import roc_auc_score  # scikit-learn is half a second, and most runs have no labels
    from sklearn.model_selection import StratifiedKFold

    labels, bands = _labels(rows), tuple(load(name, bounds).band for name in columns)
    held = np.zeros(len(rows))
    # Sorted by id: the folds must not depend on the order in which labels were given.
    order = np.array(sorted(range(len(rows)), key=lambda i: str(rows[i]["id"])))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(order, labels[order]):
        fitted = _fit([rows[i] for i in order[train]], labels[order[train]], columns, bands, 0.0)
        held[order[test]] = [0.5 if p is None else p for p in fitted.predict([rows[i] for i in order[test]])]
    return _fit(rows, labels, columns, bands, float(roc_auc_score(labels, held))), held.tolist()


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


def _fit(rows: Sequence[Row], labels: npt.NDArray[np.int64], columns: Sequence[str], bands: Bands, auc: float) -> Calibrated:
    from sklearn.linear_model import LogisticRegression

    values = _table(rows, columns)
    known = [column[~np.isnan(column)] for column in values.T]
    means = tuple(float(each.mean()) if len(each) else 0.0 for each in known)
    scales = tuple(float(each.std()) or 1.0 if len(each) else 1.0 for each in known)
    fitted = LogisticRegression(max_iter=1000).fit(_features(values, bands, means, scales), labels)
    weights = tuple(float(weight) for weight in fitted.coef_[0])
    return Calibrated(tuple(columns), bands, means, scales, weights, float(fitted.intercept_[0]), len(rows), auc)


def _features(values: Values, bands: Bands, means: Sequence[float], scales: Sequence[float]) -> Values:
    made = []
    for column, band, mean, scale in zip(values.T, bands, means, scales, strict=True):
        null = np.isnan(column)
        made += [np.where(null, 0.0, (column - mean) / scale), null.astype(np.float64)]
        if band:
            made.append((~null & ((column < band[0]) | (column > band[1]))).astype(np.float64))
    return np.stack(made, axis=1)
