"""Pages to pairs without a model."""

import json
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, carried_out, rows

from humpback import recipes
from humpback.config import build
from humpback.errors import NothingKept, UsageFault
from humpback.exports import export
from humpback.recipes.demo import MATERIAL


def wanted(**layer: Any) -> Any:
    return build(recipes.load("found").Settings, [{"corpus": {"inputs": [str(MATERIAL / "pages.warc.gz")]}}, layer])


def test_an_export_of_what_is_found_is_a_seed(tmp_path: Path) -> None:
    """The next run reads it as its human pairs."""
    carried_out("found", tmp_path / "f", wanted())
    found = rows(tmp_path / "f", "found")
    assert found and all(row["instruction"].endswith("?") or row["instruction"].startswith("How to") for row in found)
    assert export(tmp_path / "f", "alpaca", tmp_path / "seed.jsonl") == len(found)
    lines = [json.loads(line) for line in (tmp_path / "seed.jsonl").read_text().splitlines()]
    assert {line["source"] for line in lines} == {"found"} and all(line["url"] for line in lines)
    carried_out("found", tmp_path / "f", wanted(), Refuses())


def test_pages_without_a_question_are_told(tmp_path: Path) -> None:
    """With how many segments there were, and why each fell."""
    (tmp_path / "p.html").write_text(f"<h1>Chains</h1><h2>Oiling</h2><p>{'Oil each link of the chain with care. ' * 30}</p>")
    with pytest.raises(NothingKept):
        carried_out("found", tmp_path / "f", wanted(corpus={"inputs": [str(tmp_path / "p.html")]}))
    with pytest.raises(UsageFault, match=r"corpus\.inputs"):
        carried_out("found", tmp_path / "g", wanted(corpus={"inputs": []}))
