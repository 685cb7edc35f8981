"""The launching process, `python -m humpback.train.process.launcher FOLDER PARENT_PID CONFIGURATION`: accelerate's own.

It ends with the process that started it, and the training processes end with it: killed, a run leaves none behind.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from accelerate.commands.launch import launch_command, launch_command_parser
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from humpback.config import from_yaml
from humpback.lm.devices import gpus
from humpback.orphans import die_with_parent
from humpback.train.log import last_word
from humpback.train.training import LOG


def arguments(folder: Path, config: Path) -> list[str]:
    """What accelerate is told: the file, and what the file leaves to the machine (cards in sight, a free port)."""
    given: dict[str, Any] = from_yaml(config)
    many = [] if "num_processes" in given else ["--num_processes", str(gpus())]
    port = [] if "main_process_port" in given else ["--main_process_port", "0"]
    return [
        "--config_file",
        str(config),
        *many,
        *port,
        "--module",
        "humpback.train.process.child",
        str(folder),
        str(os.getpid()),
    ]


def main(folder: Path, parent: int, config: Path) -> None:
    """Launch the training processes and wait for them; exits with the last word of one that failed."""
    die_with_parent(parent)
    if from_yaml(config).get("use_cpu"):
        os.environ["ACCELERATE_USE_CPU"] = "true"  # accelerate does not tell several processes itself
    try:
        launch_command(launch_command_parser().parse_args(arguments(folder, config)))
    except (ChildFailedError, subprocess.CalledProcessError):
        sys.exit(last_word(folder / LOG))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
