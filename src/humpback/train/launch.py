"""How a training process is started: by itself, or many of them by `accelerate launch`."""

import os
import sys
from pathlib import Path

from humpback.lm._devices import visible

QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1"}


def command(folder: Path, launch: str) -> list[str]:
    """The command line of the training process for the job in `folder`."""
    return [sys.executable, "-m", "humpback.train.child", str(folder), str(os.getpid())]


def environment(launch: str) -> dict[str, str]:
    """Without a launcher one card is shown: the trainer would spread its batch over all, in one process."""
    cards = {"CUDA_VISIBLE_DEVICES": visible()[0]} if not launch and len(visible()) > 1 else {}
    return {**os.environ, **QUIET, **cards}
