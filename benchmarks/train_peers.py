"""One training in a process of its own, watched: humpback's, or plain TRL's. benchmarks/train.py starts it.

    PYTHON benchmarks/train_peers.py FOLDER PARENT_PID

FOLDER holds what humpback.train.sft writes (settings.json, pairs.parquet) and trial.json: who trains ("humpback" or "trl"),
`config` (settings of SFTConfig, for TRL alone), `keep_memory` (glibc keeps what is freed; humpback does, plain TRL does not)
and `loss` ("trl": humpback with the loss of TRL). The model is saved there, and watched.json says what each step held, when
it ended, the losses, and the memory taken.
"""

import hashlib
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from humpback import store
from humpback.lm.memory import keep_freed_memory
from humpback.orphans import die_with_parent
from humpback.prompts.forward import TagConfig, forward_prompt
from humpback.schema import Row
from humpback.train.config import SftConfig as HumpbackSftConfig
from humpback.train.config import batch_and_steps
from humpback.train.process import child
from humpback.train.process.save import save
from humpback.train.training import CHECKPOINTS, PAIRS, SETTINGS, Training

TRIAL, WATCHED = "trial.json", "watched.json"
NOT_SHOWN = {"output_dir", "use_cpu"}


class Watch(transformers.TrainerCallback):  # type: ignore[misc]
    """What each batch held and when each step ended; the devices are waited for, so that no work is left over."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []
        self.ended: list[float] = []
        self.worked: list[float] = []
        self.trainer: Any = None
        self.model: dict[str, Any] = {}

    def watch(self, trainer: Any) -> None:
        self.trainer = trainer
        self.model = size(trainer.model)
        trainer.add_callback(self)
        trainer.data_collator = self.seeing(trainer.data_collator)

    def seeing(self, collator: Any) -> Callable[[list[dict[str, Any]]], Any]:
        def collate(rows: list[dict[str, Any]]) -> Any:
            batch = collator(rows)
            self.batches.append(held(rows, batch))
            return batch

        return collate

    def on_step_end(self, *_: Any, **__: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ended.append(time.perf_counter())
        self.worked.append(time.process_time())

    def found(self) -> dict[str, Any]:
        args = self.trainer.args
        micro = args.gradient_accumulation_steps
        batches = self.batches[: len(self.ended) * micro]
        return {
            "steps": [together(batches[at : at + micro]) for at in range(0, len(batches), micro)],
            "ended": self.ended,
            "worked": self.worked,
            "loss": [each["loss"] for each in self.trainer.state.log_history if "loss" in each],
            "model": self.model,
            "attention": self.trainer.model.config._attn_implementation,
            "threads": torch.get_num_threads(),
            "device": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU",
            "rss": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "device_memory": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
        }


def held(rows: list[dict[str, Any]], batch: Any) -> dict[str, Any]:
    """Tokens of a batch; `places` count padding too, `squares` are of examples' lengths, `digest` is of their tokens."""
    lengths = [length for row in rows for length in row.get("seq_lengths") or [len(row["input_ids"])]]
    digests = sorted(hashlib.blake2b(repr(list(row["input_ids"])).encode(), digest_size=8).hexdigest() for row in rows)
    return {
        "examples": len(lengths),
        "tokens": sum(lengths),
        "targets": sum(label >= 0 for row in rows for label in row["labels"]),
        "places": batch["input_ids"].numel(),
        "squares": sum(length**2 for length in lengths),
        "digest": digests,
    }


def together(batches: list[dict[str, Any]]) -> dict[str, Any]:
    """The batches of one step."""
    whole: dict[str, Any] = {name: sum(each[name] for each in batches) for name in batches[0] if name != "digest"}
    return {**whole, "digest": sorted(one for each in batches for one in each["digest"])}


def size(model: Any) -> dict[str, Any]:
    """What its operations are counted from: weights inside the layers, weights of the head, and the attention's width."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    apart = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    return {
        "body": sum(weight.numel() for weight in model.parameters() if id(weight) not in apart),
        "head": model.get_output_embeddings().weight.numel(),
        "attention": config.num_hidden_layers * heads * (getattr(config, "head_dim", None) or config.hidden_size // heads),
        "dtype": str(next(model.parameters()).dtype).removeprefix("torch."),
    }


# Humpback


def humpback(folder: Path, trial: dict[str, Any], watch: Watch) -> None:
    """The product's own training process, whose trainer is watched."""
    base: Any = SFTTrainer if trial.get("loss") == "trl" else child.Trainer

    def trainer(**given: Any) -> Any:
        made = base(**given)
        watch.watch(made)
        return made

    child.Trainer = trainer  # type: ignore[misc, assignment]
    if not trial.get("keep_memory", True):
        child.keep_freed_memory = lambda: None
    child.main(folder)


# Plain TRL


def plain(folder: Path, trial: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """`SFTTrainer` given the path of the base and rows of prompt and completion; returns what differs from its defaults."""
    if trial.get("keep_memory", False):
        keep_freed_memory()
    training = Training(**store.read_json(folder / SETTINGS))
    rows = [turns(row, training.tags) for row in store.read_rows(folder / PAIRS)]
    given = config(folder, training.sft, len(rows)) | trial["config"]
    base = str(training.base_folder())
    trainer = SFTTrainer(model=base, args=SFTConfig(**given), train_dataset=Dataset.from_list(rows))
    batch = trainer.args.per_device_train_batch_size
    trainer.train_dataset = child.in_order(trainer.train_dataset, batch, trainer.args.max_steps, training.sft)
    watch.watch(trainer)
    trainer.train()
    save(trainer.model, trainer.processing_class, folder, training, {})
    return {name: value for name, value in given.items() if name not in NOT_SHOWN}


def turns(row: Row, tags: TagConfig) -> dict[str, Any]:
    """A pair as TRL takes it: the loss falls on the completion."""
    prompt = forward_prompt(row["instruction"], tags.of(row["source"]))
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": row["response"]}],
    }


def config(folder: Path, sft: HumpbackSftConfig, rows: int) -> dict[str, Any]:
    """What has to be said for the same steps with the same rate; everything else is left as SFTConfig ships it."""
    batch, steps = batch_and_steps(rows, sft)
    given: dict[str, Any] = {
        "output_dir": str(folder / CHECKPOINTS),
        "use_cpu": not torch.cuda.is_available(),
        "max_steps": steps,
        "learning_rate": sft.lr,
        **child.schedule(sft, steps),
        "weight_decay": sft.weight_decay,
        "adam_beta2": sft.betas[1],
        "max_grad_norm": sft.clip,
        "train_sampling_strategy": "sequential",
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }
    usual = {
        "per_device_train_batch_size": batch,
        "max_length": sft.max_tokens,
        "seed": sft.seed,
        "adam_beta1": sft.betas[0],
    }
    shipped = SFTConfig(output_dir=given["output_dir"], use_cpu=given["use_cpu"], report_to="none")
    return given | {name: value for name, value in usual.items() if getattr(shipped, name) != value}


def main(folder: Path, parent: int) -> None:
    die_with_parent(parent)
    trial, watch = store.read_json(folder / TRIAL), Watch()
    if trial["who"] == "humpback":
        humpback(folder, trial, watch)
        found = watch.found()
    else:
        # Trainers print their logs; the process's stdout is read as progress.
        sys.stdout = sys.stderr
        given = plain(folder, trial, watch)
        found = {**watch.found(), "given": given, "shipped": shipped_facts(watch.trainer.args)}
    store.write_json(folder / WATCHED, found)


def shipped_facts(args: Any) -> dict[str, Any]:
    """The settings of TRL that bear on speed, as they were in force."""
    names = ("per_device_train_batch_size", "gradient_accumulation_steps", "gradient_checkpointing", "bf16", "max_length",
             "packing", "padding_free", "train_sampling_strategy", "optim", "loss_type", "torch_compile")  # fmt: skip
    values = {name: getattr(args, name) for name in names}
    return {name: getattr(value, "value", value) for name, value in values.items()}


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main(Path(sys.argv[1]), int(sys.argv[2]))
