"""Metric rows as they are read, typed; and which of them are such as one says."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from humpback.schema import Row


@dataclass(frozen=True)
class Measured:
    """A row of `schema.METRIC`. `of` is what its dataset measures, `place` (dataset, number) tells it from all others."""

    of: str
    metric: str
    part: str
    model: str
    against: str
    judge: str
    round: int | None
    split: str
    seed: int | None
    at: float | None
    value: float | None
    se: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    note: str
    place: tuple[str, int] = ("", 0)


WORDS = ("metric", "part", "model", "against", "judge", "split", "unit", "note")
NAMED = ("part", "model", "against", "judge", "round", "split", "seed", "at")


def measured(row: Row, of: str, place: tuple[str, int]) -> Measured:
    columns = [field.name for field in fields(Measured) if field.name not in ("of", "place", "n")]
    told: dict[str, Any] = {name: "" if row[name] is None and name in WORDS else row[name] for name in columns}
    return Measured(of=of, place=place, n=row["n"] or 0, **told)


def such(rows: Iterable[Measured], **about: Any) -> list[Measured]:
    """Those of `rows` whose columns are as `about` says; of a tuple one of its values."""
    wanted = {name: value if isinstance(value, tuple) else (value,) for name, value in about.items()}
    return [row for row in rows if all(getattr(row, name) in values for name, values in wanted.items())]


def one(rows: Iterable[Measured], **about: Any) -> Measured | None:
    """The first of `such`, or None."""
    return next(iter(such(rows, **about)), None)


def values(rows: Iterable[Measured], column: str) -> list[Any]:
    """The different values of a column, in the order in which they come."""
    return list(dict.fromkeys(getattr(row, column) for row in rows))
