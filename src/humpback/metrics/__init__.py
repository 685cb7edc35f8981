"""Metric rows: a mean over cases with its standard error and n, or null where nothing could be measured."""

import math
from collections.abc import Sequence
from typing import Any

from humpback.schema import Row, row_id


def metric(name: str, model: str, value: float | None, *, n: int, parent: str | None = None, **more: Any) -> Row:
    """A row of `schema.METRIC`; `more` are its other columns: what is measured (part, against, judge, round, split,
    seed, at), and what is told of it (se, low, high, unit, note).

    `parent` is the id of the case, where one alone was measured. Strings that are not given are empty, numbers null. The id
    is that of what is measured, not of the value.
    """
    blank = {"part": "", "against": "", "judge": "", "round": None, "split": "", "seed": None, "at": None}
    rest = {"se": None, "low": None, "high": None, "unit": "", "note": ""}
    unknown = more.keys() - blank.keys() - rest.keys()
    if unknown:
        raise TypeError(f"a metric row has no column {min(unknown)!r}")
    place = {key: more.get(key, value) for key, value in blank.items()}
    told = {key: more.get(key, value) for key, value in rest.items()}
    own = "\0".join(str(each) for each in (name, model, *place.values(), *([] if parent is None else [parent])))
    return {
        "id": row_id(own, "metric"),
        "parent": parent,
        "metric": name,
        "model": model,
        **place,
        "value": value,
        "n": n,
        **told,
    }


def mean_of(name: str, model: str, values: Sequence[float | None], **rest: Any) -> Row:
    """The mean of the values that are there, its standard error (sample deviation over the root of n), and their n."""
    known = [v for v in values if v is not None]
    value, se = mean_and_error(known)
    return metric(name, model, value, n=len(known), se=se, **rest)


def mean_and_error(values: Sequence[float]) -> tuple[float | None, float | None]:
    """(mean, its standard error); the error is None of one value, both of none."""
    n = len(values)
    if not n:
        return None, None
    mean = sum(values) / n
    if n == 1:
        return mean, None
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)


def paired_change(name: str, model: str, before: Sequence[float | None], after: Sequence[float | None], **rest: Any) -> Row:
    """Mean of after - before over the cases that both have: the paired test's estimate."""
    both = [b - a for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    return mean_of(name, model, both, **rest)
