"""The loss on dev pairs while a training goes on, and the weights that were best by it."""

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
import torch
from rehearsed import Said
from train import checks
from train.families import OUTSIDE, Family, data_in, family, train_here

from humpback import store
from humpback.train import launch
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.process import child, dev_loss
from humpback.train.process.data import Tokens
from humpback.train.process.dev_loss import DevTrainer
from humpback.train.process.load import set_dropout
from humpback.train.sft import start, train
from humpback.train.training import Training

pytestmark = [pytest.mark.filterwarnings(*OUTSIDE), pytest.mark.timeout(300)]
# Steps so large that what is learnt of the training pairs is soon at the cost of others.
STEEP = {"lr": 0.05, "lr_end": 0.05, "batch": 2, "steps": 7, "dropout": 0.1, "optimizer": "adamw_torch", "precision": "fp32"}


SAID = Said()


def worker(tiny: Family, folder: Path, dev: list[Tokens], packing: str = "batch", **sft: Any) -> DevTrainer:
    """A trainer on the first examples, measured on the examples `dev`."""
    settings = SftConfig(**{**STEEP, "packing": packing, "dev_steps": 1, **sft})
    wanted = Training(role="forward", base="embedded", data=(), sft=settings, hardware=HardwareConfig())
    made = child.dataset(settings, checks.examples(checks.FORWARD, tiny.tokenizer)[:2])
    return DevTrainer(
        model=tiny.model,
        args=child.trl_config(wanted, folder, 2, settings.steps or 1),
        train_dataset=child.in_order(made, 2, settings.steps or 1, settings),
        eval_dataset=child.Dataset.from_list(dev),
        processing_class=tiny.tokenizer,
        callbacks=[child.Report()],
    )


def dev_of(tiny: Family) -> list[Tokens]:
    """Examples of very different lengths."""
    return checks.examples(checks.FORWARD, tiny.tokenizer)[2:7]


def by_hand(model: Any, dev: list[Tokens]) -> float:
    """Mean over all targets, one example after the other."""
    losses = []
    with torch.no_grad():
        for each in dev:
            ids, labels = (torch.tensor([each[name]]) for name in ("input_ids", "labels"))
            logits = model(input_ids=ids).logits[0, :-1].float()
            losses.append(torch.nn.functional.cross_entropy(logits, labels[0, 1:], reduction="none")[labels[0, 1:] >= 0])
    return float(torch.cat(losses).mean())


@pytest.mark.parametrize("packing", ["batch", "none", "rows"])
def test_the_dev_loss_is_the_mean_over_all_targets(packing: str, tmp_path: Path) -> None:
    """In the mean of batches an answer of one word weighs as much as one of a page."""
    tiny = family("llama")
    dev = dev_of(tiny)
    counts = [len(checks.learnt(each)) for each in dev]
    assert max(counts) > 5 * min(counts)
    found = worker(tiny, tmp_path, dev, packing).evaluate()["eval_loss"]
    assert found == pytest.approx(by_hand(family("llama").model.eval(), dev), rel=1e-5)


def test_what_balances_a_router_is_no_part_of_it(tmp_path: Path) -> None:
    """It is divided among micro-batches, so that on another card other weights would be kept."""
    tiny = family("qwen3-moe")
    found = worker(tiny, tmp_path, dev_of(tiny)).evaluate()["eval_loss"]
    assert found == pytest.approx(by_hand(family("qwen3-moe").model.eval(), dev_of(tiny)), rel=1e-5)


def rows() -> list[dict[str, Any]]:
    """Two pairs to learn by heart, three of the split dev, one of the split test."""
    splits = ["train", "train", "dev", "dev", "dev", "test"]
    return [{**row, "split": split} for row, split in zip(checks.rows(), splits, strict=False)]


@pytest.fixture(scope="module", params=["full", "lora"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, Path]:
    """A training of nine steps, measured at every second."""
    base = family("qwen3").save(tmp_path_factory.mktemp("base"))
    sft = SftConfig(**{**STEEP, "steps": 9, "dev_steps": 2, "method": request.param})
    data = data_in(tmp_path_factory.mktemp("rows"), rows())
    wanted = Training(role="backward", base=f"transformers:{base}", data=data, sft=sft)
    return wanted, train_here(wanted, tmp_path_factory.mktemp("model"))


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_the_weights_that_were_best_on_dev_pairs_are_kept(trained: tuple[Training, Path]) -> None:
    """A training that ends with the last ones has learnt its pairs by heart, and writes them in the place of others."""
    wanted, folder = trained
    told = store.read_json(folder / "training.json")
    losses = {each["step"]: each["loss"] for each in told["dev"]}
    assert list(losses) == [2, 4, 6, 8, 9] and told["dev_examples"] == 3 and len(told["log"]) == 9
    assert told["kept"] == min(losses, key=lambda step: losses[step]) < 9 and losses[9] > 1.03 * losses[told["kept"]]
    assert told["log"][-1]["loss"] < told["log"][0]["loss"]
    from transformers import AutoModelForCausalLM, AutoTokenizer

    words = AutoTokenizer.from_pretrained(folder)
    dev = dev_loss.examples(wanted, folder, words)
    assert dev is not None and len(dev) == 3
    kept = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    assert by_hand(kept, dev.to_list()) == pytest.approx(losses[told["kept"]], rel=0.02)  # saved in bfloat16
    assert not (folder / "checkpoints").exists()
    line = dev_loss.line(told)
    assert line == f"kept step {told['kept']} of 9, dev loss {losses[told['kept']]:.2f}; the last was {losses[9]:.2f}"


SAYS = """
import json
for each in ({"steps": 1}, {"step": 1, "loss": 1.0}, {"said": "kept step 1"}):
    print(json.dumps(each), flush=True)
"""


def test_what_is_said_at_the_end_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who reads a step in each line ends with an error when all is done."""
    monkeypatch.setattr(launch, "command", lambda *_: [sys.executable, "-c", SAYS])
    start(Training(role="forward", base="embedded", data=()), tmp_path, SAID)
    assert SAID.lines[-1].split(None, 2) == ["train", "forward", "kept step 1"]


class Killed(child.transformers.TrainerCallback):  # type: ignore[misc]
    """Ends a training at the beginning of a step, or while the checkpoint of one is written: then without its mark."""

    def __init__(self, step: int, writing: bool) -> None:
        self.step, self.writing = step, writing

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step and not self.writing:
            raise KeyboardInterrupt

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step and self.writing:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("step", "writing"), [(2, False), (5, False), (6, True), (3, True), (7, True)])
def test_a_killed_training_keeps_the_same_weights(step: int, writing: bool, tmp_path: Path) -> None:
    """The best checkpoint was removed as an old one, or forgotten: then the last weights are kept, and nobody is told."""
    ends = []
    for where, callback in (("calm", None), ("killed", Killed(step, writing)), ("killed", None)):
        tiny = family("llama")
        set_dropout(tiny.model, 0.1)
        made = worker(tiny, tmp_path / where, dev_of(tiny))
        if callback:
            made.callback_handler.callbacks.insert(0, callback)  # before the mark is written
        found = child.last_checkpoint(tmp_path / where, "whole")
        try:
            made.train(resume_from_checkpoint=found)
        except KeyboardInterrupt:
            continue
        ends.append((dev_loss.facts(made), tiny.model.state_dict()))
        best = min(each["loss"] for each in ends[-1][0]["dev"])
        assert by_hand(tiny.model.eval(), dev_of(tiny)) == pytest.approx(best, rel=1e-5)
    (calm, own), (resumed, other) = ends
    assert calm == resumed and calm["kept"] < 7
    assert all(torch.equal(own[name], other[name]) for name in own)


@pytest.mark.slow
def test_two_processes_measure_what_one_does(tmp_path: Path) -> None:
    """Three examples among two processes: one comes twice, and the loss of each was multiplied by their number."""
    splits = ["train"] * 4 + ["dev"] * 3
    data = data_in(tmp_path / "rows", [{**row, "split": split} for row, split in zip(checks.rows(), splits, strict=False)])
    told = []
    for name, how in (("one", ""), ("two", "two_cpu")):
        sft = SftConfig(
            **{**STEEP, "steps": 4, "lr": 1e-2, "lr_end": 1e-3, "dropout": 0.0, "dev_steps": 1, "max_tokens": 96}
        )
        machine = HardwareConfig(launch=how)
        train(Training(role="forward", base="embedded", data=data, sft=sft, hardware=machine), tmp_path / name, SAID)
        told.append(store.read_json(tmp_path / name / "training.json"))
    one, two = ([each["loss"] for each in facts["dev"]] for facts in told)
    assert two == pytest.approx(one, abs=1e-3) and told[0]["kept"] == told[1]["kept"]
    assert [facts["processes"] for facts in told] == [1, 2]
    assert SAID.lines[-1].split(None, 2)[2] == dev_loss.line(told[1])
