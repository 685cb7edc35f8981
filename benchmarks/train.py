"""Fine-tuning beside plain TRL: tokens per second, where the speed comes from, and whether the same is learnt.

    .venv/bin/python benchmarks/train.py [--base PATH] [--pairs FILE] [--speed] [--ablation] [--loss]      (all if none)
    .venv/bin/python benchmarks/train.py --speed --steps 4 --warmup 1 --rounds 1                           (a quick look)

Prints tables, what plain TRL was given, the targets met and missed, and one line of JSON with all figures. The pairs are
LIMA's (instructions/lima_train.jsonl in the folder HUMPBACK_DATA, ../shared/data if unset), a tenth of them held out; the
base is the embedded model. A GPU is used where there is one: `--cpu` keeps to the CPU. `--threads` is for both sides.

Plain TRL is `SFTTrainer` with the path of the base, rows of prompt and completion, and `SFTConfig` as it ships; changed is
only what has to be: as many steps, the same learning rates and optimizer, nothing reported and nothing saved, and the
examples in humpback's order, which is random (checked by a digest of each step's tokens). It takes 8 examples a step and
cuts them at 1,024 tokens, and so does humpback here, in the training process that its recipes start. Every training runs in
a process of its own; they alternate, and medians count.

Speed: tokens are those of prompts and targets, without padding. The clock runs from the end of step `--warmup` to the end
of the last one, over everything in between: reading the data, padding or packing it, the optimizer, logging. The time of
the cores is what the process had of them, whatever else ran beside it. The memory is the most that the process held, its
libraries and the loading of the model included, and on a GPU the most of the device. Operations are counted from the model:
6 for each weight inside the layers and each token, 6 for each weight of the head and each target, and 6 x layers x width x
length^2 of causal attention. Padding, logits of prompts and what gradient checkpointing computes twice are no use and do
not count. Utilisation is their share of the device's peak (bfloat16, dense).

Ablation: each of humpback's parts taken away by itself, and plain TRL with settings that people change. `packing=rows` and
TRL's `packing=True` fill rows of 1,024 tokens; they get as many rows a step as hold about the same number of tokens.
`packing=none` draws examples of like length together, the longest first: only over a whole pass are its tokens those of the
others.

Loss: both train the same examples in the same order, `--loss-steps` long; the losses of each step are compared, and then
what the saved models make of the held-out pairs: mean NLL of a response given its instruction, paired by case.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import ge, le
from pathlib import Path
from statistics import mean, median
from typing import Any

from _bench import HERE, alternated, machine, table
from teach import DATA, pairs

from humpback import lm as language_models
from humpback import store
from humpback.config import Empty, build
from humpback.evaluate.held_out import forward_nll, held
from humpback.lm.spec import parse, recommended
from humpback.metrics import mean_of, paired_change
from humpback.progress import Progress
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import Row
from humpback.store import Dataset
from humpback.train import launch
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.sft import train
from humpback.train.training import Data, Training

PARTS = ("speed", "ablation", "loss")
TRL, OURS = "plain TRL", "humpback"
BATCH, MAX_TOKENS = 8, 1024  # what SFTConfig ships with
FASTER, LOSS_APART, NLL_APART = 2.0, 0.01, 0.01
TRIAL, WATCHED = "trial.json", "watched.json"
# Dense bfloat16, in TFLOP/s, as NVIDIA's data sheets have it; the first name that the device's holds.
PEAKS = {"H100 PCIe": 756.0, "H100 NVL": 835.0, "H100": 989.0, "H200": 989.0, "A100": 312.0}
GIB = 1 << 30


@dataclass(frozen=True)
class Trial:
    """A way to train: by whom, and what is unlike the usual."""

    who: str
    sft: dict[str, Any] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    """What is trained, on what, and how long."""

    base: str
    pairs: Dataset
    test: list[Row]
    steps: int
    warmup: int
    rounds: int
    peak: float | None
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> Data:
        return Data(folder=self.pairs.path)

    @property
    def rows(self) -> list[Row]:
        return self.data.rows()

    def sft(self, steps: int, changed: dict[str, Any]) -> SftConfig:
        asked = recommended(self.base).get("sft", {})
        fixed = {"batch": BATCH, "max_tokens": MAX_TOKENS, "dropout": 0.0, "steps": steps}
        return build(SftConfig, [asked, fixed, changed])  # type: ignore[list-item]

    def train(self, trial: Trial, steps: int, folder: Path) -> dict[str, Any]:
        """What was seen of the training of `trial`, whose model is in `folder`."""
        wanted = Training(
            role="forward", base=self.base, data=(self.data,), sft=self.sft(steps, trial.sft),
            hardware=HardwareConfig(**trial.hardware),
        )  # fmt: skip
        store.write_json(folder / TRIAL, {"who": trial.who, "config": {}, **trial.more})
        train(wanted, folder, Progress(quiet=True))
        return store.read_json(folder / WATCHED)

    def timed(self, trial: Trial) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            return self.counted(self.train(trial, self.steps, Path(folder)))

    def counted(self, seen: dict[str, Any]) -> dict[str, Any]:
        """The figures of the steps after the warm-up."""
        steps = seen["steps"][self.warmup :]
        seconds, worked = (seen[clock][-1] - seen[clock][self.warmup - 1] for clock in ("ended", "worked"))
        total = {name: sum(step[name] for step in steps) for name in steps[0] if name != "digest"}
        return {
            **seen, **total, "seconds": seconds, "rate": total["tokens"] / seconds, "core rate": total["tokens"] / worked,
            "target rate": total["targets"] / seconds, "padding": 1 - total["tokens"] / total["places"],
            "flops": operations(seen["model"], total) / seconds, "digests": [step["digest"] for step in steps],
        }  # fmt: skip


def operations(model: dict[str, Any], total: dict[str, int]) -> float:
    """Floating-point operations that learning from these tokens takes, forward and backward."""
    weights = 6.0 * (model["body"] * total["tokens"] + model["head"] * total["targets"])
    return weights + 6.0 * model["attention"] * total["squares"]


def watched(folder: Path, *_: Any) -> list[str]:
    """The command of a training process that is watched."""
    return [sys.executable, str(HERE / "train_peers.py"), str(folder), str(os.getpid())]


def usual() -> dict[str, Trial]:
    return {TRL: Trial("trl"), OURS: Trial("humpback")}


def ablation(rows: int) -> dict[str, Trial]:
    """Plain TRL step by step, and humpback without each of its parts; `rows` of packed examples make a step."""
    filled = {"packing": True, "per_device_train_batch_size": rows}
    unchecked = {"gradient_checkpointing": False}
    return {
        "TRL, packing=True": Trial("trl", more={"config": filled}),
        "TRL, gradient_checkpointing=False": Trial("trl", more={"config": unchecked}),
        "  and freed memory kept": Trial("trl", more={"config": unchecked, "keep_memory": True}),
        "  and packing=True": Trial("trl", more={"config": unchecked | filled, "keep_memory": True}),
        "humpback, packing=none": Trial("humpback", {"packing": "none"}),
        "humpback, packing=rows": Trial("humpback", {"packing": "rows", "batch": rows}),
        "humpback, loss as TRL computes it": Trial("humpback", more={"loss": "trl"}),
        "humpback, freed memory given back": Trial("humpback", more={"keep_memory": False}),
        "humpback, gradient_checkpointing": Trial("humpback", hardware={"gradient_checkpointing": True}),
    }


# Speed


def speed(bench: Benchmark, trials: dict[str, Trial]) -> dict[str, list[dict[str, Any]]]:
    """Prints a table of all trials; returns the passes of each."""
    found = alternated({name: partial(bench.timed, trial) for name, trial in trials.items()}, bench.rounds)
    first = found[TRL][0]
    print(f"\nSpeed: {bench.base}, steps {bench.warmup + 1} to {bench.steps}, {bench.rounds} rounds in alternation, medians")
    print(f"  {first['device']}, {first['threads']} threads; {first['model']['dtype']} weights; attention: "
          f"{TRL} {first['attention']}, {OURS} {found[OURS][0]['attention']}")  # fmt: skip
    told(bench, first)
    rates = {name: median(each["rate"] for each in passes) for name, passes in found.items()}
    head = ("", "tokens/s", "least to most", "is faster than plain TRL", "targets/s", "tokens a step", "padding", "GFLOP/s",
            "utilisation", "GiB of memory")  # fmt: skip
    table(head, [line(bench, name, passes, rates) for name, passes in found.items()])
    kept = ("rate", "core rate", "seconds", "tokens", "targets", "padding", "flops", "rss", "device_memory")
    bench.figures["speed"] = {name: [{key: each[key] for key in kept} for each in passes] for name, passes in found.items()}
    return found


def line(bench: Benchmark, name: str, passes: list[dict[str, Any]], rates: dict[str, float]) -> Sequence[str]:
    each = [one["rate"] for one in passes]
    flops = median(one["flops"] for one in passes)
    memory = [f"{max(one[kind] for one in passes) / GIB:.2f}" for kind in ("rss", "device_memory") if passes[0][kind]]
    return (
        name, f"{rates[name]:,.0f}", f"{min(each):,.0f} to {max(each):,.0f}", f"{rates[name] / rates[TRL]:.2f}",
        f"{median(one['target rate'] for one in passes):,.0f}",
        f"{passes[0]['tokens'] / len(passes[0]['digests']):,.0f}", f"{passes[0]['padding']:.1%}", f"{flops / 1e9:,.1f}",
        f"{flops / (1e12 * bench.peak):.1%}" if bench.peak else "", " + ".join(memory),
    )  # fmt: skip


def told(bench: Benchmark, seen: dict[str, Any]) -> None:
    """What plain TRL was given, and what it did with the rest."""
    given = ", ".join(f"{name}={value}" for name, value in seen["given"].items())
    shipped = ", ".join(f"{name}={value}" for name, value in seen["shipped"].items())
    print(f"  plain TRL was given: {given}\n  and had by itself: {shipped}")
    bench.figures["plain TRL"] = {"given": seen["given"], "in force": seen["shipped"]}


def verdict(bench: Benchmark, what: str, value: float, compare: Callable[[float, float], bool], bound: float) -> None:
    met, sign = compare(value, bound), ">=" if compare is ge else "<="
    print(f"  {'met   ' if met else 'MISSED'}  {what}: {value:.4g} (target {sign} {bound:g})")
    bench.figures.setdefault("targets", {})[what] = {"value": value, "target": f"{sign} {bound:g}", "met": met}


def faster(bench: Benchmark, found: dict[str, list[dict[str, Any]]]) -> None:
    """The target of the speed: the ratio of the medians; and of each round."""
    ratios = [ours["rate"] / plain["rate"] for ours, plain in zip(found[OURS], found[TRL], strict=True)]
    ratio, cores = (
        median(each[kind] for each in found[OURS]) / median(each[kind] for each in found[TRL])
        for kind in ("rate", "core rate")
    )
    print(f"  {same(found[TRL][0], found[OURS][0])}")
    print(f"  ratio in each round: {', '.join(f'{each:.2f}' for each in ratios)}; in time of the cores: {cores:.2f}")
    verdict(bench, "tokens/s, humpback / plain TRL", ratio, ge, FASTER)


def same(one: dict[str, Any], other: dict[str, Any]) -> str:
    """How many steps held the same tokens."""
    pairs_of_steps = list(zip(one["digests"], other["digests"], strict=True))
    return f"the same examples, token by token, in {sum(a == b for a, b in pairs_of_steps)} of {len(pairs_of_steps)} steps"


# Loss


def loss(bench: Benchmark, steps: int) -> None:
    """Prints how far the losses are apart, step by step and on held-out pairs."""
    losses: dict[str, list[float]] = {}
    nll: dict[str, list[float | None]] = {"base": held_out(bench, bench.base)}
    seen: dict[str, Any] = {}
    for name, trial in {TRL: Trial("trl", more={"config": {"logging_steps": 1}}), OURS: Trial("humpback")}.items():
        with tempfile.TemporaryDirectory() as folder:
            seen[name] = bench.train(trial, steps, Path(folder))
            losses[name] = seen[name]["loss"]
            nll[name] = held_out(bench, f"transformers:{folder}")
    digests = [{"digests": [step["digest"] for step in seen[name]["steps"]]} for name in (TRL, OURS)]
    print(f"\nLoss: {steps} steps, {same(*digests)}")
    report_steps(bench, losses)
    report_held_out(bench, nll)


def held_out(bench: Benchmark, spec: str) -> list[float | None]:
    lm = language_models.open_here(spec)
    try:
        return forward_nll(bench.test, lm, TagConfig().seed, MAX_TOKENS)
    finally:
        lm.close()


def report_steps(bench: Benchmark, losses: dict[str, list[float]]) -> None:
    steps = list(zip(losses[TRL], losses[OURS], strict=True))
    shown = sorted({round(i * (len(steps) - 1) / 5) for i in range(6)})
    table(("loss at step", *(str(i + 1) for i in shown)), [(name, *(f"{losses[name][i]:.4f}" for i in shown))
                                                           for name in (TRL, OURS)])  # fmt: skip
    apart = [ours - plain for plain, ours in steps]
    print(f"  humpback - plain TRL: mean {mean(apart):+.5f}, largest {max(map(abs, apart)):.5f} nats per token")
    verdict(bench, "loss of a step, mean absolute difference, nats per token", mean(map(abs, apart)), le, LOSS_APART)
    bench.figures["loss"] = losses


def report_held_out(bench: Benchmark, nll: dict[str, list[float | None]]) -> None:
    rows = {name: mean_of("nll", name, values) for name, values in nll.items()}
    table((f"held-out NLL, {rows[OURS]['n']} pairs", "nats per token", "standard error"),
          [(name, f"{row['value']:.4f}", f"{row['se']:.4f}") for name, row in rows.items()])  # fmt: skip
    change = paired_change("nll_change", OURS, nll[TRL], nll[OURS])
    print(f"  humpback - plain TRL, paired: {change['value']:+.5f} (standard error {change['se']:.5f})")
    verdict(bench, "held-out NLL, absolute difference, nats per token", abs(change["value"]), le, NLL_APART)
    bench.figures["held out"] = {name: (row["value"], row["se"]) for name, row in rows.items()} | {
        "change": (change["value"], change["se"])
    }


def peak_of_device() -> float | None:
    """TFLOP/s of the first GPU, if there is one that we know."""
    import torch

    name = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
    return next((peak for known, peak in PEAKS.items() if all(word in name for word in known.split())), None)


def rows_of_a_step(bench: Benchmark) -> int:
    """So many full rows hold about as many tokens as the usual step."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(parse(bench.base).folder)
    texts = [f"{row['instruction']}\n{row['response']}" for row in bench.rows]
    lengths = [min(MAX_TOKENS, len(ids)) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
    return max(1, round(BATCH * mean(lengths) / MAX_TOKENS))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--base", help="the folder of a model (the embedded one)")
    parser.add_argument("--pairs", default=str(DATA / "instructions" / "lima_train.jsonl"), help="(LIMA)")
    parser.add_argument("--steps", type=int, default=24, help="of each training whose speed is measured (24)")
    parser.add_argument("--warmup", type=int, default=3, help="steps before the clock starts, at least 1 (3)")
    parser.add_argument("--rounds", type=int, default=3, help="of each training (3)")
    parser.add_argument("--loss-steps", type=int, default=60, help="of the trainings whose losses are compared (60)")
    parser.add_argument("--threads", type=int, help="of each process (as torch likes)")
    parser.add_argument("--cpu", action="store_true", help="no GPU")
    parser.add_argument("--peak-tflops", type=float, help="of the GPU (known for A100, H100, H200)")
    found = parser.parse_args()
    if not 1 <= found.warmup < found.steps:
        parser.error(f"--warmup {found.warmup}: at least 1, and fewer than --steps {found.steps}")
    if not Path(found.pairs).is_file():
        parser.error(f"there are no pairs at {found.pairs}: give --pairs FILE, or set HUMPBACK_DATA")
    if not any(getattr(found, part) for part in PARTS):
        found.speed = found.ablation = found.loss = True
    return found


def main() -> None:
    asked = arguments()
    if asked.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if asked.threads:
        os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    launch.command = watched
    with tempfile.TemporaryDirectory() as folder, Run(folder, "train", Empty()) as run:
        found = pairs(run, asked.pairs)
        base = f"transformers:{Path(asked.base).resolve()}" if asked.base else "embedded"
        test, peak = held(found, "test", len(found)), asked.peak_tflops or peak_of_device()
        measured(Benchmark(base, found, test, asked.steps, asked.warmup, asked.rounds, peak), asked)


def measured(bench: Benchmark, asked: argparse.Namespace) -> None:
    if asked.speed or asked.ablation:
        faster(bench, speed(bench, usual() | (ablation(rows_of_a_step(bench)) if asked.ablation else {})))
    if asked.loss:
        loss(bench, asked.loss_steps)
    described = machine(("humpback", "torch", "transformers", "trl", "accelerate"))
    print("\n" + json.dumps({"base": bench.base, "pairs": len(bench.rows), "steps": asked.steps, "warmup": asked.warmup,
                             "peak": bench.peak, "machine": described, "figures": bench.figures}))  # fmt: skip


if __name__ == "__main__":
    main()
