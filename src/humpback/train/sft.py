"""Fine-tune a base model as forward or backward model: writes the job, starts the child, and shows its progress."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from humpback import store
from humpback.curate.teach import TeachConfig
from humpback.errors import NothingKept, TrainingFailed, UsageFault
from humpback.lm._devices import visible
from humpback.lm.spec import model_folder
from humpback.methods.backtranslate import BackwardConfig, TagConfig
from humpback.progress import Progress
from humpback.schema import PAIR, Row
from humpback.train.config import SftConfig, batch_and_steps

Role = Literal["forward", "backward"]
JOB, PAIRS, LOG = "job.json", "pairs.parquet", "train.log"


def train(
    folder: Path, role: Role, base: str, rows: list[Row], config: SftConfig, tags: TagConfig, backward: BackwardConfig,
    progress: Progress, teach: TeachConfig | None = None,
) -> None:  # fmt: skip
    """Train `base` on `rows` into `folder`, always from base (paper, section 2.3); raises `TrainingFailed`.

    A forward model is taught decisions about the seed pairs among `rows` as well, if `teach` says so.
    """
    if not rows:
        raise NothingKept(f"there is no pair to train the {role} model on", "add seed pairs, or loosen the selection")
    base_folder = model_folder(base)
    if base_folder is None:
        raise UsageFault(
            f"{base!r} cannot be trained: only models on this disk can", "set base=embedded or transformers:PATH"
        )
    teach = teach or TeachConfig()
    share = teach.share if role == "forward" else 0.0
    batch, steps = batch_and_steps(round(len(rows) / (1 - share)), config)
    job = {
        "role": role,
        "base": str(base_folder),
        "base_name": base,
        "sft": config.model_dump(mode="json"),
        "tags": tags.model_dump(mode="json"),
        "backward": backward.model_dump(mode="json"),
        "teach": teach.model_dump(mode="json"),
        "batch": batch,
        "steps": steps,
    }
    store.write_json(folder / JOB, job)
    known = set(PAIR.names)
    table = store.to_table([{k: v for k, v in row.items() if k in known} for row in rows], PAIR)
    store.write_table(folder / PAIRS, table, {})
    _run_child(folder, steps, f"train {role}", progress)


def _run_child(folder: Path, steps: int, label: str, progress: Progress) -> None:
    # One card: the trainer would spread its batch over all, and the steps are counted for one.
    cards = {"CUDA_VISIBLE_DEVICES": visible()[0]} if len(visible()) > 1 else {}
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1"}
    with progress.meter(label, steps, "steps") as meter, (folder / LOG).open("w") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "humpback.train.child", str(folder), str(os.getpid())],
            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **quiet, **cards}, close_fds=False,
        )  # fmt: skip
        last: dict[str, Any] = {}
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if line.startswith("{"):
                    last = json.loads(line)
                    meter.advance(last["step"] - meter.done, f"loss {last['loss']:.3f}")
        finally:
            child.kill() if child.poll() is None and sys.exc_info()[0] else None
            code = child.wait()
            child.stdout.close()
        if code:
            tail = (folder / LOG).read_text(errors="replace").strip().splitlines()[-1:]
            raise TrainingFailed(
                f"training ended with exit code {code}: {tail[0] if tail else 'it said nothing'}",
                f"its log is {folder / LOG}; on lack of memory: --set sft.batch=4 or a smaller sft.max_tokens",
            )
        meter.close(f"{steps} steps, loss {last.get('loss', float('nan')):.3f}")
