"""How a training process is started: by itself, or many of them by a launcher (`launcher.py`)."""

import importlib.util
import os
import re
import sys
from pathlib import Path

from humpback.config import from_yaml
from humpback.errors import UsageFault
from humpback.lm.devices import gpus, visible
from humpback.train.training import Training

CONFIGURATIONS = Path(__file__).parent / "accelerate"
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1",
    "WANDB_SILENT": "true", "WANDB_DISABLE_CODE": "true",
}  # fmt: skip
# Threads that wait for each other spin: beside other work on the same processors a step took several times as long.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
# Where what draws the loss keeps its logs, in the folder of the model to be.
TRACKING = "tracking"
SHARDED = ("FSDP", "DEEPSPEED")


def command(folder: Path, training: Training) -> list[str]:
    """The command line of the training process in `folder`; raises `UsageFault` where it could not run."""
    check(training)
    us, launch = [str(folder), str(os.getpid())], training.hardware.launch
    if not launch:
        return [sys.executable, "-m", "humpback.train.process.child", *us]
    return [sys.executable, "-m", "humpback.train.process.launcher", *us, str(configuration(launch))]


def environment(folder: Path, training: Training) -> dict[str, str]:
    """Telemetry off, logs of the training in its folder, and one card in sight where one is used.

    Without a launcher the trainer would spread its batch over all cards, in one process.
    """
    launch, logs = training.hardware.launch, str(folder / TRACKING)
    cards = {"CUDA_VISIBLE_DEVICES": visible()[0]} if launch in ("", "one_gpu") and len(visible()) > 1 else {}
    track = {"TENSORBOARD_LOGGING_DIR": logs, "TRACKIO_DIR": logs, "WANDB_DIR": str(folder)}
    return {"WANDB_MODE": "offline", **PATIENT, **os.environ, **QUIET, **track, **cards}


def check(training: Training) -> None:
    """Raises `UsageFault` for a training that names what this machine or this installation does not have."""
    sft, hardware = training.sft, training.hardware
    if sft.method == "qlora":
        _needs("bitsandbytes", "sft.method=qlora", "qlora")
    if re.search("8bit|paged|bnb", sft.optimizer) and "torch" not in sft.optimizer:
        _needs("bitsandbytes", f"sft.optimizer={sft.optimizer}", "qlora")
    if hardware.report_to != "none":
        _needs(hardware.report_to, f"hardware.report_to={hardware.report_to}", "track")
    if hardware.launch:
        _check_launch(hardware.launch, sft.method)


def _needs(package: str, setting: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        named = package if package in ("deepspeed", "wandb") else f"'humpback[{extra}]'"
        raise UsageFault(f"{setting} needs {package}, which is not installed", f"pip install {named}")


def _check_launch(launch: str, method: str) -> None:
    given = from_yaml(configuration(launch))
    kind = given.get("distributed_type")
    if kind == "DEEPSPEED":
        _needs("deepspeed", f"hardware.launch={launch}", "")
    if kind in SHARDED and given.get("use_cpu"):
        raise UsageFault(
            f"hardware.launch={launch} asks for {kind} on CPUs, where accelerate would train without it and not say so",
            "--set hardware.launch=two_cpu",
        )
    if kind in SHARDED and method == "qlora":
        raise UsageFault(
            f"hardware.launch={launch} cuts weights into parts, and sft.method=qlora has weights of 4 bits that cannot be",
            "--set hardware.launch=multi_gpu, or --set sft.method=lora",
        )
    if given.get("num_machines", 1) > 1:
        raise UsageFault(f"{launch} asks for {given['num_machines']} machines; a run trains on one", "num_machines: 1")
    wanted = 0 if given.get("use_cpu") else given.get("num_processes", 2)
    if gpus() < wanted:
        raise UsageFault(
            f"hardware.launch={launch} needs {wanted} GPUs, and {gpus()} are in sight",
            "--set hardware.launch= (none), or two_cpu to try it without",
        )


def configuration(launch: str) -> Path:
    """The file of a configuration that ships, or of one's own; raises `UsageFault` if there is neither."""
    shipped = {path.stem: path for path in CONFIGURATIONS.glob("*.yaml")}
    if launch in shipped:
        return shipped[launch]
    if Path(launch).is_file():
        return Path(launch).absolute()
    raise UsageFault(
        f"hardware.launch={launch} is neither a configuration that ships nor a file",
        f"one of {', '.join(sorted(shipped))}, or a file that `accelerate config` wrote",
    )
