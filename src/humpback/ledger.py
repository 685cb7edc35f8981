"""What became of the rows that a step read: each is kept or dropped, once. The counts, and the check that they add up."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from humpback.errors import HumpbackError
from humpback.schema import Row
from humpback.stage import Drop, Outcome


class ConservationError(HumpbackError):
    """A stage lost a row, or answered for one twice: a bug in the stage, never in the data."""


@dataclass(frozen=True)
class Totals:
    """What became of the rows that a step read, of a shard or a dataset: `read` = `kept` + the sum of `drops`.

    `rows` is how many it made of those that it kept, `spent` what language models took for it (tokens, calls, cost).
    """

    step: str = ""
    read: int = 0
    kept: int = 0
    rows: int = 0
    drops: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def dropped(self) -> int:
        return sum(self.drops.values())

    def __add__(self, other: "Totals") -> "Totals":
        drops = Counter(self.drops) + Counter(other.drops)
        return Totals(
            self.step,
            self.read + other.read,
            self.kept + other.kept,
            self.rows + other.rows,
            dict(sorted(drops.items())),
            round(self.seconds + other.seconds, 3),
            {name: self.spent.get(name, 0) + other.spent.get(name, 0) for name in {**self.spent, **other.spent}},
        )


class Ledger:
    """Parts the outcomes of one step over one shard into kept rows and drops, and checks that each row is answered once."""

    def __init__(self, step: str, reads_records: bool = False, spent: dict[str, float] | None = None) -> None:
        self.step = step
        self.reads_records = reads_records
        self.spent = spent or {}
        self.drops: list[Row] = []
        self._rows = 0
        self._counts: Counter[str] = Counter()
        self._read: set[str] = set()
        self._kept: set[str] = set()
        self._dropped: set[str] = set()

    def reading(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._read.add(row["id"])
            yield row

    def keeping(self, outcomes: Iterable[Outcome]) -> Iterator[Row]:
        """The rows among `outcomes`; of the drops only what is written of them is held."""
        for outcome in outcomes:
            if isinstance(outcome, Drop):
                self._drop(outcome)
                continue
            own = self.reads_records or outcome["id"] in self._read
            self._kept.add(outcome["id"] if own else outcome["parent"])
            self._rows += 1
            yield outcome

    def _drop(self, drop: Drop) -> None:
        row = drop.row
        self.drops.append({"id": row["id"], "parent": row.get("parent"), "reason": drop.reason, "value": _text(drop.value)})
        self._counts[drop.reason] += 1
        self._dropped.add(row["id"])

    def take_drops(self) -> list[Row]:
        """The drops since the last call."""
        drops, self.drops = self.drops, []
        return drops

    def totals(self, seconds: float) -> Totals:
        """The counts; raises `ConservationError` where a row is lost, invented or answered twice."""
        read = self._kept | self._dropped if self.reads_records else self._read
        faults = {
            "lost": read - self._kept - self._dropped,
            "invented": (self._kept | self._dropped) - read,
            "kept and dropped": self._kept & self._dropped,
        }
        for fault, ids in faults.items():
            if ids:
                raise ConservationError(
                    f"the stage {self.step!r} read {len(read)} rows and {fault} {len(ids)} of them, {min(ids)} first",
                    "this is a bug of the stage: every row read must be kept or dropped once",
                )
        if len(self._dropped) != self._counts.total():
            raise ConservationError(f"the stage {self.step!r} dropped a row twice", "this is a bug of the stage")
        drops = dict(sorted(self._counts.items()))
        return Totals(self.step, len(read), len(self._kept), self._rows, drops, round(seconds, 3), self.spent)


def _text(value: Any) -> str | None:
    if isinstance(value, float):
        return f"{value:.4g}"
    return None if value is None else str(value)
