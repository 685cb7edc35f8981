"""A training that is killed goes on where it was, and ends in the same weights."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
from made import TestSettings
from train import checks
from train.checks import rows
from train.families import OUTSIDE, data_in, family, train_here

from humpback import store
from humpback.engine import Hands
from humpback.errors import UsageFault
from humpback.progress import Progress
from humpback.run import Run
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.process.child import WHOLE, last_checkpoint
from humpback.train.sft import prepare, train
from humpback.train.training import CHECKPOINTS, SETTINGS, Data, Training

STEPS, EVERY = 8, 2
pytestmark = [pytest.mark.filterwarnings(*OUTSIDE), pytest.mark.timeout(300)]
START = """
import sys
from pathlib import Path
from humpback import store
from humpback.progress import Progress
from humpback.train.sft import start
from humpback.train.training import SETTINGS, Training
folder = Path(sys.argv[1])
start(Training(**store.read_json(folder / SETTINGS)), folder, Progress(quiet=True))
"""
# A training that stands still in its fourth step, so that it can be killed there however busy the machine is.
STANDING = """
import sys
if "humpback.train.process.child" in sys.orig_argv:
    import time
    import transformers

    def stand(self, args, state, control, **_):
        if state.global_step == 3:
            time.sleep(600)

    transformers.TrainerCallback.on_step_begin = stand
"""
# Batches are drawn anew in each pass, and dropout is drawn in each step: both have to go on where they were.
SFT = SftConfig(lr=1e-3, batch=4, steps=STEPS, max_tokens=64, dropout=0.1)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Data, ...]:
    return data_in(tmp_path_factory.mktemp("rows"), [*rows(), *({**row, "id": f"{row['id']}-2"} for row in rows()[:4])])


def training(data: tuple[Data, ...], base: str = "embedded", sft: SftConfig = SFT, **hardware: Any) -> Training:
    machine = HardwareConfig(**{"checkpoint_steps": EVERY, "silence": 100.0, **hardware})
    return Training(role="forward", base=base, data=data, sft=sft, hardware=machine)


def children(process: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(true: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def killed(folder: Path, wanted: Training, site: Path) -> Path:
    """Train in a process that starts another, and end both by force in the fourth step."""
    prepare(wanted, folder)
    (site / "sitecustomize.py").write_text(STANDING)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    started = subprocess.Popen([sys.executable, "-c", START, str(folder)], start_new_session=True, env=environment)
    mark = folder / CHECKPOINTS / f"checkpoint-{EVERY}" / WHOLE
    try:
        wait_for(lambda: mark.exists() or started.poll() is not None, 150)
        below = children(started.pid)
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait(timeout=30)
    assert below
    wait_for(lambda: not any(is_running(child) for child in below), 60)
    assert mark.exists() and not (folder / "training.json").exists()
    return folder


def losses(folder: Path) -> list[float]:
    log = store.read_json(folder / "training.json")["log"]
    assert [entry["step"] for entry in log] == list(range(1, STEPS + 1))
    return [entry["loss"] for entry in log]


@pytest.mark.slow
def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path: Path, pairs: tuple[Data, ...]) -> None:
    """Order of the data, dropout, moments and rate: what is lost of any of them shows in the weights."""
    wanted = training(pairs)
    calm, stopped = train_here(wanted, tmp_path / "calm"), killed(tmp_path / "killed", wanted, tmp_path)
    half = stopped / CHECKPOINTS / f"checkpoint-{STEPS}"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    train_here(wanted, stopped)
    assert losses(calm) == losses(stopped)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (calm, stopped)]
    assert weights[0] == weights[1]
    assert not (stopped / CHECKPOINTS).exists()


# What changes the pace alone, and how near the losses stay.


CHANGES: dict[str, Any] = {
    "micro_batch": {"micro_batch": 1}, "launch": {"launch": "two_cpu"}, "checkpoint_steps": {"checkpoint_steps": 3},
    "report_to": {"report_to": "tensorboard"}, "gradient_checkpointing": {"gradient_checkpointing": True},
}  # fmt: skip


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, pairs: tuple[Data, ...]) -> Path:
    return train_here(training(pairs, sft=UNDROPPED), tmp_path_factory.mktemp("calm"))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, pairs: tuple[Data, ...]) -> Path:
    """Killed in its fourth step; a word in the log of its checkpoint tells a training that goes on from one that begins."""
    folder = killed(tmp_path_factory.mktemp("stopped"), training(pairs, sft=UNDROPPED), tmp_path_factory.mktemp("site"))
    state = folder / CHECKPOINTS / f"checkpoint-{EVERY}" / "trainer_state.json"
    told = store.read_json(state)
    store.write_json(state, {**told, "log_history": [{**entry, "of": "the killed"} for entry in told["log_history"]]})
    return folder


UNDROPPED = SFT.model_copy(update={"dropout": 0.0, "precision": "fp32"})


@pytest.mark.slow
@pytest.mark.parametrize("changed", CHANGES)
def test_what_changes_the_pace_alone_may_change_before_it_goes_on(
    changed: str, calm: Path, stopped: Path, pairs: tuple[Data, ...], tmp_path: Path
) -> None:
    """Memory is found to be short after hours: those hours must not be lost for a smaller micro-batch."""
    if changed == "report_to":
        pytest.importorskip("tensorboard")
    folder = Path(shutil.copytree(stopped, tmp_path / "model"))
    wanted = training(pairs, sft=UNDROPPED, **CHANGES[changed])
    train(wanted, folder, Progress(quiet=True)) if wanted.hardware.launch else train_here(wanted, folder)
    log = store.read_json(folder / "training.json")["log"]
    assert [entry.get("of") for entry in log] == ["the killed"] * EVERY + [None] * (STEPS - EVERY)
    assert losses(folder) == pytest.approx(losses(calm), abs=1e-4)


def work(_: Training, folder: Path, __: Hands) -> None:
    """Stands in for a training that is killed the first time: what it finds is what was left."""
    left = (folder / SETTINGS).exists()
    store.write_json(folder / SETTINGS, {})
    if not left:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("changed", "goes_on"),
    [({}, True), *((each, True) for each in CHANGES.values()), ({"sft": SftConfig(optimizer="sgd")}, False),
     ({"sft": SftConfig(lr=1e-4)}, False), ({"sft": SftConfig(precision="fp32")}, False)],
    ids=["nothing", *CHANGES, "optimizer", "lr", "precision"],
)  # fmt: skip
def test_what_another_plan_left_is_not_gone_on_with(
    changed: dict[str, Any], goes_on: bool, pairs: tuple[Data, ...], tmp_path: Path
) -> None:
    """The checkpoint of another rate or optimizer would end in weights that no plan describes."""
    for more in ({}, changed):
        wanted = training(pairs, **{"sft": SftConfig(), **more})
        try:
            with Run(tmp_path / "run", "test", TestSettings()) as run:
                run.step("forward", work, wanted, kind="model")
            assert more is changed and goes_on
        except KeyboardInterrupt:
            assert more is not changed or not goes_on


@pytest.mark.parametrize("packing", ["batch", "none"])
def test_resuming_changes_nothing(packing: str, tmp_path: Path) -> None:
    """The same for a model that `test_faults.py` can ask again: what is not restored shows."""
    checks.resuming_changes_nothing(partial(family, "llama"), tmp_path, packing=packing)


def test_a_checkpoint_that_is_not_whole_is_removed(tmp_path: Path) -> None:
    """The one that was being written when the process was killed looks like the youngest."""
    folder = tmp_path / CHECKPOINTS
    assert last_checkpoint(tmp_path, "whole") is None
    for step, whole in ((8, True), (16, True), (100, False)):
        (folder / f"checkpoint-{step}").mkdir(parents=True)
        if whole:
            (folder / f"checkpoint-{step}" / WHOLE).write_text("whole")
    assert last_checkpoint(tmp_path, "whole") == str(folder / "checkpoint-16")
    assert not (folder / "checkpoint-100").exists()
    shutil.rmtree(folder / "checkpoint-8")
    (folder / "checkpoint-16" / WHOLE).unlink()
    assert last_checkpoint(tmp_path, "whole") is None and not list(folder.iterdir())


def test_parts_of_weights_are_not_taken_for_whole_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight cards write eighths: opened by one, or by four, they fail, or are no model; that it begins again is told."""
    checkpoint = tmp_path / CHECKPOINTS / "checkpoint-8"
    checkpoint.mkdir(parents=True)
    (checkpoint / WHOLE).write_text("FSDP, 8 processes")
    assert last_checkpoint(tmp_path, "FSDP, 8 processes") == str(checkpoint)
    assert last_checkpoint(tmp_path, "FSDP, 4 processes") is None and not checkpoint.exists()
    assert "begins again" in capsys.readouterr().out


def test_a_base_that_is_gone_is_said(tmp_path: Path, pairs: tuple[Data, ...]) -> None:
    """A run that is gone on with after its base was deleted has nothing to begin from."""
    base = family("llama").save(tmp_path / "base")
    wanted = training(pairs, f"transformers:{base}")
    shutil.rmtree(base)
    with pytest.raises(UsageFault):
        train(wanted, tmp_path / "model", Progress(quiet=True))
