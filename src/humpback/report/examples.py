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
_OF_CANDIDATES = ("logprob", "gain", "round_trip")


def groups(run: Path, done: list[Round]) -> list[dict[str, Any]]:
    """{"title", "rows"} for each group that has any; rows are whole, with `lineage`, `fault` and `scorers`."""
    chosen = [(title, done[-1].pairs, faults) for title, faults in _of_round(done[-1]).items()] if done else []
    guarded = _guard_drops(run)
    chosen += [("Dropped by the guards", gather.dataset(run, "augmented"), guarded)]
    found: list[tuple[str, list[Row]]] = []
    for title, source, faults in chosen:
        whole = gather.picked(source, faults)
        rows = [{**whole[each], "fault": fault} for each, fault in faults.items() if each in whole]
        found += [(title, rows)] if rows else []
    parents = {row["parent"] for _, rows in found for row in rows if row["parent"]}
    segments = gather.picked(gather.dataset(run, "sample"), parents)
    return [{"title": title, "rows": [_told(row, segments) for row in rows]} for title, rows in found]


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
    measured = [name for name in _OF_CANDIDATES if any(_has(each, name) for each in row.get("candidates") or ())]
    told = {"told": _judged(row), "scorers": _scorers(row), "lineage": _lineage(row, segments)}
    return {**row, **told, "of_candidates": measured}


def _judged(row: Row) -> list[str]:
    """What is known of the pair before other scorers."""
    out = []
    if _has(row, "score"):
        aspects = ", ".join("-" if each is None else f"{each:.1f}" for each in row.get("aspects") or ())
        out.append(f"score {row['score']:.2f}" + (f" (aspects {aspects})" if aspects else ""))
    out += [f"gain {row['gain']:.3f}"] if _has(row, "gain") else []
    out += [("labelled bad", "labelled good")[row["label"] == 1]] if _has(row, "label") else []
    out += [f"asked for as a {row['style']}"] if row.get("style") else []
    out += [f"chosen by {row['chosen_by'].replace('_', ' ')}"] if row.get("chosen_by") else []
    out += [f"score {row['status']}"] if row.get("status") not in (None, "ok") and _has(row, "score") else []
    return out + (["judged by its beginning alone"] if row.get("judged_clipped") else [])


def _scorers(row: Row) -> list[str]:
    out = [f"{name.replace('_', ' ')} {_number(row[name])}" for name in SCORERS if name not in _FIRST and _has(row, name)]
    if _has(row, "retrieval_rank"):
        out = [f"{each} of {row['retrieval_of']}" if each.startswith("retrieval") else each for each in out]
    whys = [(name, row.get(name)) for name in ("backward_status", "retrieval_status")]
    return out + [f"{name.replace('_', ' ')} {why}" for name, why in whys if why not in (None, "ok")]


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
