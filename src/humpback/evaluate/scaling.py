"""How a measurement grows with the size of the data: w = alpha log N + C (Humpback, section on data scaling efficiency).

The logarithm is natural; the paper does not say which one its alphas have. With the logarithm to base 10 alpha is
`PER_DECADE` times as large. Nothing here knows what w is: a win rate, an accuracy, an improvement in nats.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from humpback.config import Config
from humpback.evaluate.arms import TEST, matrices, mean_over
from humpback.metrics import metric
from humpback.schema import Row
from humpback.store import Dataset, DatasetFolder

Numbers = NDArray[np.float64]
PER_DECADE = math.log(10)
NATURAL, BOUND = "natural logarithm", "95 %: bootstrap over prompts and seeds"
# At so many sizes the band is kept, evenly on the logarithm.
POINTS = 25
# The exponents g of w_inf - d N^-g that are tried: below the least it is the logarithmic law again (its limit for g -> 0).
_EXPONENTS = np.geomspace(0.01, 4.0, 400)


@dataclass(frozen=True)
class Line:
    """w = alpha log N + constant, the natural logarithm."""

    alpha: float
    constant: float

    def at(self, sizes: Sequence[float]) -> Numbers:
        values: Numbers = self.alpha * np.log(np.asarray(sizes, float)) + self.constant
        return values


@dataclass(frozen=True)
class Band:
    """95 % intervals by bootstrap: of alpha, of the bend (b of the quadratic law), and of w at each of `sizes`."""

    alpha: tuple[float, float]
    alpha_se: float
    bend: tuple[float, float] | None
    sizes: tuple[float, ...]
    low: Numbers
    high: Numbers


@dataclass(frozen=True)
class Alternative:
    """A law with one parameter more than the line. `f` has (1, `freedom`) degrees of freedom, `p` is its probability if the
    line is true. `bends_down` is whether w grows ever less than by the line; `limit` is where an asymptote ends.
    """

    name: str
    f: float
    p: float
    freedom: int
    bends_down: bool
    bend: float
    limit: float | None = None


def fit(sizes: Sequence[float], values: Sequence[float], errors: Sequence[float] | None = None) -> Line:
    """Least squares, weighted by 1/SE^2 where `errors` are given; raises `ValueError` for fewer than two sizes."""
    if len(set(sizes)) < 2:
        raise ValueError(f"a line through {len(set(sizes))} size is none")
    constant, alpha = _solver(_line(sizes), _weights(sizes, errors)) @ np.asarray(values, float)
    return Line(float(alpha), float(constant))


def residuals(sizes: Sequence[float], values: Sequence[float], line: Line) -> Numbers:
    """What the line leaves: measured minus fitted."""
    left: Numbers = np.asarray(values, float) - line.at(sizes)
    return left


def band(
    sizes: Sequence[float], measured: Sequence[Numbers], at: Sequence[float], errors: Sequence[float] | None = None,
    draws: int = 2000, seed: int = 0,
) -> Band:  # fmt: skip
    """What the fit would be for other evaluation prompts and other seeds of training.

    `measured` has for each size a matrix, seeds x cases, of the same cases. Cases are drawn with replacement, the same for
    all sizes, as models are compared on the same prompts; of several seeds, seeds too, for each size by itself, and their
    deviations scaled by sqrt(S / (S - 1)), without which a bootstrap of S = 3 seeds understates them by a fifth.
    """
    means = _resampled(measured, draws, np.random.default_rng(seed))
    weights = _weights(sizes, errors)
    lines = _solver(_line(sizes), weights) @ means
    drawn = _line(at) @ lines
    low, high = np.quantile(drawn, (0.025, 0.975), axis=1)
    bends = (_solver(_quadratic(sizes), weights) @ means)[2] if len(set(sizes)) > 2 else None
    alpha = lines[1]
    return Band(
        _interval(alpha), float(alpha.std(ddof=1)), None if bends is None else _interval(bends), tuple(at), low, high
    )


def _interval(values: Numbers) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _resampled(measured: Sequence[Numbers], draws: int, random: np.random.Generator) -> Numbers:
    """Sizes x draws: the mean of each size in each draw."""
    cases = measured[0].shape[1]
    counts = random.multinomial(cases, np.full(cases, 1 / cases), size=draws).T / cases
    return np.array([_over_seeds(each @ counts, random) for each in measured])


def _over_seeds(means: Numbers, random: np.random.Generator) -> Numbers:
    """The mean over drawn seeds, from seeds x draws."""
    seeds, draws = means.shape
    middle: Numbers = means.mean(axis=0)
    if seeds == 1:
        return middle
    picked = random.integers(seeds, size=(seeds, draws))
    drawn = np.take_along_axis(means, picked, axis=0).mean(axis=0)
    scaled: Numbers = middle + math.sqrt(seeds / (seeds - 1)) * (drawn - middle)
    return scaled


def quadratic(sizes: Sequence[float], values: Sequence[float], errors: Sequence[float] | None = None) -> float:
    """b of w = C + alpha log N + b (log N)^2."""
    return float((_solver(_quadratic(sizes), _weights(sizes, errors)) @ np.asarray(values, float))[2])


def saturation(sizes: Sequence[float], values: Sequence[float], errors: Sequence[float] | None = None) -> list[Alternative]:
    """Does w grow ever less than by the line? Two laws that can, each against the line by an F test (extra sum of squares).

    The quadratic w = C + alpha log N + b (log N)^2, and the asymptote w_inf - d N^-g, whose limit for g -> 0 the line is.
    Empty for fewer than four sizes, where nothing is left to judge by.
    """
    if len(set(sizes)) < 4:
        return []
    weights, wanted = _weights(sizes, errors), np.asarray(values, float)
    straight = float(_squares(_line(sizes), weights, wanted))
    freedom = len(wanted) - 3
    bend = quadratic(sizes, values, errors)
    bent = float(_squares(_quadratic(sizes), weights, wanted))
    powers = _powers(sizes)
    left = _squares(powers, weights, wanted)
    best = int(np.argmin(left))
    limit, rest = _solver(powers[best], weights) @ wanted
    return [
        Alternative("quadratic", *_f_test(straight, bent, freedom), freedom, bend < 0, bend),
        Alternative(
            "asymptote",
            *_f_test(straight, float(left[best]), freedom),
            freedom,
            bool(rest < 0),
            float(_EXPONENTS[best]),
            float(limit),
        ),
    ]


def _f_test(line: float, other: float, freedom: int) -> tuple[float, float]:
    """(F, p) of one parameter more."""
    from scipy.stats import f as distribution  # a second of imports

    if other <= 1e-12 * max(line, 1e-300):
        return (math.inf, 0.0) if line > 1e-24 else (0.0, 1.0)
    value = max(0.0, (line - other) / (other / freedom))
    return value, float(distribution.sf(value, 1, freedom))


# The fit as metric rows.


class Point(Config):
    """The arm whose models were trained on `size` pairs of a source."""

    source: str
    size: int
    arm: str


class Laws(Config):
    """The points of a curve in the cases of `arms.case_quality`; `reference` is the arm that they improve on."""

    cases: DatasetFolder
    reference: str
    points: tuple[Point, ...]


def laws(config: Laws) -> Iterator[Row]:
    """The fit of every source that has two sizes or more, on test pairs: w is how far its NLL lies under the reference's."""
    losses = matrices(list(Dataset(config.cases).rows()), "nll")
    first = losses[config.reference, TEST].mean(axis=0)
    for source in dict.fromkeys(point.source for point in config.points):
        own = [point for point in config.points if point.source == source]
        gained = [first - losses[point.arm, TEST] for point in own]
        known = ~np.isnan(np.concatenate([*gained, first[None]])).any(axis=0)
        if known.sum() > 1 and len(own) > 1:
            yield from law_rows(source, [point.size for point in own], [each[:, known] for each in gained])


def law_rows(source: str, sizes: Sequence[int], measured: Sequence[Numbers], unit: str = "nats/token") -> Iterator[Row]:
    """Everything about one source: what was measured at each size (`at`), the fit, its band, and what other laws say (part).

    `measured` is as in `band`. Low and high are 95 %.
    """
    found = [mean_over(each) for each in measured]
    values, errors = [each.value or 0.0 for each in found], [each.se or 0.0 for each in found]
    line, n = fit(sizes, values, errors), len(sizes)
    around = band(sizes, measured, np.geomspace(min(sizes), max(sizes), POINTS).tolist(), errors)
    for size, each, left in zip(sizes, found, residuals(sizes, values, line), strict=True):
        yield metric("improvement", source, each.value, n=each.cases, se=each.se, unit=unit, at=size, split=TEST)
        yield metric("residual", source, float(left), n=each.cases, unit=unit, at=size, split=TEST)
    (low, high), per_fold = around.alpha, f"{unit} per e-fold of N"
    note = f"{NATURAL}; {BOUND}"
    yield metric("alpha", source, line.alpha, n=n, se=around.alpha_se, low=low, high=high, unit=per_fold, note=note)
    yield metric("alpha_per_decade", source, PER_DECADE * line.alpha, n=n, note="alpha for the logarithm to base 10")
    yield metric("constant", source, line.constant, n=n, unit=unit, note="C, at N = 1")
    for at, value, low, high in zip(around.sizes, line.at(around.sizes), around.low, around.high, strict=True):
        yield metric("band", source, float(value), n=n, low=float(low), high=float(high), unit=unit, at=at, note=BOUND)
    if around.bend:
        (low, high), value = around.bend, quadratic(sizes, values, errors)
        yield metric("bend", source, value, n=n, low=low, high=high, part="quadratic", note=BOUND)
    yield from _saturation_rows(source, n, saturation(sizes, values, errors), unit)


def _saturation_rows(source: str, n: int, found: Sequence[Alternative], unit: str) -> Iterator[Row]:
    for other in found:
        yield metric("saturation_f", source, other.f, n=other.freedom, part=other.name)
        yield metric("saturation_p", source, other.p, n=n, part=other.name)
        yield metric("saturation_bends", source, float(other.bends_down), n=n, part=other.name)
        if other.limit is not None:
            yield metric(
                "saturation_limit", source, other.limit, n=n, unit=unit, part=other.name, note="w for N without end"
            )


# The laws as columns, so that each is a linear problem.


def _line(sizes: Sequence[float]) -> Numbers:
    logs = np.log(np.asarray(sizes, float))
    return np.column_stack([np.ones_like(logs), logs])


def _quadratic(sizes: Sequence[float]) -> Numbers:
    line = _line(sizes)
    return np.column_stack([line, line[:, 1] ** 2])


def _powers(sizes: Sequence[float]) -> Numbers:
    """Columns of w_inf and of -d for each exponent, in units of the smallest size, so that neither becomes tiny."""
    relative = np.asarray(sizes, float) / min(sizes)
    falling = relative[None, :] ** -_EXPONENTS[:, None]
    return np.stack([np.ones_like(falling), falling], axis=2)


def _weights(sizes: Sequence[float], errors: Sequence[float] | None) -> Numbers:
    """1/SE^2; even where no errors are known, or one is nought, which no measurement has."""
    given = np.asarray(errors if errors is not None else [1.0] * len(sizes), float)
    return 1 / given**2 if np.all(given > 0) else np.ones(len(sizes))


def _solver(columns: Numbers, weights: Numbers) -> Numbers:
    """The matrix that makes coefficients of values, for one problem or a stack of them."""
    root = np.sqrt(weights)[:, None]
    solved: Numbers = np.asarray(np.linalg.pinv(columns * root), np.float64) * root.T
    return solved


def _squares(columns: Numbers, weights: Numbers, values: Numbers) -> Numbers:
    """The weighted sum of squares that is left by one problem, or by each of a stack."""
    fitted = (columns @ (_solver(columns, weights) @ values)[..., None])[..., 0]
    left: Numbers = (weights * (values - fitted) ** 2).sum(axis=-1)
    return left
