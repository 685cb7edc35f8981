"""Whether a model can be trained, told before anything is done: a process that reads its files, and ends, is asked."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from humpback.errors import UsageFault
from humpback.lm.spec import parse, role_of
from humpback.train.launch import QUIET
from humpback.train.training import Training


def check(training: Training) -> None:
    """Raises `UsageFault` for a base that cannot be trained. What says its role was trained here, and is not examined."""
    folder = training.base_folder()
    if not role_of(parse(training.base)):
        turns(folder)


def check_instructed(lm: str) -> None:
    """Raises `UsageFault` for a model on this disk, if `lm` names one, that was taught no turns and would be told in words
    what to write."""
    spec = parse(lm or "echo")
    if spec.folder and not role_of(spec) and turns(spec.folder) == "plain":
        raise UsageFault(
            f"{lm} is to be told in words what to write, and has no chat template: it is a base",
            "take its chat or instruct form, or train a backward model from it: leave backward_lm empty",
        )


@cache
def turns(folder: Path) -> str:
    """own or plain: whose template the model in `folder` is asked in; raises `UsageFault` where it cannot be trained."""
    if not (folder / "config.json").is_file():
        raise UsageFault(f"{folder} is not the folder of a model: it has no config.json", "check the path of the model")
    done = subprocess.run(
        [sys.executable, "-m", "humpback.train.process.examine", str(folder)],
        env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise UsageFault(f"{folder} cannot be read: {said}", "is it whole? and: pip install 'humpback[local]'")
    told = json.loads(done.stdout.splitlines()[-1])
    if "fault" in told:
        raise UsageFault(*told["fault"])
    return str(told["turns"])
