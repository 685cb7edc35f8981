"""Pairs as they are shown, with all that is known of them; and by what the pairs of a round are ranked."""

from collections.abc import Iterator, Sequence

import numpy as np

from humpback.curate import scorers
from humpback.curate.select import CurateConfig
from humpback.report.columns import column, picked
from humpback.report.reading import Reading
from humpback.report.section import Cell, Fact, Figure, Pair, Table, table
from humpback.schema import Row
from humpback.store import Dataset

# Of candidates: (column, what it is called).
MEASURED = (("logprob", "log-probability"), ("gain", "gain"), ("round_trip", "round trip"))


def key_of(scored: Dataset, chosen: Dataset | None) -> str:
    """The column by which pairs are ranked: what selected, or else the judge's score if there is any."""
    if chosen:
        return str(chosen.about["by"])
    return "score" if np.isfinite(column(scored, "score")).any() else "gain"


def quality(key: str) -> float:
    """1.0 where more of the column is better, else -1.0."""
    return 1.0 if key not in scorers.names() or scorers.load(key, CurateConfig()).higher else -1.0


def reason(drop: Row) -> str:
    """Why a pair was dropped, and the value that says so."""
    return f"{drop['reason']}: {drop['value']}" if drop["value"] else str(drop["reason"])


def whole_pairs(found: Reading, source: Dataset | None, ids: Sequence[str], faults: dict[str, str]) -> tuple[Pair, ...]:
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
