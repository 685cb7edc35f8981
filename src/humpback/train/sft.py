"""Fine-tune a base model as forward or backward model: writes what is asked for, starts the process, shows its progress."""

import json
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from humpback import store
from humpback.engine import Hands
from humpback.errors import NothingKept, TrainingFailed, UsageFault
from humpback.progress import Progress
from humpback.schema import PAIR, TRIPLE
from humpback.train import launch
from humpback.train.log import last_word
from humpback.train.training import DEV, LOG, PAIRS, SETTINGS, Training

# Seconds in which a process that is told to end has to.
TO_END = 40


def trained(training: Training, folder: Path, hands: Hands) -> None:
    """`train`, as the step of a run."""
    train(training, folder, hands.progress)


def train(training: Training, folder: Path, progress: Progress) -> None:
    """Train the model into `folder`, from the last checkpoint in it if there is one.

    Raises `UsageFault`, `NothingKept`, and `TrainingFailed` where the training ends without a model or hangs.
    """
    prepare(training, folder)
    start(training, folder, progress)


def prepare(training: Training, folder: Path) -> None:
    """Write what the training process reads, settings and rows; raises `UsageFault` and `NothingKept`."""
    training.base_folder()  # or a fault
    rows = [row for data in training.data for row in data.rows()]
    if not rows:
        fact = f"there is no pair to train the {training.role} model on"
        raise NothingKept(fact, "add seed pairs, or loosen the selection")
    dev = [row for data in training.data for row in data.dev()] if training.sft.dev_steps else []
    if training.sft.dev_steps and not dev:
        folders = ", ".join(str(data.folder) for data in training.data)
        raise UsageFault(
            f"dev_steps is {training.sft.dev_steps}, and there is no pair of the split dev to measure "
            f"the {training.role} model on in {folders}",
            "train on the seed too, or leave dev_steps at 0",
        )
    columns = TRIPLE if training.contrast else PAIR
    store.write_json(folder / SETTINGS, training.model_dump(mode="json"))
    for name, listed in ((PAIRS, rows), (DEV, dev)):
        table = store.to_table([{k: v for k, v in row.items() if k in columns.names} for row in listed], columns)
        if listed:
            store.write_table(folder / name, table, {})


def start(training: Training, folder: Path, progress: Progress) -> None:
    """Run the training process on what `prepare` wrote, and show what it says.

    One that says nothing for `hardware.silence` seconds is ended, and goes on from its last checkpoint in new processes,
    unless it came no further than those before.
    """
    silence, reached = training.hardware.silence, -1
    while (step := _stood_still(training, folder, progress)) is not None:
        if step <= reached:
            raise TrainingFailed(
                f"training said nothing for {silence:g} s after step {step} and was ended, twice; its last word: "
                f"{last_word(folder / LOG)}",
                f"where each process stood is in {folder / LOG}; if a step takes that long: "
                f"--set hardware.silence={10 * silence:g}",
            )
        progress.say(f"{f'train {training.role}':<22} said nothing for {silence:g} s after step {step}: started again")
        reached = step


def _stood_still(training: Training, folder: Path, progress: Progress) -> int | None:
    """Run the process to its end; the last step that it told, 0 of none, if it said nothing more and was ended."""
    silence, steps = training.hardware.silence, [0]
    with (folder / LOG).open("a") as log:
        child = subprocess.Popen(
            launch.command(folder, training), env=launch.environment(folder, training),
            stdout=subprocess.PIPE, stderr=log, close_fds=False,
        )  # fmt: skip
    try:
        _show(_said(child, silence), f"train {training.role}", progress, steps)
        code = child.wait(silence)
    except subprocess.TimeoutExpired:
        return steps[-1]
    finally:
        _end(child)
    if code:
        raise TrainingFailed(
            f"training ended with exit code {code}: {last_word(folder / LOG)}",
            f"its log is {folder / LOG}; on lack of memory: --set hardware.micro_batch=1 or a smaller sft.max_tokens",
        )
    return None


def _said(child: "subprocess.Popen[bytes]", silence: float) -> Iterator[dict[str, Any]]:
    """What the process and those that it started say; raises `TimeoutExpired` after `silence` seconds without a word."""
    assert child.stdout is not None
    pipe, rest = child.stdout.fileno(), b""
    while select.select([pipe], [], [], silence)[0]:
        read = os.read(pipe, 1 << 16)
        if not read:
            return
        *lines, rest = (rest + read).split(b"\n")
        yield from (json.loads(line) for line in lines if line.startswith(b"{"))
    raise subprocess.TimeoutExpired(child.args, silence)


def _show(said: Iterator[dict[str, Any]], label: str, progress: Progress, reached: list[int]) -> None:
    """Show what is said; each step that is told is added to `reached`."""
    steps, last = 0, None
    for each in said:
        if "said" in each:
            progress.say(f"{label:<22} {each['said']}")
        else:
            steps = each["steps"]
            break
    remarks = []
    with progress.meter(label, steps, "steps") as meter:
        for each in said:
            if "said" in each:
                remarks.append(each["said"])
            else:
                last = each
                reached.append(last["step"])
                meter.advance(last["step"] - meter.done, f"loss {last['loss']:.3f}")
        if last:
            meter.close(f"{steps} steps, loss {last['loss']:.3f}")
    for remark in remarks:
        progress.say(f"{label:<22} {remark}")


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End the process if it has not ended; those that a launcher started end with it."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(TO_END)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(TO_END)
    assert child.stdout is not None
    child.stdout.close()
