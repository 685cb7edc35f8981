"""A training that is killed goes on where it was, and ends in the same weights."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("trl")
from train import checks
from train.checks import rows
from train.families import OUTSIDE, family

from humpback import store
from humpback.config import Config
from humpback.errors import UsageFault
from humpback.progress import Progress
from humpback.run import Run
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.job import CHECKPOINTS, Job
from humpback.train.process.child import WHOLE, last_checkpoint
from humpback.train.sft import train

STEPS, EVERY = 8, 2
pytestmark = pytest.mark.filterwarnings(*OUTSIDE)
TRAIN = """
import json, sys
from pathlib import Path
from humpback.progress import Progress
from humpback.train.job import Job
from humpback.train.sft import train
job, rows = json.loads(sys.argv[2])
train(Path(sys.argv[1]), Job(**job), rows, Progress(quiet=True))
"""
# Batches are drawn anew in each pass, and dropout is drawn in each step: both have to go on where they were.
SFT = SftConfig(lr=1e-3, batch=4, steps=STEPS, max_tokens=64, dropout=0.1)


def job(base: Path | str) -> Job:
    return Job(role="forward", base_name=str(base), sft=SFT, hardware=HardwareConfig(checkpoint_steps=EVERY))


def children(process: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(true: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.005)


def killed_after(folder: Path, made: Job, step: int) -> None:
    """Train in a process that starts another, and end both by force as soon as the checkpoint of `step` is whole."""
    told = json.dumps([made.model_dump(mode="json"), [*rows(), *rows()[:4]]])
    trainer = subprocess.Popen([sys.executable, "-c", TRAIN, str(folder), told], start_new_session=True)
    mark = folder / CHECKPOINTS / f"checkpoint-{step}" / WHOLE
    try:
        wait_for(lambda: mark.exists() or trainer.poll() is not None, 120)
        started = children(trainer.pid)
    finally:
        os.killpg(trainer.pid, signal.SIGKILL)
        trainer.wait()
    assert started
    wait_for(lambda: not any(is_running(child) for child in started), 20)
    assert mark.exists() and not (folder / "training.json").exists()


def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path: Path, trained_here: object) -> None:
    """Order of the data, dropout, moments and rate: what is lost of any of them shows in the weights."""
    made, pairs = job("embedded"), [*rows(), *rows()[:4]]
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    calm.mkdir()
    killed.mkdir()
    train(calm, made, pairs, Progress(quiet=True))
    killed_after(killed, made, EVERY)
    half = killed / CHECKPOINTS / f"checkpoint-{STEPS}"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    train(killed, made, pairs, Progress(quiet=True))
    logs = [store.read_json(folder / "training.json")["log"] for folder in (calm, killed)]
    assert [entry["step"] for entry in logs[0]] == list(range(1, STEPS + 1))
    assert [(entry["loss"], entry["learning_rate"]) for entry in logs[0]] == [
        (entry["loss"], entry["learning_rate"]) for entry in logs[1]
    ]
    weights = [(folder / "model.safetensors").read_bytes() for folder in (calm, killed)]
    assert weights[0] == weights[1]
    assert not (killed / CHECKPOINTS).exists()


def test_resuming_changes_nothing(tmp_path: Path) -> None:
    """The same for a model that `test_faults.py` can ask again: what is not restored shows."""
    checks.resuming_changes_nothing(partial(family, "llama"), tmp_path)


def test_a_checkpoint_that_is_not_whole_is_removed(tmp_path: Path) -> None:
    """The one that was being written when the process was killed looks like the youngest."""
    folder = tmp_path / CHECKPOINTS
    assert last_checkpoint(tmp_path) is None
    for step, whole in ((8, True), (16, True), (100, False)):
        (folder / f"checkpoint-{step}").mkdir(parents=True)
        if whole:
            (folder / f"checkpoint-{step}" / WHOLE).touch()
    assert last_checkpoint(tmp_path) == str(folder / "checkpoint-16")
    assert not (folder / "checkpoint-100").exists()
    shutil.rmtree(folder / "checkpoint-8")
    (folder / "checkpoint-16" / WHOLE).unlink()
    assert last_checkpoint(tmp_path) is None and not list(folder.iterdir())


class Settings(Config):
    """None."""


@pytest.mark.parametrize("same", [True, False])
def test_what_another_plan_left_is_not_gone_on_with(same: bool, tmp_path: Path) -> None:
    """The checkpoint of another rate would end in weights that no plan describes."""
    left: list[bool] = []

    def work(folder: Path) -> None:
        left.append((folder / "checkpoint").exists())
        (folder / "checkpoint").touch()
        if len(left) == 1:
            raise KeyboardInterrupt

    for lr in (1, 1 if same else 2):
        try:
            with Run(tmp_path / "run", "test", Settings()) as run:
                run.step("forward", work, {"lr": lr}, goes_on=True)
        except KeyboardInterrupt:
            continue
    assert left == [False, same]


def test_a_base_that_is_gone_is_said(tmp_path: Path) -> None:
    """A run that is gone on with after its base was deleted has nothing to begin from."""
    base = family("llama").save(tmp_path / "base")
    shutil.rmtree(base)
    with pytest.raises(UsageFault):
        train(tmp_path, job(f"transformers:{base}"), rows(), Progress(quiet=True))
