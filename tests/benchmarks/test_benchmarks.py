"""Benchmarks and scripts still run: each says what it is for, and the study goes from its pool to its tables in little."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from rehearsed import Rehearsed

from humpback.config import build
from humpback.recipes.demo import MATERIAL
from humpback.run import Run

pytestmark = pytest.mark.slow
TREE = Path(__file__).parents[2]
# What runs in an environment of its own, or takes no arguments.
APART = {"corpus_peers", "judge_peers", "lm_peers", "train_peers", "fuzz_corpus", "build_demo_warc"}
PROGRAMS = [path for folder in ("benchmarks", "scripts") for path in sorted((TREE / folder).glob("*.py"))
            if "__main__" in path.read_text(encoding="utf-8") and path.stem not in APART]  # fmt: skip


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_program_says_what_it_is_for(path: Path) -> None:
    """What no test starts breaks with the next change of the code that it measures, and is found out in need of it."""
    done = subprocess.run([sys.executable, str(path), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "usage:" in done.stdout, done.stderr


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(TREE / "benchmarks")
    return importlib.import_module("study")


def test_the_study_goes_from_its_pool_to_its_tables(
    study: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a day of training, and then a table that cannot be made."""
    little = {
        "seed": {"path": str(MATERIAL / "seed.jsonl"), "dev": 0.2, "test": 0.2},
        "corpus": {"inputs": [str(MATERIAL / "pages.warc.gz")], "sample": 20}, "guards": {"min_logprob": None},
    }  # fmt: skip
    engine = Rehearsed(lambda _, pairs: len(pairs) / 1000)
    for seed in (1, 2):
        config = build(study.Settings, [study.settings(seed, 4).model_dump(), little])
        for what, name in ((study.pool, "pool"), (study.arms, f"seed-{seed}"), (study.few, f"few-{seed}")):
            reuse = tmp_path / "pool" if name != "pool" else None
            if (tmp_path / name).exists():
                continue
            with Run(tmp_path / name, "study", config, engine=engine, reuse=reuse) as run:
                what(run, config) if what is study.pool else what(run, config, 6)
    backward = {json.loads(path.read_text())["fingerprint"] for path in tmp_path.glob("*/*-backward/manifest.json")}
    assert len(backward) == 1, "the pool is the same for all seeds of randomness"
    study.table(tmp_path)
    told = capsys.readouterr().out
    assert all(question in told for question, *_ in study.QUESTIONS) and "48 seed pairs" in told
    assert (tmp_path / "table" / "report.html").exists()
