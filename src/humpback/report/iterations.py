"""The rounds side by side, for text and page alike: what each selected, which model came of it, which one is the best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from humpback.evaluate.competence import CORRUPTIONS, GUARDED
from humpback.report import gather
from humpback.report.measured import figure, find, quantity, share
from humpback.schema import Row

Form = Callable[[Row | None], str]
# The precision of a selection that does not look: the share of clean pairs among them and their damaged copies.
BLIND = 1 / (1 + len(CORRUPTIONS) - len(GUARDED))


def _count(row: Row | None) -> str:
    return f"{row['value']:.0f}" if row and row["value"] is not None else "-"


def _part(row: Row | None) -> str:
    return f"{row['value'] * row['n']:.0f} of {row['n']}" if row and row["value"] is not None else "-"


def _plain(row: Row | None) -> str:
    return figure(row, 2)


def _moved(row: Row | None) -> str:
    return figure(row, 3, signed=True)


# (what it is called, metric, its note if there are several, how it is told); a column that no round has is not shown.
Column = tuple[str, str, str | None, Form]
SELECTED: tuple[Column, ...] = (
    ("kept", "acceptance", None, _part),
    ("precision", "selection_precision", None, share),
    ("recall", "selection_recall", None, share),
    ("overlap", "selection_overlap", None, _plain),
    ("new", "selection_new", None, _count),
    ("left", "selection_left", None, _count),
    ("score drift", "score_drift", None, _moved),
    ("gain drift", "gain_drift", None, _moved),
)
INSTRUCTIONS: tuple[Column, ...] = (
    ("characters, kept", "length", "instruction, kept", quantity),
    ("seed similarity, kept", "seed_similarity", "instruction, kept", quantity),
    ("guards passed", "guards_passed", None, share),
    ("copies", "copy_rate", None, share),
    ("unchanged", "pool_unchanged", None, share),
    ("distinct-2", "pool_distinct_2", None, _plain),
)


@dataclass(frozen=True)
class Table:
    """A row per round: its number, the model that judged, and what the other columns say."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables(run: Path) -> list[Table]:
    """What the rounds selected, and what instructions these were; none of a run without rounds, or made before this."""
    rounds = {number: rows for number, rows in gather.iterations(run).items() if find(rows, "acceptance")}
    outside = str(gather.read_run(run)["config"].get("judge_lm") or "")
    titled = (
        (f"What each round selected (a blind choice: precision {BLIND:.0%})", SELECTED),
        ("Its instructions", INSTRUCTIONS),
    )
    return [made for title, columns in titled if rounds and (made := _table(title, columns, rounds, outside))]


def _table(title: str, columns: Sequence[Column], rounds: dict[int, list[Row]], outside: str) -> Table | None:
    shown = [each for each in columns if any(_known(rows, *each[1:3]) for rows in rounds.values())]
    rows = [
        (str(number), outside or str(found[0]["model"]), *(tell(find(found, name, note)) for _, name, note, tell in shown))
        for number, found in rounds.items()
    ]
    return Table(title, ("round", "judged by", *(each[0] for each in shown)), rows) if shown else None


def stopped(run: Path) -> str:
    """Why the rounds ended before there were as many as wanted, or nothing."""
    ended = ((number, find(rows, "stopped")) for number, rows in gather.iterations(run).items())
    return next((f"round {number} stops: {row['note']}" for number, row in ended if row), "")


def _known(rows: Sequence[Row], name: str, note: str | None) -> bool:
    row = find(rows, name, note)
    return row is not None and row["value"] is not None


@dataclass(frozen=True)
class Gated:
    """A model on the dev split: metric rows, and whether it was promoted, and why or why not. Of M_0 nothing is decided."""

    model: str
    nll: Row | None
    change: Row | None
    stop: Row | None
    verdict: str
    why: str

    @property
    def n(self) -> int:
        return self.nll["n"] if self.nll else 0


def gated(run: Path) -> list[Gated]:
    """M_0 and each model after it."""
    gate = (gather.read_run(run)["config"].get("iterate") or {}).get("gate", True)
    out: list[Gated] = []
    for rows in gather.gates(run):
        decided = find(rows, "gate_better")
        assert decided is not None
        name, better = decided["model"], bool(decided["value"])
        if not out:
            out.append(_gated("M_0", rows, "", ""))
        verdict = "promoted" if better else "refused" if gate else "not better"
        out.append(_gated(name, rows, verdict, decided["note"]))
    return out


def _gated(model: str, rows: Sequence[Row], verdict: str, why: str) -> Gated:
    own = [row for row in rows if row["model"] == model]
    return Gated(model, find(own, "gate_nll"), find(own, "gate_nll_change"), find(own, "gate_stop_rate"), verdict, why)
