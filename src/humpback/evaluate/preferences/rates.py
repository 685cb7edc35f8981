"""Win rates with their errors, and two models compared on the same prompts.

The rate is AlpacaEval's, w = mean(p), SE = sd(p) / sqrt(n) with the sample deviation: of prompts, one answer each. What has
no preference is no part of n. It is counted, and `bounds` say what the rate would be had all of it been lost or won:
elsewhere rates moved by seven points when such rows fell out unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from humpback.metrics import mean_and_error

DRAWS = 2000


@dataclass(frozen=True)
class Rate:
    """A share. `discrete` counts a preference as a win, a loss or a draw; value and error are None of no preference."""

    value: float | None
    se: float | None
    wins: int
    losses: int
    draws: int
    missing: int

    @property
    def n(self) -> int:
        return self.wins + self.losses + self.draws

    @property
    def discrete(self) -> float | None:
        return (self.wins + self.draws / 2) / self.n if self.n else None

    @property
    def bounds(self) -> tuple[float, float]:
        """The rate if all that is missing were lost, and if it were won."""
        every, won = self.n + self.missing, (self.value or 0.0) * self.n
        return (won / every, (won + self.missing) / every) if every else (0.0, 1.0)


def win_rate(preferences: Sequence[float | None]) -> Rate:
    """The rate of the preferences that are there; None is a judgement that is missing or could not be read."""
    known = [p for p in preferences if p is not None]
    mean, error = mean_and_error(known)
    wins, losses = sum(p > 0.5 for p in known), sum(p < 0.5 for p in known)
    return Rate(mean, error, wins, losses, len(known) - wins - losses, len(preferences) - len(known))


@dataclass(frozen=True)
class Change:
    """How much higher one model's rate is than another's on the prompts that both were judged on.

    `low` and `high` are 95 % by a bootstrap over prompts; `better`, `worse` and `equal` count prompts, and `sign_p` is the
    probability of a split so uneven, or more, if both were equally good (sign test, two-sided, ties left out).
    """

    value: float
    se: float | None
    low: float
    high: float
    better: int
    worse: int
    equal: int
    sign_p: float


def change(first: Sequence[float | None], second: Sequence[float | None], seed: int = 0) -> Change | None:
    """From `first` to `second`, whose places are the same prompts; None if none has both."""
    from scipy.stats import binomtest  # a second of imports, and a finished run needs none of it

    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not both:
        return None
    gaps: NDArray[np.float64] = np.array([b - a for a, b in both])
    mean, error = mean_and_error(gaps.tolist())
    n = len(gaps)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    low, high = np.quantile(counts @ gaps / n, (0.025, 0.975))
    better, worse = int((gaps > 0).sum()), int((gaps < 0).sum())
    p = float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
    return Change(mean or 0.0, error, float(low), float(high), better, worse, n - better - worse, p)


def is_extreme(rate: float, controlled: float) -> bool:
    """Whether the length-controlled rate is so far from the raw one that the fit may have failed (AlpacaEval's bounds)."""
    least, most = min(rate - rate / 4, rate - 0.1), max(rate + (1 - rate) / 4, rate + 0.1)
    return not least <= controlled <= most
