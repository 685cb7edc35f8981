"""One JSON document, for programs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import worlds
from report.rendered import machine, of, printed

from humpback.report import show
from humpback.report.as_json import value
from humpback.report.composed import composed
from humpback.report.section import (
    Bar,
    Box,
    Code,
    Counts,
    Curve,
    Fact,
    Facts,
    Figure,
    Flow,
    Histogram,
    Pair,
    Pairs,
    Plot,
    Section,
    Spark,
    Table,
    Text,
    Word,
)

Made = Callable[[str], Path]


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_a_run_is_one_document(made: Made, name: str) -> None:
    """`humpback show --json | jq` works: nothing else is printed, and nothing in it is no JSON."""
    loaded = json.loads(printed(lambda: show(made(name), as_json=True)), parse_constant=_refuse)
    assert loaded["run"] == name and loaded["format"] == 1
    assert [each["key"] for each in loaded["sections"]] == [each.key for each in composed(made(name)).sections]


def _refuse(text: str) -> Any:
    raise AssertionError(f"{text} is no JSON")


def test_a_program_finds_what_it_looks_for(made: Made) -> None:
    """By the key of the section and the names of the columns."""
    sections = {each["key"]: each for each in machine(composed(made("loop")))["sections"]}
    [funnel] = sections["funnel"]["bodies"]
    pairs = next(row for row in funnel["rows"] if row["stage"] == "pairs")
    assert (pairs["read"], pairs["kept"], pairs["dropped for"]) == (96, 76, {"copied_answer": 10, "improbable": 10})
    [models] = sections["models"]["bodies"]
    change = models["rows"][1]["change against M_0"]
    assert change["value"] == -0.066 and change["metric"] == "nll_change" and change["against"] == "M_0"


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [(None, None), (True, True), (3, 3), (0.5, 0.5), (float("inf"), None), ("a", "a"), (Word("no", "bad"), "no"),
     (Code("x"), "x"), (Bar(1, 2), {"part": 1, "whole": 2}), (Counts((("short", 2),)), {"short": 2}),
     (Spark((1.0, float("nan"))), [1.0, None])],
)  # fmt: skip
def test_values_have_their_types(cell: Any, wanted: Any) -> None:
    """What is missing, or no number, is null."""
    assert value(cell) == wanted


def test_a_figure_has_all_that_is_known_of_it() -> None:
    """Whoever computes with it needs no digits cut off."""
    told = value(Figure(float("nan"), "bits", 0.123456789, n=3))
    assert told == {"value": None, "se": 0.123456789, "low": None, "high": None, "n": 3, "unit": "bits"}


def test_every_kind_of_body_is_there() -> None:
    """A kind that a renderer does not know would be left out without a word."""
    figure, one = Figure(1.0), Table(("a",), ((1,),))
    pair = Pair("i", "r", (Fact("score", figure),), "why", ("url",), ("text",), (("pair", "p"),), one)
    bodies = (
        Text(("a ", figure)), Facts((Fact("n", 3, "it is"),)), Table(("a",), ((1,),), "c", left_out=2),
        Plot((Curve("c", ((1.0, figure),), ((2.0, figure),)),), "x", "y", lines=((0.0, "nought"),)),
        Histogram("x", (0.0, 1.0), (("kept", (3,)),)),
        Pairs((pair,)),
        Flow((Box("a", "b", (0, 0)),), ((0, 0),), "c"),
    )  # fmt: skip
    made = machine(of(Section("k", "t", "s", bodies)))["sections"][0]["bodies"]
    assert [each["kind"] for each in made] == ["text", "facts", "table", "plot", "histogram", "pairs", "flow"]
    assert made[0]["text"] == "a 1" and made[2]["rows"] == [{"a": 1}] and made[2]["left_out"] == 2
    assert made[3]["curves"][0]["points"][0]["x"] == 1.0 and made[4]["counts"] == {"kept": [3]}
    assert made[5]["pairs"][0]["candidates"] == [{"a": 1}] and made[5]["pairs"][0]["lineage"] == [
        {"what": "pair", "id": "p"}
    ]
