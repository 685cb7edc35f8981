"""Formats that trainers read."""

import json
from pathlib import Path

import pyarrow.json as pj
import pyarrow.parquet as pq
import pytest
from conftest import TestSettings

from humpback.errors import UsageFault
from humpback.export import FORMATS, export, writer
from humpback.run import Run
from humpback.schema import PAIR, SCORED, SEGMENT

SEED = {"id": "s", "parent": "f", "instruction": "Seed?", "response": "Seed.", "source": "seed", "split": "train"}
WEB = {
    "id": "w",
    "parent": "g",
    "instruction": "Web?",
    "response": "Line 1\nÜ",
    "source": "web",
    "url": "https://a.example",
    "gain": 0.5,
}


@pytest.fixture
def done(tmp_path: Path) -> Path:
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        run.put("seed", lambda: [SEED, {**SEED, "id": "held", "split": "test"}], PAIR, {})
        run.put("selected-1", lambda: [{**WEB, "id": "old"}], SCORED, {})
        run.put("selected-2", lambda: [WEB], SCORED, {})
    return tmp_path / "run"


@pytest.mark.parametrize("format_", FORMATS)
def test_the_last_round_is_written_with_where_each_row_came_from(done: Path, tmp_path: Path, format_: str) -> None:
    """A data set without its sources cannot be checked, licensed or withdrawn."""
    assert export(done, format_, tmp_path / "out.jsonl", seed=False) == 1
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["url"] == "https://a.example" and "Web?" in json.dumps(row) and "Ü" in (tmp_path / "out.jsonl").read_text()


def test_the_seed_goes_first_and_without_what_was_held_out(done: Path, tmp_path: Path) -> None:
    """Held-out pairs that leave with the training data come back as contamination."""
    export(done, "alpaca", tmp_path / "out.parquet", seed=True)
    assert [row["instruction"] for row in pq.read_table(tmp_path / "out.parquet").to_pylist()] == ["Seed?", "Web?"]


@pytest.mark.parametrize(("format_", "name"), [("nonsense", "a.jsonl"), ("alpaca", "a.csv")])
def test_unknown_formats_and_endings_are_refused(done: Path, tmp_path: Path, format_: str, name: str) -> None:
    """A file in a guessed format fails in somebody else's trainer."""
    with pytest.raises(UsageFault):
        export(done, format_, tmp_path / name, seed=False)


def test_a_run_without_selection_says_so(tmp_path: Path) -> None:
    """An empty file looks like a run that kept nothing."""
    with pytest.raises(UsageFault, match="no selected pairs"):
        export(tmp_path, "alpaca", tmp_path / "a.jsonl", seed=False)


@pytest.mark.parametrize("name", ["rows.jsonl", "deep/rows.parquet"])
def test_rows_are_written_as_they_come(tmp_path: Path, name: str) -> None:
    """A million segments must not be held to be written."""
    rows = ({"id": str(i), "parent": "p", "text": "ü", "flags": ["a"]} for i in range(20_001))
    assert writer(tmp_path / name)(rows, SEGMENT) == 20_001
    table = pj.read_json(tmp_path / name) if name.endswith("l") else pq.read_table(tmp_path / name)
    assert table.num_rows == 20_001 and table["flags"][-1].as_py() == ["a"] and table["text"][0].as_py() == "ü"
    assert [p.name for p in (tmp_path / name).parent.iterdir()] == [Path(name).name]
