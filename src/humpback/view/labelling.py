"""Pairs and answers to be read by people: which comes next, what was said, and how it leaves again."""

import json
from collections.abc import Iterator
from typing import Any

from humpback.schema import Row, row_seed
from humpback.store import Dataset
from humpback.view import blind
from humpback.view.labels import GRADES, SIDES, WHY
from humpback.view.opened import Opened
from humpback.view.tables import NoSuch, Table

# Rows are shown in the order of their seeds, so that nobody reads them by site or by score. Among so many at once.
_DRAWN = 400
_AS_LABEL = {"good": 1, "bad": 0}


def asked(opened: Opened, place: int) -> Dataset:
    """The answers to be compared at that place; raises `NoSuch`."""
    dataset = opened.table(place).dataset
    if not {"output_1", "output_2"} <= set(dataset.columns.names):
        raise NoSuch(f"{dataset.path.name} has no two answers to compare")
    return dataset


def next_pair(opened: Opened, place: int, who: str, after: str) -> dict[str, Any]:
    """A pair that this person has not read, and how many have been."""
    table = opened.table(place)
    if not {"instruction", "response"} <= set(table.columns.names):
        raise NoSuch(f"{table.dataset.path.name} holds no pairs")
    done = {id for (id, own), _ in opened.labels.latest("pair").items() if own == who}
    number = _next(table, done, after)
    row = table.row(number) if number is not None else None
    return {
        "place": place,
        "table": table,
        "row": row,
        "number": number,
        "done": len(done),
        "last": _last(opened, "pair", who),
    }


def next_answers(opened: Opened, place: int, who: str, after: str) -> dict[str, Any]:
    """Two answers that this person has not compared, without names."""
    table = opened.of(asked(opened, place))
    done = {id for (id, own), _ in opened.labels.latest(blind.KIND).items() if own == who}
    number = _next(table, done, after)
    shown = blind.shown(table.row(number)) if number is not None else None
    return {"place": place, "shown": shown, "done": len(done), "of": len(table), "last": _last(opened, blind.KIND, who)}


def _last(opened: Opened, kind: str, who: str) -> dict[str, Any] | None:
    own = [line for line in opened.labels.lines() if line.get("kind") == kind and line.get("who") == who]
    return own[-1] if own else None


def _next(table: Table, done: set[str], after: str) -> int | None:
    """The number of the first row in the order of reading that is not done, behind the one that was passed over."""
    shards = max(1, len(table) // _DRAWN)
    for at in range(shards):
        first = at * _DRAWN
        last = len(table) if at == shards - 1 else first + _DRAWN
        order = _order(table, first, last)
        ids = [id for id, _ in order]
        start = ids.index(after) + 1 if after in ids else 0
        found = next((number for id, number in [*order[start:], *order[:start]] if id not in done and id != after), None)
        if found is not None:
            return found
    return None


def _order(table: Table, first: int, last: int) -> list[tuple[str, int]]:
    rows = list(zip(table.ids(first, last), range(first, last), strict=True))
    return sorted(rows, key=lambda each: row_seed(each[0], "read"))


def said_of(opened: Opened, row: Row) -> list[dict[str, Any]]:
    """The last word of each person on a row."""
    return [line for (id, _), line in opened.labels.latest("pair").items() if id == row.get("id")]


def line_of(opened: Opened, told: Any) -> dict[str, Any]:
    """What was sent as a line of the log; raises `ValueError` where it says nothing that can be said."""
    if not isinstance(told, dict) or not isinstance(told.get("who"), str) or not told["who"].strip():
        raise ValueError("somebody has to say it: who")
    who, place, id = told["who"].strip()[:60], told.get("place"), told.get("id")
    table = opened.table(place) if isinstance(place, int) else None
    numbers = opened.tables.find(table, str(id)) if table else []
    if table is None or not numbers:
        raise ValueError("there is no such row")
    base = {"kind": told.get("kind"), "id": str(id), "place": place, "dataset": table.dataset.fingerprint, "who": who}
    if told.get("kind") == blind.KIND:
        if told.get("choice") not in SIDES:
            raise ValueError(f"a choice is one of: {', '.join(SIDES)}")
        return {**base, "choice": told["choice"]}
    if told.get("kind") != "pair" or told.get("grade") not in GRADES:
        raise ValueError(f"a grade is one of: {', '.join(GRADES)}")
    why = str(told.get("why") or "")
    if why and why not in WHY:
        raise ValueError(f"a reason is one of: {', '.join(WHY)}")
    row = table.row(numbers[0])
    texts = {name: row[name] for name in ("instruction", "response")}
    return {**base, "grade": told["grade"], "why": why, **texts}


def lines_of_sheet(opened: Opened, place: int, who: str, sheet: str) -> list[dict[str, Any]]:
    """The choices in a sheet that came back; raises `ValueError` for the first line that cannot be read, and takes none."""
    lines = []
    for number, text in enumerate(sheet.splitlines(), start=1):
        if not text.strip():
            continue
        try:
            told = json.loads(text)
            if told.get("choice"):
                lines.append(
                    line_of(
                        opened, {"kind": blind.KIND, "place": place, "id": told["id"], "who": who, "choice": told["choice"]}
                    )
                )
        except (ValueError, KeyError, AttributeError) as error:
            raise ValueError(f"line {number}: {error}") from None
    return lines


def pairs(opened: Opened) -> Iterator[Row]:
    """Each pair that was labelled, once for each who did, in the form that `humpback sweep` and `score` read.

    `label` is 1 for good and 0 for bad; what is partly good has none.
    """
    for (id, who), line in opened.labels.latest("pair").items():
        own = {name: line.get(name) for name in ("instruction", "response", "grade", "why", "at")}
        yield {"id": f"{id}/{who}", **own, "who": who, "label": _AS_LABEL.get(str(line.get("grade")))}


def results(opened: Opened, place: int) -> dict[str, Any]:
    """What all have said of the answers, the judge among them, and how far they agree."""
    dataset = asked(opened, place)
    rows = list(dataset.rows(["id", "generator_1", "generator_2"]))
    verdicts = next((each for each in opened.datasets() if dataset.fingerprint in each.plan.get("inputs", [])), None)
    people = blind.said(opened.labels.latest(blind.KIND), {row["id"] for row in rows})
    judge = blind.judged(verdicts)
    everybody = {**people, **({"the judge": judge} if judge else {})}
    return {
        "model": rows[0]["generator_2"], "reference": rows[0]["generator_1"], "of": len(rows),
        "tallies": blind.tallies(everybody), "agreements": list(blind.agreements(everybody)), "people": len(people),
    }  # fmt: skip
