"""Two models' answers side by side, without their names: which is better (Humpback, section 3.3: three choices).

The sides are drawn by the row's id, the same for everybody, and are nowhere in a page or a sheet. The key stays here.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from humpback.metrics.kappa import Agreement, agreement
from humpback.schema import Row, row_seed
from humpback.store import Dataset
from humpback.view.labels import SIDES

KIND = "answers"
WON, LOST, TIED = "won", "lost", "tied"


def is_model_left(id: str) -> bool:
    """Whether the model's answer, the second of a verdict, stands on the left."""
    return bool(row_seed(id, "sides") & 1)


def shown(row: Row) -> dict[str, str]:
    """What a sheet holds of a row: nothing that tells who wrote what."""
    left, right = ("output_2", "output_1") if is_model_left(row["id"]) else ("output_1", "output_2")
    return {"id": row["id"], "instruction": row["instruction"], "left": row[left], "right": row[right], "choice": ""}


def outcome(id: str, choice: str) -> str | None:
    """What a choice of sides says of the model; None where it is no choice."""
    if choice not in SIDES:
        return None
    if choice == "neither":
        return TIED
    return WON if (choice == "left") is is_model_left(id) else LOST


@dataclass(frozen=True)
class Tally:
    """What one person said of a model: how many answers won, tied and lost, and the share won with a half for ties."""

    who: str
    won: int
    tied: int
    lost: int

    @property
    def n(self) -> int:
        return self.won + self.tied + self.lost

    @property
    def rate(self) -> float:
        return (self.won + self.tied / 2) / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % (Wilson 1927), ties counted as halves."""
        z, n, p = 1.96, self.n, self.rate
        middle, wide = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        return (middle - wide) / (1 + z**2 / n), (middle + wide) / (1 + z**2 / n)


def said(lines: Sequence[dict[str, Any]], ids: set[str]) -> dict[str, dict[str, str]]:
    """By person: what each said of which of the rows, as an outcome for the model."""
    out: dict[str, dict[str, str]] = {}
    for line in lines:
        id, who = str(line.get("id")), str(line.get("who"))
        found = outcome(id, str(line.get("choice"))) if id in ids else None
        if found:
            out.setdefault(who, {})[id] = found
    return out


def judged(verdicts: Dataset | None) -> dict[str, str]:
    """What the judge's preferences say of the same rows, as outcomes."""
    rows = verdicts.rows(["id", "preference"]) if verdicts else iter(())
    known = ((row["id"], row["preference"] - 1.5) for row in rows if row["preference"] is not None)
    return {id: TIED if lean == 0 else WON if lean > 0 else LOST for id, lean in known}


def tallies(by_person: Mapping[str, Mapping[str, str]]) -> list[Tally]:
    counted = {who: Counter(own.values()) for who, own in by_person.items()}
    return [Tally(who, each[WON], each[TIED], each[LOST]) for who, each in counted.items()]


def agreements(by_person: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, Agreement]]:
    """How far each two agree, on what both have judged."""
    for one, other in combinations(by_person, 2):
        both = [id for id in by_person[one] if id in by_person[other]]
        found = agreement([by_person[one][id] for id in both], [by_person[other][id] for id in both])
        if found:
            yield one, other, found
