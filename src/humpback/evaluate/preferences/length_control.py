"""The length-controlled win rate of AlpacaEval 2 (Dubois et al. 2024, section 3): what the rate would be at equal lengths.

A logistic regression without intercept predicts each preference from three features: tanh of the difference in length
(characters, in units of its standard deviation), the instruction's difficulty (a table of AlpacaEval's for its own prompts;
left out where there is none), and 1. The rate is the mean of its predictions with the difference set to nought.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FOLDS = 5
# Fewer wins or losses than this cannot be fitted in every fold.
LEAST = 10
# What scikit-learn's LogisticRegressionCV tries by default, and the seed of AlpacaEval's.
STRENGTHS: Numbers = np.logspace(-4, 4, 10)
SEED = 123
# The weight of the rows of the two models that were told to be long and short, against one of the model's own rows.
GAMED_WEIGHT = 0.2 / 2
DRAWS = 200
_FREE = 100.0


@dataclass(frozen=True)
class Controlled:
    """The rate and its error, and the weights of length, difficulty (None: left out) and model.

    With difficulties the error is AlpacaEval's, that of the mean of the predictions. Without, these are all the same, and it
    is that of a bootstrap over prompts.
    """

    value: float
    se: float
    length: float
    difficulty: float | None
    model: float


@dataclass(frozen=True)
class Gamed:
    """AlpacaEval's table for its prompts, by their place in its set: the difficulty of each, and what its judge preferred
    between the baseline and itself told to be verbose or concise (p, and the standardised difference in length).
    """

    difficulty: Numbers
    rows: tuple[tuple[int, float, float], ...]


def controlled(
    preferences: Sequence[float | None], lengths: Sequence[int], reference_lengths: Sequence[int], gamed: Gamed | None = None
) -> Controlled | None:
    """From preferences (p, None where there is none) and the lengths of the answers in characters, prompt by prompt.

    With `gamed` the prompts must be AlpacaEval's, in its order: this is length_controlled_v1. Without, it is
    length_controlled_minimal. None where nothing can be fitted: hardly any wins or losses, or no answer differs in length.
    """
    gaps = np.asarray(reference_lengths, float) - np.asarray(lengths, float)
    spread = gaps.std(ddof=1) if len(gaps) > 1 else 0.0
    p = np.array([np.nan if each is None else each for each in preferences])
    if not spread > 0 or min(np.nansum(p), np.nansum(1 - p)) < LEAST:
        return None
    features, weights = np.column_stack([np.tanh(gaps / spread), np.ones_like(gaps)]), np.ones_like(gaps)
    if gamed is not None:
        features = np.insert(features, 1, gamed.difficulty, axis=1)
        places = [place for place, _, _ in gamed.rows]
        told = np.array([[np.tanh(gap), gamed.difficulty[place], 0.0] for place, _, gap in gamed.rows])
        features = np.concatenate([told.reshape(-1, 3), features])
        weights = np.concatenate([np.full(len(places), GAMED_WEIGHT), weights])
        p = np.concatenate([[each for _, each, _ in gamed.rows], p])
    known = ~np.isnan(p)
    cases = _Cases(features[known], p[known], weights[known])
    strength = _strength(cases)
    found = _fit(cases, strength)
    level = features[-len(gaps) :].copy()
    level[:, 0] = 0.0
    predicted = 1 / (1 + np.exp(-level @ found))
    error = float(predicted.std(ddof=1) / np.sqrt(len(predicted))) if gamed is not None else _drawn_error(cases)
    weight = [float(each) for each in found]
    return Controlled(float(predicted.mean()), error, weight[0], weight[1] if gamed is not None else None, weight[-1])


@dataclass(frozen=True)
class _Cases:
    features: Numbers
    p: Numbers
    weights: Numbers

    @property
    def has_both(self) -> bool:
        """Whether something speaks for the model, and something for the reference."""
        return bool(self.p @ self.weights > 0 and (1 - self.p) @ self.weights > 0)

    def at(self, places: NDArray[np.int64]) -> "_Cases":
        return _Cases(self.features[places], self.p[places], self.weights[places])


def _strength(cases: _Cases) -> float:
    """The strength of regularisation whose predictions lose least on folds that were left out."""
    from sklearn.model_selection import GroupKFold  # seconds of imports, and few runs need them

    n = len(cases.p)
    # As AlpacaEval groups them: each case is there twice, once for each label.
    folds = [
        (train[train < n], test[test < n])
        for train, test in GroupKFold(FOLDS).split(np.zeros(2 * n), groups=np.tile(np.arange(n), 2))
    ]
    # What holds wins alone, or losses, tells nothing of the other: the solver would take one for the other.
    told = [fold for fold in folds if cases.at(fold[0]).has_both]
    losses = [[_loss(cases.at(test), _fit(cases.at(train), each)) for train, test in told] for each in STRENGTHS]
    return float(STRENGTHS[int(np.argmin(np.mean(losses, axis=1)))])


def _fit(cases: _Cases, strength: float) -> Numbers:
    """The coefficients; a preference of p is a row of label 1 that weighs p and one of label 0 that weighs 1 - p."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    n = len(cases.p)
    model = LogisticRegression(C=strength, l1_ratio=1.0, solver="liblinear", fit_intercept=False, random_state=SEED)
    shares = np.concatenate([cases.p * cases.weights, (1 - cases.p) * cases.weights])
    with warnings.catch_warnings():
        # As AlpacaEval's: where hardly anything is penalised, the solver may end before it has converged.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(np.concatenate([cases.features, cases.features]), np.repeat([1, 0], n), sample_weight=shares)
    coefficients: Numbers = model.coef_[0]
    return coefficients


def _loss(cases: _Cases, coefficients: Numbers) -> float:
    told = np.clip(1 / (1 + np.exp(-cases.features @ coefficients)), 1e-15, 1 - 1e-15)
    return float((-(cases.p * np.log(told) + (1 - cases.p) * np.log(1 - told)) * cases.weights).mean())


def _drawn_error(cases: _Cases) -> float:
    """The standard error of the rate at equal lengths, over drawn prompts; hardly held back, since a fit that is held to
    nought has no error.
    """
    random, n = np.random.default_rng(0), len(cases.p)
    drawn = (cases.at(random.integers(n, size=n)) for _ in range(DRAWS))
    fits = [_fit(each, _FREE)[-1] for each in drawn if each.has_both]
    return float(np.std(1 / (1 + np.exp(-np.array(fits))), ddof=1))
