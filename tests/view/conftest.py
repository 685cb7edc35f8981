"""A run that went through all its stages on fakes, one that compared two models, and both of them served."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from recipes.effects import compared
from rehearsed import carried_out, demo

pytest.importorskip("duckdb")
pytest.importorskip("starlette")

from humpback.view.labels import Labels
from humpback.view.opened import Opened

PAIRS = [{"instruction": f"How do I clean the {i}th kettle?", "response": "Rinse it."} for i in range(12)]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders `whole` and `answers`: made once, and only ever copied or looked at."""
    folder = tmp_path_factory.mktemp("runs")
    carried_out("demo", folder / "whole", demo())
    for name in ("outputs", "against"):
        (folder / f"{name}.json").write_text(json.dumps(compared(PAIRS)[name]))
    given = {"answers": [str(folder / "outputs.json")], "against": str(folder / "against.json"), "lm": "echo"}
    carried_out("winrate", folder / "answers", given)
    return folder


@contextmanager
def looked_at(run: Path, beside: Path) -> Iterator[Opened]:
    """The run, with what is said of it and what is kept for speed beside."""
    opened = Opened(run, beside / "cache")
    opened.labels = Labels(beside / "labels")
    yield opened
    opened.close()


@pytest.fixture
def whole(runs: Path, tmp_path: Path) -> Iterator[Opened]:
    with looked_at(runs / "whole", tmp_path) as opened:
        yield opened


@pytest.fixture
def answers(runs: Path, tmp_path: Path) -> Iterator[Opened]:
    with looked_at(runs / "answers", tmp_path) as opened:
        yield opened


def place_of(opened: Opened, name: str) -> int:
    return next(each.place for each in opened.datasets() if each.about["name"] == name)
