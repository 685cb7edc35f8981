"""Runs on the fake model, small and whole, for the report to be made of."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import segments_in

from humpback import alone
from humpback.config import build
from humpback.guards import checks as guards
from humpback.recipes._curation import Judging, augment_stage, curate, round_trip_stage
from humpback.recipes.humpback import Settings
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT, Row
from humpback.stage import Stage, keep_or_drop

HOSTILE = "<img src=x onerror=alert(1)>"
VERDICTS = [f"Mark {score} {HOSTILE} says what it says. Score: {score}" for score in (1, 2, 3, 4, 5)] + [f"{HOSTILE} Well."]


def seed_row(number: int) -> Row:
    text = f"Take wheel {number} off.\nThen clean it with water.\nThen put it back on the bicycle {number} and turn it.\n"
    split = ("train", "dev", "dev")[number % 3]
    asked = f"How do I fix wheel {number}?"
    return {"id": f"p{number}", "instruction": asked, "response": 3 * text, "source": "seed", "split": split}


def one_round(folder: Path, asked: str, columns: tuple[str, ...] = (), **layer: Any) -> Path:
    """A run of 24 segments, 30 seed pairs and one round of curation, with all models `echo`, and `asked` the judge."""
    base = {"curate": {"stop_below_chance": False, "rounds": 1}, "judge": {"stop_valid": 0.0, "warn_valid": 0.0}}
    settings = build(Settings, [base, layer])
    with Run(folder, "humpback", settings) as run:
        seed = run.put("seed", lambda: map(seed_row, range(30)), PAIR, {})
        sample = run.map("sample", Stage("sample", SEGMENT, iter), segments_in(run, 24))
        made = run.map("augmented", augment_stage(settings, "echo"), sample)
        if settings.augment.choose == "round_trip":
            made = run.map("round-trip", round_trip_stage(settings, "echo"), made)
        check = partial(keep_or_drop, partial(guards.fault, config=settings.guards))
        pairs = run.map("pairs", Stage("guards", PAIR, check), made)
        dev = [row for row in seed.rows() if row["split"] == "dev"]
        curate(run, pairs, dev, seed, Judging(1, asked, "echo", "echo", columns), settings)
    return folder


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model judges by itself."""
    return one_round(tmp_path_factory.mktemp("own") / "run", "echo")


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An outside judge that writes texts, a prompted backward model, several candidates, further scorers."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "judge.txt").write_text("\n".join(VERDICTS))
    judge = f"echo:{folder / 'judge.txt'}"
    return one_round(
        folder / "run",
        judge,
        ("specificity", "retrieval_rank", "combined"),
        judge={"mode": "multi", "samples": 2, "rubric": "rubric-axes-v1", "stop_valid": 0.0, "warn_valid": 0.0},
        judge_lm=judge,
        backward_lm="openai:<b>some</b>",
        augment={"candidates": 3, "choose": "round_trip"},
    )


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 labelled pairs under the judge."""
    folder = tmp_path_factory.mktemp("labelled")
    rows = [{"instruction": f"What is {i}?", "response": f"It is {i}. " * 8, "label": int(i % 4 == 0)} for i in range(60)]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    wanted = {"pairs": str(folder / "pairs.jsonl"), "lm": "echo", "curate": {"k": 3.5}}
    settings = build(alone.ScoreSettings, [wanted])
    with Run(folder / "run", "score", settings) as run:
        alone.score(run, settings)
    return folder / "run"
