"""Shares of cases, with intervals that hold for few of them."""

from typing import Any

from humpback.metrics import metric
from humpback.schema import Row


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): it stays inside 0 to 1, and holds with few cases; n is at least 1."""
    from scipy.stats import binomtest  # a second of imports, and a finished run needs none of it

    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def share_of(name: str, model: str, hits: int, n: int, **more: Any) -> Row:
    """The metric row of a share, its interval in low and high; null of no cases. `more` as for `metric`."""
    if not n:
        return metric(name, model, None, n=0, unit="share", **more)
    low, high = wilson(hits, n)
    return metric(name, model, hits / n, n=n, low=low, high=high, unit="share", **more)
