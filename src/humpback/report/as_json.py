"""A report as one JSON document, for programs: typed values, null for what is missing, rows as objects by column."""

import json
import math
import sys
from collections.abc import Iterable
from typing import Any

from humpback.report.composed import Report
from humpback.report.measured import NAMED
from humpback.report.section import (
    Bar,
    Body,
    Cell,
    Code,
    Counts,
    Fact,
    Facts,
    Figure,
    Flow,
    Histogram,
    Pair,
    Pairs,
    Plot,
    Spark,
    Table,
    Text,
    Word,
)
from humpback.report.writing import written

# Goes up when keys change their meaning.
FORMAT = 1


def show(report: Report) -> None:
    sys.stdout.write(document(report) + "\n")


def document(report: Report) -> str:
    made = {
        "format": FORMAT,
        "run": report.name,
        "recipe": report.recipe,
        "unfinished": list(report.unfinished),
        "sections": [
            {
                "key": each.key,
                "title": each.title,
                "under": each.under,
                "says": each.says,
                "bodies": [*map(_body, each.bodies)],
            }
            for each in report.sections
        ],
    }
    return json.dumps(made, ensure_ascii=False, indent=1, allow_nan=False)


def _body(body: Body) -> dict[str, Any]:
    kind = type(body).__name__.lower()
    match body:
        case Text():
            return {"kind": kind, "text": "".join(written(part) for part in body.parts), "tone": body.tone,
                    "values": [value(part) for part in body.parts if isinstance(part, Figure)]}  # fmt: skip
        case Facts():
            return {"kind": kind, "facts": _facts(body.facts)}
        case Table():
            return {"kind": kind, "caption": body.caption, "columns": list(body.columns), "rows": _rows(body),
                    "left_out": body.left_out}  # fmt: skip
        case Plot():
            return {"kind": kind, "caption": body.caption, "x": body.x, "y": body.y,
                    "lines": [{"at": _number(at), "means": means} for at, means in body.lines],
                    "curves": [{"name": each.name, "points": _points(each.points), "line": _points(each.line)}
                               for each in body.curves]}  # fmt: skip
        case Histogram():
            return {"kind": kind, "caption": body.caption, "x": body.x, "edges": [_number(each) for each in body.edges],
                    "counts": {name: list(counts) for name, counts in body.kinds}}  # fmt: skip
        case Pairs():
            return {"kind": kind, "caption": body.caption, "pairs": [_pair(each) for each in body.pairs],
                    "left_out": body.left_out}  # fmt: skip
        case Flow():
            return {"kind": kind, "caption": body.caption,
                    "boxes": [{"name": each.name, "note": each.note} for each in body.boxes],
                    "arrows": [list(each) for each in body.arrows]}  # fmt: skip


def _rows(table: Table) -> list[dict[str, Any]]:
    return [{name: value(cell) for name, cell in zip(table.columns, row, strict=True)} for row in table.rows]


def _facts(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    return [{"name": each.name, "value": value(each.value), "means": each.means} for each in facts]


def _points(points: Iterable[tuple[float, Figure]]) -> list[dict[str, Any]]:
    return [{"x": _number(x), **value(each)} for x, each in points]


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "instruction": pair.instruction,
        "response": pair.response,
        "facts": _facts(pair.facts),
        "fault": pair.fault or None,
        "source": list(pair.source),
        "wrote": list(pair.wrote),
        "lineage": [{"what": what, "id": name} for what, name in pair.lineage],
        "candidates": _rows(pair.candidates) if pair.candidates else [],
    }


def value(cell: Cell) -> Any:
    """A cell as it stands in JSON. A figure has its errors, its n, and of what it was measured."""
    match cell:
        case Figure():
            told = {name: _number(getattr(cell, name)) for name in ("value", "se", "low", "high")}
            return {**told, "n": cell.n, "unit": cell.unit, **_named(cell)}
        case Word() | Code():
            return cell.text
        case Bar():
            return {"part": _number(cell.part), "whole": _number(cell.whole)}
        case Counts():
            return dict(cell.of)
        case Spark():
            return [_number(each) for each in cell.values]
        case float():
            return _number(cell)
    return cell


def _named(found: Figure) -> dict[str, Any]:
    if found.row is None:
        return {}
    known = {name: getattr(found.row, name) for name in NAMED}
    return {"metric": found.row.metric, **{name: None if each == "" else each for name, each in known.items()}}


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
