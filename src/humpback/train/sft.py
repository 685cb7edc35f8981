"""Fine-tune a base model as forward or backward model: writes the job, starts the child, and shows its progress."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from humpback import store
from humpback.errors import NothingKept, TrainingFailed, UsageFault
from humpback.lm.spec import model_folder
from humpback.progress import Progress
from humpback.schema import PAIR, TRIPLE, Row
from humpback.train import launch
from humpback.train.job import JOB, LOG, PAIRS, Job


def train(folder: Path, job: Job, rows: list[Row], progress: Progress) -> None:
    """Train `job.base_name` on `rows` into `folder`, always from base (paper, section 2.3); raises `TrainingFailed`.

    A forward model is taught decisions about the seed pairs among `rows` as well, if `job.teach` says so.
    """
    if not rows:
        raise NothingKept(f"there is no pair to train the {job.role} model on", "add seed pairs, or loosen the selection")
    base = model_folder(job.base_name)
    if base is None:
        raise UsageFault(
            f"{job.base_name!r} cannot be trained: only models on this disk can", "set base=embedded or transformers:PATH"
        )
    job = job.model_copy(update={"base": str(base)})
    store.write_json(folder / JOB, job.model_dump(mode="json"))
    columns = TRIPLE if job.contrast else PAIR
    known = set(columns.names)
    table = store.to_table([{k: v for k, v in row.items() if k in known} for row in rows], columns)
    store.write_table(folder / PAIRS, table, {})
    _run_child(folder, job, progress)


def _run_child(folder: Path, job: Job, progress: Progress) -> None:
    with (folder / LOG).open("a") as log:
        child = subprocess.Popen(
            launch.command(folder, job), env=launch.environment(folder, job),
            stdout=subprocess.PIPE, stderr=log, text=True, close_fds=False,
        )  # fmt: skip
        try:
            _follow(child, f"train {job.role}", progress)
        finally:
            child.kill() if child.poll() is None and sys.exc_info()[0] else None
            code = child.wait()
            assert child.stdout is not None
            child.stdout.close()
    if code:
        tail = (folder / LOG).read_text(errors="replace").strip().splitlines()[-1:]
        raise TrainingFailed(
            f"training ended with exit code {code}: {tail[0] if tail else 'it said nothing'}",
            f"its log is {folder / LOG}; on lack of memory: --set hardware.micro_batch=1 or a smaller sft.max_tokens",
        )


def _follow(child: "subprocess.Popen[str]", label: str, progress: Progress) -> None:
    """Show the child's progress until it says no more."""
    assert child.stdout is not None
    lines = (json.loads(line) for line in child.stdout if line.startswith("{"))
    plan = next((line for line in lines if "steps" in line), {"steps": 0, "too_long": 0})
    steps, lost = plan["steps"], plan["too_long"]
    last: dict[str, Any] = {}
    if lost:
        progress.say(f"{label:<22} {lost} of {plan['examples'] + lost} examples left out: their prompts fill sft.max_tokens")
    with progress.meter(label, steps, "steps") as meter:
        for last in lines:
            meter.advance(last["step"] - meter.done, f"loss {last['loss']:.3f}")
        if last:
            meter.close(f"{steps} steps, loss {last['loss']:.3f}")
