"""The labelled pool in two halves."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

TREE = Path(__file__).parents[2]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(TREE / "scripts")
    return importlib.import_module("labelled_pool")


def test_each_pair_is_in_one_half_with_its_text(script: ModuleType) -> None:
    """A pool that is tuned on and reported on is no evidence; nor is one whose texts are somebody else's."""
    rows = [json.loads(line) for line in script.POOL.read_text(encoding="utf-8").splitlines()]
    others = "A text of other people's pages."
    foreign = {"id": "x", "source": "web", "instruction": "What?", "text": script.digest(others), "label": 1}
    made = script.joined([*rows, foreign], [others, "Another."])
    ids = [{pair["id"] for pair in made[name]} for name in script.HALVES]
    wanted = {row["id"] for row in rows if row["source"] == "demo" and row["label"] is not None} | {"x"}
    assert ids[0] | ids[1] == wanted and not ids[0] & ids[1] and min(map(len, ids)) > 20
    assert all(pair["response"] and pair["label"] in (0, 1) for name in script.HALVES for pair in made[name])
    [found] = [pair for name in script.HALVES for pair in made[name] if pair["id"] == "x"]
    assert found["response"] == others


@pytest.mark.slow
def test_it_writes_what_sweep_reads(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the pages of others the demo's own pairs are left, and nothing fails."""
    monkeypatch.setenv("HUMPBACK_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "argv", ["labelled_pool.py", "--out", str(tmp_path / "out")])
    script.main()
    halves = [(tmp_path / "out" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines() for name in script.HALVES]
    assert sum(map(len, halves)) == 503
