"""Pairs to look at one by one: the best, the worst, those without a score, and what the guards dropped."""

from collections import Counter
from pathlib import Path
from typing import Any

from humpback.curate.combine import SCORERS
from humpback.report import gather
from humpback.report.gather import Round
from humpback.schema import Row

SHOWN, OF_A_REASON = 6, 3
# Shown in a line of their own, since they stand beside every pair.
_FIRST = ("score", "gain")


def groups(run: Path, done: list[Round]) -> list[dict[str, Any]]:
    """{"title", "rows"} for each group that has any; rows are whole, with `lineage`, `fault` and `scorers`."""
    chosen = [(title, done[-1].pairs, faults) for title, faults in _of_round(done[-1]).items()] if done else []
    guarded = _guard_drops(run)
    chosen += [("Dropped by the guards", gather.dataset(run, "augmented"), guarded)]
    out = []
    for title, source, faults in chosen:
        whole = gather.picked(source, faults)
        rows = [{**whole[each], "fault": fault} for each, fault in faults.items() if each in whole]
        if rows:
            out.append({"title": title, "rows": rows})
    segments = gather.picked(gather.dataset(run, "sample"), {row["parent"] for group in out for row in group["rows"]} - {None})
    return [{**group, "rows": [_told(row, segments) for row in group["rows"]]} for group in out]


def _of_round(round_: Round) -> dict[str, dict[str, str]]:
    """Title -> id -> why it was not kept, if it was not."""
    order = gather.ranked(round_)
    known = [row for row in order if row[round_.key] is not None]
    unscored = _some_of_each([(row["id"], f"no score: {row['status']}") for row in order if row["score"] is None])
    if not round_.plan:
        best = known[:SHOWN]
        worst = [row for row in known[-SHOWN:][::-1] if row not in best]
        listed = {"Best": best, "Worst": worst}
    else:
        kept = [row for row in known if row["id"] in round_.kept]
        other = [row for row in known if row["id"] not in round_.kept]
        lowest = [row for row in kept[-SHOWN:][::-1] if row not in kept[:SHOWN]]
        worst = [row for row in other[-SHOWN:][::-1] if row not in other[:SHOWN]]
        listed = {"Best, kept": kept[:SHOWN], "Lowest that was kept": lowest,
                  "Highest that was not kept": other[:SHOWN], "Worst": worst}  # fmt: skip
    faults = {title: {row["id"]: _fault(round_, row) for row in rows} for title, rows in listed.items()}
    return {**faults, "Without a score": unscored}


def _fault(round_: Round, row: Row) -> str:
    drop = round_.drops.get(row["id"])
    return _reason(drop) if drop else ""


def _reason(drop: Row) -> str:
    return f"{drop['reason']}: {drop['value']}" if drop["value"] else str(drop["reason"])


def _some_of_each(faults: list[tuple[str, str]]) -> dict[str, str]:
    """The first `OF_A_REASON` of each fault."""
    seen: Counter[str] = Counter()
    out = {}
    for each, fault in faults:
        seen[fault] += 1
        if seen[fault] <= OF_A_REASON:
            out[each] = fault
    return out


def _guard_drops(run: Path) -> dict[str, str]:
    pairs = gather.dataset(run, "pairs")
    seen: Counter[str] = Counter()
    out: dict[str, str] = {}
    for drop in pairs.drops() if pairs else ():
        seen[drop["reason"]] += 1
        if seen[drop["reason"]] <= OF_A_REASON:
            out[drop["id"]] = _reason(drop)
    return out


def _told(row: Row, segments: dict[str, Row]) -> Row:
    others = [f"{name.replace('_', ' ')} {_number(row[name])}" for name in SCORERS if name not in _FIRST and _has(row, name)]
    if _has(row, "retrieval_rank"):
        others = [f"{each} of {row['retrieval_of']}" if each.startswith("retrieval") else each for each in others]
    others += [f"{name.replace('_', ' ')}: {row[name]}" for name in ("backward_status", "retrieval_status")
               if row.get(name) not in (None, "ok")]  # fmt: skip
    return {**row, "lineage": _lineage(row, segments), "scorers": others}


def _has(row: Row, name: str) -> bool:
    return row.get(name) is not None


def _number(value: float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _lineage(row: Row, segments: dict[str, Row]) -> list[str]:
    segment = segments.get(row["parent"] or "")
    where = [f"pair {row['id']}"]
    if row["parent"]:
        where.append(f"{'segment' if segment else 'from'} {row['parent']}")
    if segment:
        where.append(f"document {segment['parent']}")
        if segment.get("warc"):
            where.append(f"{segment['warc']} at byte {segment['offset']}")
    return where
