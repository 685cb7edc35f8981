"""Several scorers as one: p(good) by a logistic regression in which no scorer may count against its own direction.

A pair is good if no scorer sees a fault in it: what is better than good pairs are on average counts for little, and cannot
make up for a fault that another scorer sees. The weights are drawn towards being equal, and only as far as the cases show it
does one scorer count more than another: a kind of fault that no case has must still be seen by the scorer that sees it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from humpback.curate.scorers import Scorer
from humpback.schema import Row

# Fewer good cases, or fewer in all, are not fitted to.
LEAST_GOOD, LEAST = 5, 20
FOLDS = 5
# What lies farther below the good ones, in their deviations, counts as that far.
FARTHEST = 6.0
# How sharply what is above the mean of the good ones ceases to count; of a veto what is above so many deviations below it.
BEND, VETO = 2.0, 1.0
# How far the middle of a pool may lie from the mean of the good ones, in their deviations, for a veto; and above which share
# of the pool it is as good as good ones are on average, for all others.
ELSEWHERE, GOOD_FROM = 2.0, 0.9
# How strongly weights are drawn to be equal. Kinds of damage that are fitted to are told a little less well for it, labels
# better: at 50 and at 200 the AUC on adverts is .90 and .88, that on labels of two pools .78, .81 and .79, .82.
PULL = 100.0
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """One scorer in a combination: its `weight`, and how its values are read.

    A value is turned so that more is better, measured from the `mean` of good pairs in their deviations, `scale`, and bent;
    a null counts as `null`, the mean over good and bad ones.
    """

    scorer: Scorer
    mean: float
    scale: float
    null: float
    weight: float = 0.0


@dataclass(frozen=True)
class Combination:
    """The fit: p(good) = 1 / (1 + exp(-(intercept + sum of weight * deficit)))."""

    terms: tuple[Term, ...]
    intercept: float = 0.0

    def among(self, rows: Sequence[Row]) -> "Combination":
        """The combination with values that are measured from where `rows` lie, if these are enough to tell.

        Web texts are longer than human answers, and the worst of many sentences is worse than the worst of few; instructions
        that a model wrote are all likelier to it than any of people. So vetoes are measured from the median: most texts are
        whole. All else is measured from the value that one in ten is above, in deviations of these rows: of what a model
        wrote, most may be wrong. A null counts as these rows do on average, but of a veto as it did in the fit.
        """
        return Combination(tuple(_among(term, rows) for term in self.terms), self.intercept)

    def predict(self, rows: Sequence[Row]) -> list[float | None]:
        """p(good) of each row; null where all its scorers are."""
        if not rows:
            return []
        from scipy.special import expit  # a second of imports, and a finished run needs none of it

        logits = deficits(rows, self.terms) @ np.array([term.weight for term in self.terms]) + self.intercept
        known = [any(row.get(term.scorer.column) is not None for term in self.terms) for row in rows]
        return [p if some else None for p, some in zip(expit(logits).tolist(), known, strict=True)]


def fit(good: Sequence[Row], bad: Mapping[str, Sequence[Row]], scorers: Sequence[Scorer]) -> Combination:
    """The combination of `scorers` that tells the rows `good` from each kind of `bad` ones; all kinds count alike.

    A scorer without two different values among the good ones has the weight 0. But one that no case has a value of, as
    those of headings where the seed has none, counts as much as all do on average, for the rows of a pool that have one;
    but no veto, which is measured by good pairs.
    """
    terms = tuple(_term(scorer, good, [row for rows in bad.values() for row in rows]) for scorer in scorers)
    shares = [(1.0, good), *((-1.0, rows) for rows in bad.values() if rows)]
    values = np.concatenate([deficits(rows, terms) for _, rows in shares])
    signs = np.concatenate([np.full(len(rows), sign) for sign, rows in shares])
    # Half of the weight of all cases is on the good ones, whatever the number of kinds.
    counts = np.concatenate([
        np.full(len(rows), len(values) / (2 * len(rows) * (1 if sign > 0 else len(shares) - 1))) for sign, rows in shares
    ])  # fmt: skip
    usable = np.array([term.scale > 0 for term in terms])
    common, _ = _solved(values @ usable[:, None], signs, counts, np.zeros(1), 1.0)
    weights, intercept = _solved(values, signs, counts, common[0] * usable, PULL)
    unseen = [not s.veto and all(row.get(s.column) is None for _, rows in shares for row in rows) for s in scorers]
    weights[unseen] = common[0]
    return Combination(
        tuple(Term(t.scorer, t.mean, t.scale, t.null, w) for t, w in zip(terms, weights.tolist(), strict=True)), intercept
    )


def held_out(
    good: Sequence[Row],
    bad: Mapping[str, Sequence[Row]],
    scorers: Sequence[Scorer],
    unit: str,
    without: Collection[str] = (),
) -> dict[str, list[float | None]]:
    """p(good) of each row by a fit that has seen no row of equal `unit`, a column: those of `good` under "", those of bad
    ones under their kind.

    `without` are kinds that no fit sees either: how the combination does on faults that nobody has thought of.
    """
    units = sorted({str(row[unit]) for rows in (good, *bad.values()) for row in rows})
    folds = {each: place % FOLDS for place, each in enumerate(units)}
    sets: dict[str, Sequence[Row]] = {"": good, **bad}
    out: dict[str, list[float | None]] = {kind: [None] * len(rows) for kind, rows in sets.items()}
    for fold in range(FOLDS):
        seen = {
            kind: [row for row in rows if folds[str(row[unit])] != fold]
            for kind, rows in sets.items()
            if kind not in without
        }
        made = fit(seen.pop(""), seen, scorers)
        for kind, rows in sets.items():
            own = [i for i, row in enumerate(rows) if folds[str(row[unit])] == fold]
            for i, p in zip(own, made.predict([rows[i] for i in own]), strict=True):
                out[kind][i] = p
    return out


def lacking(good: Sequence[Any], bad: Sequence[Any]) -> str | None:
    """What to say if the cases are too few to fit to."""
    if min(len(good), len(bad)) >= LEAST_GOOD and len(good) + len(bad) >= LEAST:
        return None
    return f"{len(good)} good and {len(bad)} bad ones; needed are {LEAST}, {LEAST_GOOD} of each"


def deficits(rows: Sequence[Row], terms: Sequence[Term]) -> Values:
    """(rows, terms): how far each value is below the mean of the good ones, at most 0, by `bent`."""
    values = np.array([[_read(row, term.scorer) for term in terms] for row in rows], dtype=np.float64)
    values = values.reshape(len(rows), len(terms))
    away = (values - np.array([term.mean for term in terms])) / np.array([term.scale or 1.0 for term in terms])
    spared = np.array([VETO * term.scorer.veto for term in terms])
    nulls, used = np.array([term.null for term in terms]), np.array([float(term.scale > 0) for term in terms])
    made: Values = np.where(np.isnan(away), nulls, bent(np.nan_to_num(away), spared)) * used
    return made


def bent(deviations: Values, spared: Values | float) -> Values:
    """Deviations from the mean of good ones: nearly as they are far below it, nearly 0 far above, and in the same order.

    What is `spared` of a fall is no fault.
    """
    made: Values = -np.logaddexp(0.0, -BEND * (np.maximum(deviations, -FARTHEST) + spared)) / BEND
    return made


def _read(row: Row, scorer: Scorer) -> float:
    value = row.get(scorer.column)
    if value is None:
        return np.nan
    # Outside its band more is no longer better.
    return -np.inf if scorer.band and scorer.fault(value) else scorer.quality(value)


def _term(scorer: Scorer, good: Sequence[Row], bad: Sequence[Row]) -> Term:
    up, down = (np.array([_read(row, scorer) for row in rows]) for rows in (good, bad))
    known = up[np.isfinite(up)]
    if len(known) < 2 or np.ptp(known) == 0:
        return Term(scorer, 0.0, 0.0, 0.0)
    mean, scale = float(known.mean()), float(known.std(ddof=1))
    away = [bent((each[~np.isnan(each)] - mean) / scale, VETO * scorer.veto) for each in (up, down)]
    null = float(np.mean([each.mean() for each in away if len(each)]))
    return Term(scorer, mean, scale, null)


def _among(term: Term, rows: Sequence[Row]) -> Term:
    values = np.array([_read(row, term.scorer) for row in rows])
    known = values[np.isfinite(values)]
    if len(known) < LEAST:
        return term
    if not term.scorer.veto:
        mean, scale = float(np.quantile(known, GOOD_FROM)), float(known.std()) or term.scale
        away = (values[~np.isnan(values)] - mean) / (scale or 1.0)
        return replace(term, mean=mean, scale=scale, null=float(bent(away, 0.0).mean()))
    reach = ELSEWHERE * term.scale
    return replace(term, mean=float(np.clip(np.median(known), term.mean - reach, term.mean + reach)))


def _solved(values: Values, signs: Values, counts: Values, target: Values, pull: float) -> tuple[Values, float]:
    """(weights, none below 0; intercept) of the least logistic loss, `pull` towards the weights `target`."""
    from scipy.optimize import minimize  # a second of imports, and a finished run needs none of it
    from scipy.special import expit

    def loss(at: Values) -> tuple[float, Values]:
        margins = signs * (values @ at[:-1] + at[-1])
        off = at[:-1] - target
        slopes = -counts * signs * expit(-margins)
        value = float(counts @ np.logaddexp(0.0, -margins) + pull / 2 * off @ off)
        return value, np.append(values.T @ slopes + pull * off, slopes.sum())

    bounds = [(0.0, None)] * len(target) + [(None, None)]
    found = minimize(loss, np.append(target, 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x[:-1], float(found.x[-1])
