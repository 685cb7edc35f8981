"""What the metric rows of a round say, put side by side: for text and page alike. Nothing is measured here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from humpback.evaluate.agreement import wilson
from humpback.evaluate.competence import GUARDED
from humpback.schema import Row

# (metric, what it is called, what it means), in the order in which they are shown.
FACTS = (
    ("judge_valid", "valid answers", "a score, with enough probability on the levels"),
    ("judge_undecided", "undecided", "too little probability on the levels"),
    ("judge_order_gap", "order gap, levels", "how far a score moves with the levels in reverse order"),
    ("judge_order_flips", "order flips", "pairs whose nearest level depends on that order"),
    ("judge_retest_gap", "retest gap, levels", "how far a score moves when the judgement is drawn again"),
    ("judge_kappa", "retest kappa", "two draws compared, beyond chance; 1 is the same"),
    ("judge_canary", "negation canary", "same answer to a question and to its negation: 0 % has read it"),
    ("judge_seconds", "seconds", "for a thousand pairs"),
    ("judge_prompt_tokens", "prompt tokens", "for a thousand pairs"),
    ("judge_completion_tokens", "answer tokens", "for a thousand pairs"),
)
_MEAN_P = re.compile(r"mean (\d*\.?\d+)")


def figure(row: Row | None, digits: int = 3, signed: bool = False) -> str:
    """A metric as "value ± standard error", "-" where nothing was measured."""
    if not row or row["value"] is None:
        return "-"
    error = f" ± {row['se']:.{digits}f}" if row["se"] is not None else ""
    return f"{row['value']:{'+' if signed else ''}z.{digits}f}{error}"


def share(row: Row | None) -> str:
    """A metric that is a share, in per cent with its standard error."""
    if not row or row["value"] is None:
        return "-"
    error = f" ± {100 * row['se']:.0f}" if row["se"] is not None else ""
    return f"{100 * row['value']:.0f} %{error}"


def quantity(row: Row | None) -> str:
    """A metric in the form of its unit."""
    if not row or row["value"] is None:
        return "-"
    if row["unit"] == "share":
        return share(row)
    if row["unit"] in ("per thousand pairs", "characters"):
        digits = 1 if 0 < abs(row["value"]) < 10 else 0
        error = f" ± {row['se']:,.{digits}f}" if row["se"] is not None else ""
        return f"{row['value']:z,.{digits}f}{error}"
    return figure(row, 3 if row["unit"] == "cosine" else 2)


def find(metrics: Iterable[Row], name: str, note: str | None = None) -> Row | None:
    """The first row of the metric `name`, with that `note` if one is given."""
    return next((r for r in metrics if r["metric"] == name and (note is None or r["note"] == note)), None)


@dataclass(frozen=True)
class Damage:
    """The AUC of both scorers on one kind of damage; `counts` is False if a guard drops such pairs anyway."""

    name: str
    judge: Row | None
    gain: Row | None
    counts: bool


def damages(metrics: list[Row]) -> list[Damage]:
    """Per kind of damage, in the order measured."""
    notes = dict.fromkeys(row["note"] for row in metrics if row["metric"] in ("judge_auc", "gain_auc"))
    return [
        Damage(
            note.replace("_", " "), find(metrics, "judge_auc", note), find(metrics, "gain_auc", note), note not in GUARDED
        )
        for note in notes
    ]


def mean_auc(rows: list[Damage], scorer: str) -> float | None:
    """The mean AUC of the scorer "judge" or "gain" over the damage that counts."""
    found = [getattr(row, scorer) for row in rows if row.counts]
    values = [row["value"] for row in found if row and row["value"] is not None]
    return sum(values) / len(values) if values else None


def facts(metrics: list[Row]) -> list[tuple[str, Row, str]]:
    """(what it is called, the metric, what it means) of what was measured of the judge besides its ranking."""
    found = ((called, find(metrics, name), means) for name, called, means in FACTS)
    return [(called, row, means) for called, row, means in found if row and row["value"] is not None]


def levels(metrics: list[Row]) -> list[Row]:
    """The share of the clean pairs at each level, the lowest first."""
    return [row for row in metrics if row["metric"] == "judge_level" and row["value"] is not None]


@dataclass(frozen=True)
class Interval:
    """A share with its 95 % interval (Wilson)."""

    row: Row
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.row['value']:.0f} % [{100 * self.low:.0f}, {100 * self.high:.0f}]"


def interval(row: Row | None) -> Interval | None:
    """None where nothing was measured."""
    if not row or row["value"] is None or not row["n"]:
        return None
    return Interval(row, *wilson(round(row["value"] * row["n"]), row["n"]))


def labelled(metrics: list[Row]) -> dict[str, Any] | None:
    """Agreement with labels: base_rate, precision, recall (`Interval` or None), auc, ece, brier (metric rows), and the curve
    of (mean predicted share of good pairs, observed `Interval`) per bin. None if there were no labels.
    """
    base = interval(find(metrics, "judge_base_rate"))
    if base is None:
        return None
    bins = [(_mean_p(row), interval(row)) for row in metrics if row["metric"] == "judge_calibration"]
    return {
        "base_rate": base,
        **{name: interval(find(metrics, f"judge_{name}")) for name in ("precision", "recall")},
        "threshold": (find(metrics, "judge_precision") or {"note": ""})["note"].split(";")[0],
        **{name: find(metrics, f"judge_{name}") for name in ("label_auc", "ece", "brier")},
        "curve": [(p, observed) for p, observed in bins if p is not None and observed is not None],
    }


def _mean_p(row: Row) -> float | None:
    found = _MEAN_P.search(row["note"] or "")
    return float(found[1]) if found else None


Attacked = Mapping[str, Any]
_MOVES = ("shift", "control", "excess", "lost")


def injection(metrics: list[Row]) -> tuple[Attacked, list[Attacked]] | None:
    """(all attacks together, each kind of attack with the strongest first): kind, shift, control, excess, lost."""
    notes = list(dict.fromkeys(row["note"] for row in metrics))
    every = [
        {"kind": note.replace("_", " "), **{move: find(metrics, f"injection_{move}", note) for move in _MOVES}}
        for note in notes
    ]
    if not every or not every[0]["shift"]:
        return None
    return every[0], sorted(every[1:], key=lambda each: -_value(each["excess"]))


def _value(row: Any) -> float:
    return row["value"] if row and row["value"] is not None else float("-inf")


@dataclass(frozen=True)
class Likeness:
    """One comparison of the kept pairs with the dropped ones; `change` is their difference."""

    column: str
    measure: str
    kept: Row | None
    dropped: Row | None
    change: Row | None


def likeness(metrics: list[Row]) -> tuple[list[Likeness], list[tuple[str, Row]]]:
    """(comparisons, (column, how well likeness to the seed tells kept from dropped pairs))."""
    called = {"seed_similarity": "seed similarity", "length": "characters", "distinct_2": "distinct-2"}
    compared = [
        Likeness(column, told, *(find(metrics, name, f"{column}, {part}") for part in ("kept", "dropped", "kept - dropped")))
        for column in ("instruction", "response")
        for name, told in called.items()
        if find(metrics, name, f"{column}, kept")
    ]
    told = [(row["note"].split(",")[0], row) for row in metrics if row["metric"] == "seed_like_auc"]
    return compared, [(column, row) for column, row in told if row["value"] is not None]
