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
    own = [line for line in opened.labels.latest("pair") if line.get("who") == who]
    done = {(str(line["id"]), line.get("instruction")) for line in own}
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
    mine = (line for line in opened.labels.latest(blind.KIND) if line.get("who") == who)
    own = [line for line in mine if line.get("place") == place]
    done = {(str(line["id"]), line.get("instruction")) for line in own}
    number = _next(table, done, after)
    shown = blind.shown(table.row(number)) if number is not None else None
    others = [each for each in opened.datasets() if each.about.get("kind") == "asked" and each.place != place]
    told = {"done": len(done), "of": len(table), "last": _last(opened, blind.KIND, who), "others": others}
    return {"place": place, "shown": shown, **told}


def _last(opened: Opened, kind: str, who: str) -> dict[str, Any] | None:
    own = [line for line in opened.labels.lines() if line.get("kind") == kind and line.get("who") == who]
    return own[-1] if own else None


def _next(table: Table, done: set[tuple[str, str | None]], after: str) -> int | None:
    """The number of the first row in the order of reading that is not done, behind the one that was passed over.

    Done is a row of that id with that instruction: a run that is made anew may have others under the same ids.
    """
    shards = max(1, len(table) // _DRAWN)
    for at in range(shards):
        first = at * _DRAWN
        last = len(table) if at == shards - 1 else first + _DRAWN
        rows = zip(table.some(("id", "instruction"), first, last), range(first, last), strict=True)
        order = sorted(rows, key=lambda each: row_seed(each[0]["id"], "read"))
        ids = [row["id"] for row, _ in order]
        start = ids.index(after) + 1 if after in ids else 0
        left = [*order[start:], *order[:start]]
        found = next((n for row, n in left if (row["id"], row["instruction"]) not in done and row["id"] != after), None)
        if found is not None:
            return found
    return None


def said_of(opened: Opened, row: Row) -> list[dict[str, Any]]:
    """The last word of each person on a row."""
    known = (row.get("id"), row.get("instruction"))
    return [line for line in opened.labels.latest("pair") if (line.get("id"), line.get("instruction")) == known]


def line_of(opened: Opened, told: Any) -> dict[str, Any]:
    """What was sent as a line of the log; raises `ValueError` where it says nothing that can be said."""
    if not isinstance(told, dict) or not isinstance(told.get("who"), str) or not told["who"].strip():
        raise ValueError("somebody has to say it: who")
    who, place, id = told["who"].strip()[:60], told.get("place"), told.get("id")
    table = opened.table(place) if isinstance(place, int) else None
    numbers = opened.tables.find(table, str(id)) if table else []
    if table is None or not numbers:
        raise ValueError("there is no such row")
    row = table.row(numbers[0])
    base = {"kind": told.get("kind"), "id": str(id), "place": place, "who": who, "instruction": row.get("instruction")}
    if told.get("kind") == blind.KIND:
        if told.get("choice") not in SIDES:
            raise ValueError(f"a choice is one of: {', '.join(SIDES)}")
        return {**base, "choice": told["choice"]}
    if told.get("kind") != "pair" or told.get("grade") not in GRADES:
        raise ValueError(f"a grade is one of: {', '.join(GRADES)}")
    why = str(told.get("why") or "")
    if why and why not in WHY:
        raise ValueError(f"a reason is one of: {', '.join(WHY)}")
    return {**base, "grade": told["grade"], "why": why, "response": row.get("response")}


def lines_of_sheet(opened: Opened, place: int, who: str, sheet: str) -> list[dict[str, Any]]:
    """The choices in a sheet that came back; raises `ValueError` for the first line that cannot be read, and takes none."""
    lines = []
    for number, text in enumerate(sheet.split("\n"), start=1):
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
    """Each pair that was labelled, once, in the form that `humpback sweep` and `score` read: `label` is 1 for good and 0 for
    bad, as most of those who graded it say. What is partly good, or split evenly, belongs to neither side and is not there.
    """
    graded: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for line in opened.labels.latest("pair"):
        graded.setdefault((str(line.get("id")), str(line.get("instruction")), str(line.get("response"))), []).append(line)
    for (id, instruction, response), lines in graded.items():
        labels = [_AS_LABEL[line["grade"]] for line in lines if line.get("grade") in _AS_LABEL]
        if labels and 2 * sum(labels) != len(labels):
            label = int(2 * sum(labels) > len(labels))
            grades = ", ".join(
                f"{line['who']}: {' '.join(filter(None, (line['grade'], line.get('why'))))}" for line in lines
            )
            yield {"id": id, "instruction": instruction, "response": response, "label": label, "grades": grades}


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
