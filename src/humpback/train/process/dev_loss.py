"""A training that is measured on the pairs of the split dev, and keeps the weights that were best there.

Few pairs are soon known by heart: the loss on them falls on while that on others rises.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy, pad

from humpback import store
from humpback.train.config import SftConfig
from humpback.train.process.data import IGNORED, usable
from humpback.train.process.trainer import Trainer
from humpback.train.training import DEV, Training


def options(sft: SftConfig) -> dict[str, Any]:
    """In TRL's words: measured and written every `sft.dev_steps` steps and at the end, when the best weights are opened."""
    every = {"eval_strategy": "steps", "eval_steps": sft.dev_steps, "save_strategy": "steps", "save_steps": sft.dev_steps}
    best = {"load_best_model_at_end": True, "metric_for_best_model": "loss", "greater_is_better": False}
    return {**every, **best, "per_device_eval_batch_size": 1}


def examples(training: Training, folder: Path, tokenizer: Any) -> Dataset | None:
    """The pairs of the split dev in `folder`, shown as those that are trained on, without lessons; None: not measured."""
    if not training.sft.dev_steps:
        return None
    pairs = training.model_copy(update={"teach": None})
    return Dataset.from_list(usable(pairs, store.read_rows(folder / DEV), tokenizer)[0])


class DevTrainer(Trainer):
    """Measures the mean negative log-probability of the targets of `eval_dataset`, in nats per token, on whatever devices.

    transformers takes the mean of batches, a short one weighing as much as a long one. So each batch is one example, whose
    loss is divided by the mean number of targets: the mean of these is that over all targets. What balances a router is no
    part of it.
    """

    @cached_property
    def mean_targets(self) -> float:
        """Of a dev example."""
        labels: list[list[int]] = self.eval_dataset["labels"]
        return sum(label >= 0 for each in labels for label in each) / len(labels)

    def prediction_step(self, model: Any, inputs: Any, *_: Any, **__: Any) -> tuple[Any, None, None]:
        """(loss of the one example in `inputs`, no logits, no labels)."""
        given = self._prepare_inputs(inputs)
        goal = pad(given.pop("labels")[:, 1:], (0, 1), value=IGNORED)
        places = (goal >= 0).any(0).nonzero().flatten()
        with torch.no_grad(), self.compute_loss_context_manager():
            logits = model(**given, use_cache=False, logits_to_keep=places).logits
        loss = cross_entropy(logits.flatten(0, 1).float(), goal[:, places].flatten(), reduction="sum")
        return loss / self.mean_targets, None, None


def facts(trainer: DevTrainer) -> dict[str, Any]:
    """How many dev examples there are, the loss on them by step, and the step whose weights were kept: that of the lowest
    loss, or the last where none is a number."""
    state = trainer.state
    measured = [{"step": each["step"], "loss": each["eval_loss"]} for each in state.log_history if "eval_loss" in each]
    kept = state.best_global_step or measured[-1]["step"]
    return {"dev_examples": len(trainer.eval_dataset), "dev": measured, "kept": kept}


def line(told: dict[str, Any]) -> str:
    """What people should know of `told`, the facts of a training."""
    losses, kept = {each["step"]: each["loss"] for each in told["dev"]}, told["kept"]
    last = told["dev"][-1]["loss"]
    return f"kept step {kept} of {told['steps']}, dev loss {losses[kept]:.2f}; the last was {last:.2f}"
