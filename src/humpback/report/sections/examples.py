"""Which pairs are shown one by one: the best, the worst, those near the bound, without a score, dropped by guards."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from humpback.curate import scorers
from humpback.curate.select import CurateConfig
from humpback.report.columns import column, picked, words
from humpback.report.reading import Reading
from humpback.report.section import Cell, Fact, Figure, Pair, Pairs, Section, Table, table
from humpback.schema import Row
from humpback.store import Dataset

PLACE = 800
SHOWN, OF_A_REASON = 6, 3
# Of candidates: (column, what it is called).
MEASURED = (("logprob", "log-probability"), ("gain", "gain"), ("round_trip", "round trip"))


def sections(found: Reading) -> Iterator[Section]:
    """Of the last round, or of the scores of a file of pairs; and of what the guards dropped."""
    groups = [*_of_scores(found), *_of_guards(found)]
    bodies = [Pairs(pairs, title, left) for title, pairs, left in groups if pairs]
    if bodies:
        yield Section("examples", "Pairs, one by one", "", tuple(bodies))


Group = tuple[str, tuple[Pair, ...], int]


def _of_scores(found: Reading) -> Iterator[Group]:
    round = found.rounds[-1] if found.rounds else None
    scored = found.scored(round)
    if scored is None or not len(scored):
        return
    chosen = found.last(kind="selected", round=round) if round is not None else None
    ids, key = words(scored, "id"), _key(scored, chosen)
    values = column(scored, key)
    known = [i for i in np.lexsort((ids, -_quality(key) * values)) if np.isfinite(values[i])]
    kept = set(words(chosen, "id")) if chosen else set()
    faults = {drop["id"]: _reason(drop) for drop in (chosen.drops() if chosen else ())}
    good, other = ([ids[i] for i in known if (ids[i] in kept) is wanted] for wanted in (True, False))
    worst = (other[SHOWN:][-SHOWN:][::-1], 0)
    if chosen:
        listed = {"Best, kept": (good[:SHOWN], len(good)), "Lowest that was kept": (good[SHOWN:][-SHOWN:][::-1], 0),
                  "Highest that was not kept": (other[:SHOWN], len(other)), "Worst": worst}  # fmt: skip
    else:
        listed = {"Best": (other[:SHOWN], len(other)), "Worst": worst}
    for title, (wanted, of) in listed.items():
        yield title, _pairs(found, scored, wanted, faults), max(0, of - len(wanted))
    nulls = np.isnan(column(scored, "score"))
    lacking = [(ids[i], f"no score: {status}") for i, status in enumerate(words(scored, "status")) if nulls[i]]
    some = _some_of_each(lacking)
    yield "Without a score", _pairs(found, scored, list(some), some), len(lacking) - len(some)


def _of_guards(found: Reading) -> Iterator[Group]:
    for guarded in found.datasets(kind="pairs", of="guards"):
        reasons = [(drop["id"], _reason(drop)) for drop in guarded.drops()]
        some = _some_of_each(reasons)
        round = guarded.about.get("round")
        title = "Dropped by the guards" + (f", round {round}" if round not in (None, 1) else "")
        yield title, _pairs(found, found.made_of(guarded), list(some), some), len(reasons) - len(some)


def _key(scored: Dataset, chosen: Dataset | None) -> str:
    """The column by which pairs are ranked: what selected, or else the judge's score if there is any."""
    if chosen:
        return str(chosen.about["by"])
    return "score" if np.isfinite(column(scored, "score")).any() else "gain"


def _quality(key: str) -> float:
    return 1.0 if key not in scorers.names() or scorers.load(key, CurateConfig()).higher else -1.0


def _reason(drop: Row) -> str:
    return f"{drop['reason']}: {drop['value']}" if drop["value"] else str(drop["reason"])


def _some_of_each(faults: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The first `OF_A_REASON` of each reason."""
    seen: Counter[str] = Counter()
    out = {}
    for each, fault in faults:
        kind = fault.partition(": ")[0] if not fault.startswith("no score") else fault
        seen[kind] += 1
        if seen[kind] <= OF_A_REASON:
            out[each] = fault
    return out


def _pairs(found: Reading, source: Dataset | None, ids: Sequence[str], faults: dict[str, str]) -> tuple[Pair, ...]:
    """The pairs of those `ids`, whole; texts of others are not read."""
    rows = picked(source, ids)
    whole = [rows[each] for each in ids if each in rows]
    parents = {row["parent"] for row in whole if row.get("parent")}
    segments = picked(found.last(kind="segments"), parents)
    return tuple(_pair(row, segments.get(row.get("parent") or ""), faults.get(row["id"], "")) for row in whole)


def _pair(row: Row, segment: Row | None, fault: str) -> Pair:
    source = tuple(part for part in (row.get("url") or "", " > ".join(row.get("header_path") or ())) if part)
    wrote = tuple(text for text in row.get("judgement") or () if text)
    return Pair(
        row.get("instruction") or "(empty)", row.get("response") or "", tuple(_facts(row)), fault, source, wrote,
        tuple(_lineage(row, segment)), _candidates(row.get("candidates") or ()),
    )  # fmt: skip


def _facts(row: Row) -> Iterator[Fact]:
    """What is known of the pair: the values of scorers, statuses that are not ok, its label and how it was made."""
    for name in scorers.names():
        scorer = scorers.load(name, CurateConfig())
        called = name.replace("_", " ")
        if row.get(name) is not None:
            value = row[name]
            yield Fact(called, Figure(value) if isinstance(value, float) else value, _beside(row, name))
        elif scorer.status and row.get(scorer.status) not in (None, "ok"):
            yield Fact(called, str(row[scorer.status]))
    if row.get("label") is not None:
        yield Fact("label", ("bad", "good")[row["label"] == 1])
    if row.get("style"):
        yield Fact("asked for as a", str(row["style"]))
    if row.get("chosen_by"):
        yield Fact("chosen by", str(row["chosen_by"]).replace("_", " "))
    if row.get("judged_clipped"):
        yield Fact("judged", "by its beginning alone")


def _beside(row: Row, name: str) -> str:
    if name == "score" and row.get("aspects"):
        return "aspects " + ", ".join("–" if each is None else f"{each:g}" for each in row["aspects"])
    return f"of {row['retrieval_of']}" if name == "retrieval_rank" and row.get("retrieval_of") else ""


def _lineage(row: Row, segment: Row | None) -> Iterator[tuple[str, str]]:
    yield "pair", str(row["id"])
    if row.get("parent"):
        yield ("segment" if segment else "from"), str(row["parent"])
    if segment:
        yield "document", str(segment["parent"])
        if segment.get("warc"):
            yield str(segment["warc"]), f"at byte {segment['offset']}"


def _candidates(found: Sequence[Row]) -> Table | None:
    shown: list[list[Cell]] = [
        [each["instruction"], each.get("drawn"), *(Figure(value) if (value := each.get(name)) is not None else None
                                                   for name, _ in MEASURED), each.get("guard") or ""]
        for each in found
    ]  # fmt: skip
    return table(("candidate", "drawn", *(called for _, called in MEASURED), "guard"), shown) if shown else None
