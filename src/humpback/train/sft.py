"""Fine-tune a base model as forward or backward model: writes what is asked for, starts the process, shows its progress."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from humpback import store
from humpback.engine import Hands
from humpback.errors import NothingKept, TrainingFailed
from humpback.progress import Progress
from humpback.schema import PAIR, TRIPLE
from humpback.train import launch
from humpback.train.training import LOG, PAIRS, SETTINGS, Training

# Seconds that a process is given to end when it was told to.
TO_END = 20


def trained(training: Training, folder: Path, hands: Hands) -> None:
    """`train`, as a run's step calls it."""
    train(training, folder, hands.progress)


def train(training: Training, folder: Path, progress: Progress) -> None:
    """Train the model into `folder`, going on from a checkpoint that it holds; raises `TrainingFailed`."""
    prepare(training, folder)
    start(training, folder, progress)


def prepare(training: Training, folder: Path) -> None:
    """Write into `folder` what the training process reads: settings and rows. Raises `UsageFault`, `NothingKept`."""
    rows = [row for data in training.data for row in data.rows()]
    if not rows:
        fact = f"there is no pair to train the {training.role} model on"
        raise NothingKept(fact, "add seed pairs, or loosen the selection")
    assert training.base_folder
    columns = TRIPLE if training.contrast else PAIR
    known = set(columns.names)
    table = store.to_table([{k: v for k, v in row.items() if k in known} for row in rows], columns)
    store.write_json(folder / SETTINGS, training.model_dump(mode="json"))
    store.write_table(folder / PAIRS, table, {})
