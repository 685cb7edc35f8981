"""Several processes as one: the same examples, the same steps, one voice, and none left behind."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from humpback.curate.rubric import PREDICATES
from humpback.curate.teach import TeachConfig
from humpback.errors import TrainingFailed, UsageFault
from humpback.progress import Progress
from humpback.train import launch
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.log import last_word
from humpback.train.sft import train
from humpback.train.training import Training

pytest.importorskip("trl")
from train.families import data_in, train_here

# Two processes load their libraries twice; beside other work that takes a minute.
pytestmark = pytest.mark.timeout(300)
SHIPPED = sorted(path.stem for path in launch.CONFIGURATIONS.glob("*.yaml"))
# Twelve examples and steps of eight: passes end within steps.
SEED = [
    {
        "id": f"p{i}",
        "instruction": f"How do I oil chain number {i}?" + " Please." * (i % 5),
        "response": f"Put {i} drops on each link" + " and wait" * (i % 4) + ".",
        "source": "seed",
    }
    for i in range(12)
]
SFT = {
    "lr": 1e-3,
    "lr_end": 2e-4,
    "schedule": "cosine",
    "warmup": 0.25,
    "batch": 8,
    "steps": 4,
    "max_tokens": 96,
    "dropout": 0,
    "precision": "fp32",
}
# accelerate cuts models into parts on GPUs alone. This gives it processors in their place, and tells what it gathered.
PROCESSORS_FOR_CARDS = """
import sys
if "humpback.train.process.child" in sys.orig_argv:
    import torch
    from accelerate import Accelerator
    from accelerate.state import PartialState
    from accelerate.utils import DistributedType

    def backend(self, *_, **__):
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("gloo")
        return "gloo", DistributedType.MULTI_GPU

    PartialState._prepare_backend = backend
    PartialState.set_device = lambda self: setattr(self, "device", torch.device("cpu"))
    gather = Accelerator.get_state_dict

    def told(self, model, unwrap=True):
        print("gathered from", self.distributed_type, file=sys.stderr)
        return gather(self, model, unwrap)

    Accelerator.get_state_dict = told
"""


def training(sft: dict[str, Any] | None = None, **hardware: Any) -> Training:
    machine = HardwareConfig(**{"checkpoint_steps": 0, "silence": 100.0, **hardware})
    return Training(role="forward", base="embedded", data=(), sft=SftConfig(**{**SFT, **(sft or {})}), hardware=machine)


def trained(
    folder: Path, sft: dict[str, Any] | None = None, here: bool = False, teach: TeachConfig | None = None, **hardware: Any
) -> Path:
    """Trained in processes of its own, or `here`."""
    data = data_in(folder.with_name("rows of " + folder.name), SEED)
    wanted = training(sft, **hardware).model_copy(update={"data": data, "teach": teach})
    if here:
        return train_here(wanted, folder)
    train(wanted, folder, Progress(quiet=True))
    return folder


def losses(folder: Path) -> list[float]:
    return [entry["loss"] for entry in json.loads((folder / "training.json").read_text())["log"]]


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def assert_same_training(one: Path, other: Path) -> None:
    """Losses to 1e-3, weights to one step of bfloat16 below 1."""
    assert losses(other) == pytest.approx(losses(one), abs=1e-3)
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    assert max(float((first[name].float() - second[name].float()).abs().max()) for name in first) < 4e-3


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("alone") / "model")


@pytest.mark.slow
def test_the_cosine_falls_to_lr_end_after_the_warmup(alone: Path) -> None:
    """A floor given as a share of the first rate ends at another rate than the one that was asked for."""
    from math import cos, pi

    rates = [entry["learning_rate"] for entry in json.loads((alone / "training.json").read_text())["log"]]
    lr, end = SFT["lr"], SFT["lr_end"]
    falling = [end + (lr - end) * (1 + cos(pi * step / 3)) / 2 for step in range(3)]
    assert rates == pytest.approx([end, *falling], rel=1e-6)


@pytest.mark.slow
def test_two_processes_train_what_one_does(alone: Path, tmp_path: Path) -> None:
    """Halves that are averaged by process and not by token, or examples seen twice at a pass's end, learn another model."""
    two = trained(tmp_path / "two", launch="two_cpu")
    assert [json.loads((each / "training.json").read_text())["processes"] for each in (alone, two)] == [1, 2]
    assert_same_training(alone, two)


@pytest.mark.slow
def test_padded_steps_hold_the_same_examples_in_two_processes(tmp_path: Path) -> None:
    """With packing=none the second step of eight, for which twelve examples leave four, was filled up in two processes with
    four from the beginning; and lengths were grouped by the batch of one process."""
    one = trained(tmp_path / "one", {"packing": "none"}, here=True)
    two = trained(tmp_path / "two", {"packing": "none"}, launch="two_cpu")
    assert_same_training(one, two)


@pytest.mark.slow
def test_weights_are_added_up_over_processes(tmp_path: Path) -> None:
    """Divided by the weights of its own half, the process that has the lessons counts as much as the one that has none."""
    sft, teach = {"max_tokens": 420, "steps": 3}, TeachConfig(share=0.5, rubric=PREDICATES)
    one = trained(tmp_path / "one", sft, here=True, teach=teach)
    two = trained(tmp_path / "two", sft, teach=teach, launch="two_cpu")
    assert_same_training(one, two)


@pytest.mark.slow
def test_checkpointed_activations_and_a_drawn_loss_change_nothing(alone: Path, tmp_path: Path) -> None:
    """Activations computed anew must see the boundaries of the examples again; and the logs belong beside the model."""
    pytest.importorskip("tensorboard")
    other = trained(tmp_path / "other.partial", gradient_checkpointing=True, micro_batch=4, report_to="tensorboard")
    assert losses(other) == pytest.approx(losses(alone), abs=1e-4)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(other / launch.TRACKING))
    events.Reload()
    drawn = [event.value for event in events.Scalars("train/loss")]
    assert drawn == pytest.approx(losses(other), rel=1e-6)


@pytest.mark.slow
def test_a_loss_drawn_by_trackio_stays_on_this_machine(tmp_path: Path) -> None:
    """A tracker that asks for an account would stop a run offline."""
    import sqlite3

    pytest.importorskip("trackio", reason="pip install 'humpback[track]'")
    folder = trained(tmp_path / "model", report_to="trackio")
    [database] = (folder / launch.TRACKING).glob("*.db")
    with sqlite3.connect(database) as opened:
        rows = opened.execute("select run_name, metrics from metrics order by step").fetchall()
    drawn = [json.loads(metrics)["train/loss"] for name, metrics in rows if "train/loss" in json.loads(metrics)]
    assert drawn == pytest.approx(losses(folder), rel=1e-6) and rows[0][0] == "model"


@pytest.mark.slow
def test_parts_of_weights_are_put_together_again(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model saved by one of several processes holds a part of the weights, and opens without a word."""
    (tmp_path / "sitecustomize.py").write_text(PROCESSORS_FOR_CARDS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(launch, "check", lambda _: None)
    config = yaml.safe_load((launch.CONFIGURATIONS / "fsdp2.yaml").read_text())
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**config, "use_cpu": True, "num_processes": 2}))
    cut = trained(tmp_path / "model", launch=str(tmp_path / "mine.yaml"), checkpoint_steps=2)
    assert "gathered from DistributedType.FSDP" in (cut / "train.log").read_text()
    assert_same_training(alone, cut)


@pytest.mark.slow
def test_a_failure_among_many_says_why(tmp_path: Path) -> None:
    """The launcher's own last line is a row of equals signs."""
    with pytest.raises(TrainingFailed, match="cannot be divided among 2 processes"):
        trained(tmp_path / "model", {"batch": 7}, launch="two_cpu")


STARTED = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_launch import trained
trained(Path(sys.argv[1]), {"steps": 100_000}, launch="two_cpu")
"""


@pytest.mark.slow
def test_no_process_outlives_the_run_that_was_killed(tmp_path: Path) -> None:
    """The processes' parent is the launcher: whoever watches that alone goes on working when the run is gone."""
    psutil = pytest.importorskip("psutil")
    here = Path(__file__).parent
    parent = subprocess.Popen([sys.executable, "-c", STARTED, str(tmp_path / "model"), str(here.parent), str(here)])
    found: list[Any] = []

    def both() -> bool:
        assert parent.poll() is None
        found[:] = psutil.Process(parent.pid).children(recursive=True)
        words: list[str] = []
        for each in found:
            with contextlib.suppress(psutil.Error):  # it has ended since
                words += each.cmdline()
        return words.count("humpback.train.process.child") >= 2

    try:
        until(both, 120)
        assert len(found) >= 3
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait(timeout=30)
    until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in found), 120)


@pytest.mark.parametrize("wait", ["time.sleep(600)", "os.close(1); time.sleep(600)"], ids=["silent", "its pipe closed"])
def test_a_training_that_hangs_is_ended_and_told(wait: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Processes that wait for one another say nothing and never end; a run stood still beside them, for ever."""
    process = f"import os, sys, time; print('waiting', os.getpid(), file=sys.stderr); {wait}"
    monkeypatch.setattr(launch, "command", lambda *_: [sys.executable, "-c", process])
    with pytest.raises(TrainingFailed) as caught:
        trained(tmp_path / "model", silence=1.0)
    assert "said nothing for 1 s after step 0" in caught.value.fact and "hardware.silence=10" in caught.value.hint
    tried = [line.split()[1] for line in (tmp_path / "model" / "train.log").read_text().splitlines()]
    assert len(tried) == 2 and not any(Path(f"/proc/{pid}").exists() for pid in tried)


HANGS_ONCE_A_STEP = """
import json, sys, time
done = open(sys.argv[1], "a+")
print(json.dumps({"steps": 3}), flush=True)
done.seek(0)
step = len(done.read()) + 1
done.write("x")
done.flush()
print(json.dumps({"step": step, "loss": 1.0}), flush=True)
if step < 3:
    time.sleep(600)
"""


def test_a_training_that_hung_goes_on_as_long_as_it_comes_further(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two processes that missed one another at their start cost a night; begun again they need seconds."""
    started = [sys.executable, "-c", HANGS_ONCE_A_STEP, str(tmp_path / "done")]
    monkeypatch.setattr(launch, "command", lambda *_: started)
    trained(tmp_path / "model", silence=2.0)
    assert (tmp_path / "done").read_text() == "xxx"


STANDING = """
import time
from humpback.train.process.child import stands_after
def waits_for_the_others():
    time.sleep(3)
stands_after(1.0)
waits_for_the_others()
"""


@pytest.mark.slow
def test_a_process_that_stands_still_says_where(tmp_path: Path) -> None:
    """Of a training that hung nothing was known but that it said nothing."""
    with (tmp_path / "train.log").open("w") as log:
        print("its last word", file=log, flush=True)
        subprocess.run([sys.executable, "-c", STANDING], stderr=log, check=True)
    assert "in waits_for_the_others" in (tmp_path / "train.log").read_text()
    assert last_word(tmp_path / "train.log") == "its last word"


def until(so: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_all_that_the_settings_name_ships() -> None:
    """A name in the description of hardware.launch without its file is a promise that fails after days."""
    told = HardwareConfig.model_fields["launch"].description or ""
    assert SHIPPED and all(name in told for name in SHIPPED)
    assert {"one_gpu", "multi_gpu", "fsdp2", "zero3", "two_cpu"} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_accelerate_reads_what_ships_and_it_names_no_machine(name: str) -> None:
    """accelerate refuses unknown keys when a training starts; and an address or card of ours is no use to others."""
    from accelerate.commands.config.config_args import load_config_from_file

    path = launch.CONFIGURATIONS / f"{name}.yaml"
    load_config_from_file(str(path))
    given = yaml.safe_load(path.read_text())
    machines = {"gpu_ids", "main_process_ip", "main_process_port", "machine_rank", "num_machines", "mpirun_config"}
    assert not machines & set(given) and "/" not in path.read_text().replace("fully_shard", "")
    assert given.get("num_processes", 0) == {"one_gpu": 1, "two_cpu": 2}.get(name, 0)


@pytest.mark.parametrize(
    ("hardware", "sft", "words"),
    [
        ({"launch": "nowhere"}, {}, "fsdp2, multi_gpu, one_gpu, two_cpu, zero3"),
        ({"launch": "multi_gpu"}, {}, "needs 2 GPUs, and 0 are in sight"),
        ({"launch": "fsdp2"}, {"method": "qlora"}, "weights of 4 bits"),
        ({"launch": "zero3"}, {}, "pip install deepspeed"),
        ({"report_to": "wandb"}, {}, "pip install wandb"),
        ({"report_to": "tensorboard"}, {}, "pip install 'humpback[track]'"),
        ({}, {"optimizer": "paged_adamw_8bit"}, "pip install 'humpback[qlora]'"),
        ({}, {"method": "qlora"}, "pip install 'humpback[qlora]'"),
    ],
)
def test_what_is_missing_is_named_with_the_command(
    hardware: dict[str, Any], sft: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A traceback of an import after the model was loaded, under a launcher, is found by nobody."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    absent = "method" not in sft or not hardware
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None if absent else name)
    with pytest.raises(UsageFault) as caught:
        launch.command(tmp_path, training(sft, **hardware))
    assert words in caught.value.fact + caught.value.hint


@pytest.mark.parametrize("more", ["use_cpu: true", "num_machines: 2"])
def test_a_file_of_ones_own_that_would_do_something_else_is_refused(more: str, tmp_path: Path) -> None:
    """accelerate trains unsharded on CPUs and says nothing; a second machine would wait for ever."""
    (tmp_path / "mine.yaml").write_text(f"distributed_type: FSDP\n{more}\n")
    with pytest.raises(UsageFault):
        launch.command(tmp_path, training(launch=str(tmp_path / "mine.yaml")))


def test_nobody_is_called_and_one_card_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tracker that phones home, or a batch spread over cards that were not asked for."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    given = launch.environment(tmp_path, training())
    assert given["CUDA_VISIBLE_DEVICES"] == "4" and given["WANDB_MODE"] == "offline" and given["HF_HUB_OFFLINE"] == "1"
    assert given["TRACKIO_DIR"] == given["TENSORBOARD_LOGGING_DIR"] == str(tmp_path / "tracking")
    assert given["OMP_WAIT_POLICY"] == "PASSIVE"  # spinning threads made a step ten times as long beside other work
    assert given["WANDB_DIR"] == str(tmp_path) and given["HF_HUB_DISABLE_TELEMETRY"] == given["DO_NOT_TRACK"] == "1"
    assert launch.environment(tmp_path, training(launch="multi_gpu"))["CUDA_VISIBLE_DEVICES"] == "4,5"
    monkeypatch.setenv("WANDB_MODE", "online")
    assert launch.environment(tmp_path, training())["WANDB_MODE"] == "online"
