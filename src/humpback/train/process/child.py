"""The training process, `python -m humpback.train.process.child FOLDER PARENT_PID`: trains with TRL, saves the model, and ends.

Loss falls on the target and its end token only. What it prints as JSON lines on stdout is its progress.
Killed, it goes on from its last whole checkpoint when it is started again.
"""

import json
import random
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import transformers
from accelerate import PartialState
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from trl import SFTConfig as TrlConfig
from trl import pack_dataset

from humpback import store
from humpback.orphans import die_with_parent
from humpback.lm._memory import keep_freed_memory
from humpback.train.config import batch_and_steps
from humpback.train.job import CHECKPOINTS, JOB, PAIRS, Job
from humpback.train.launch import tracked_as
from humpback.train.process import packing
from humpback.train.process.contrastive import ContrastTrainer
from humpback.train.process.data import Tokens, usable
from humpback.train.process.load import adapted, has_gpu, load, trained_in_float32
from humpback.train.process.save import save, trained_model
from humpback.train.process.trainer import Trainer

# In a checkpoint that was written whole; one without it was being written when the training was killed.
WHOLE = "whole"
UNPACKED = "set sft.packing=none"


class Report(transformers.TrainerCallback):  # type: ignore[misc]
    """Progress as JSON lines, and a mark in each checkpoint that is whole."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs and state.is_world_process_zero:
            told(step=state.global_step, loss=float(logs["loss"]), lr=logs.get("learning_rate"))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        PartialState().wait_for_everyone()  # each process writes a part
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()


def told(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def trl_config(job: Job, folder: Path, batch: int, steps: int) -> TrlConfig:
    """The job in TRL's words."""
    sft, hardware = job.sft, job.hardware
    micro, accumulation = micro_batches(batch, hardware.micro_batch, PartialState().num_processes)
    return TrlConfig(
        output_dir=str(folder / CHECKPOINTS),
        max_steps=steps,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=accumulation,
        learning_rate=sft.lr,
        **schedule(job, steps),
        weight_decay=sft.weight_decay,
        adam_beta1=sft.betas[0],
        adam_beta2=sft.betas[1],
        optim=sft.optimizer,
        max_grad_norm=sft.clip,
        seed=sft.seed,
        data_seed=sft.seed,
        bf16=sft.precision == "bf16",
        use_cpu=not has_gpu(),
        ddp_find_unused_parameters=False,
        activation_checkpointing=hardware.gradient_checkpointing,
        max_length=None,
        packing=False,
        padding_free=sft.packing != "none",
        train_sampling_strategy="group_by_length" if sft.packing == "none" else "sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=has_gpu(),
        save_strategy="steps" if hardware.checkpoint_steps else "no",
        save_steps=hardware.checkpoint_steps or 1,
        save_total_limit=2,
        logging_steps=1,
        report_to=hardware.report_to,
        **tracked_as(folder),
        disable_tqdm=True,
    )


def schedule(job: Job, steps: int) -> dict[str, Any]:
    """From lr to lr_end, after a rise from lr_end to lr.

    Of the schedules that transformers has, this one alone asks nothing of the optimizer that DeepSpeed's does not know.
    """
    sft, rise = job.sft, round(job.sft.warmup * steps)
    falling = {"num_decay_steps": steps - rise, "decay_type": sft.schedule, "min_lr_ratio": sft.lr_end / sft.lr}
    return {"lr_scheduler_type": "warmup_stable_decay", "lr_scheduler_kwargs": falling, "warmup_steps": rise}


def micro_batches(batch: int, micro: int | None, processes: int) -> tuple[int, int]:
    """(examples that a process takes at once, how often before a step); raises `SystemExit` if the batch does not divide."""
    if batch % processes:
        raise SystemExit(f"sft.batch={batch} cannot be divided among {processes} processes")
    share = batch // processes
    size = min(micro or share, share)
    if share % size:
        raise SystemExit(f"hardware.micro_batch={size} does not divide the {share} examples that each process has in a step")
    return size, share // size


def dataset(job: Job, made: list[Tokens]) -> Dataset:
    rows = Dataset.from_list(made)
    return pack_dataset(rows, job.sft.max_tokens, "bfd") if job.sft.packing == "rows" else rows


def in_order(rows: Dataset, count: int, seed: int) -> Dataset:
    """`count` of `rows`, shuffled pass after pass: every step is whole, however many devices share it."""
    draw, order = random.Random(seed), list[int]()
    while len(order) < count:
        order += draw.sample(range(len(rows)), len(rows))
    return rows.select(order[:count])


def main(folder: Path, parent: int) -> None:
    die_with_parent(parent)
    keep_freed_memory()
    job = Job(**store.read_json(folder / JOB))
    transformers.logging.disable_progress_bar()
    disable_progress_bar()
    first = PartialState(cpu=not has_gpu()).is_main_process
    model, tokenizer = load(job)
    made, too_long = usable(job, store.read_rows(folder / PAIRS), tokenizer)
    if first:  # with fsdp2, no other process has the weights yet
        check_packing(job, model, made)
    data = dataset(job, made)
    batch, steps = batch_and_steps(len(data), job.sft)
    if first:
        told(steps=steps, examples=len(made), too_long=too_long)
    kind = partial(ContrastTrainer, job.contrast) if job.contrast else Trainer
    trainer = kind(
        model=adapted(model, job),
        args=trl_config(job, folder, batch, steps),
        train_dataset=data if job.sft.packing == "none" else in_order(data, batch * steps, job.sft.seed),
        processing_class=tokenizer,
        callbacks=[Report()],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trained_in_float32(trainer.model)
    with PartialState().main_process_first():
        checkpoint = last_checkpoint(folder)
    began = time.perf_counter()
    trainer.train(resume_from_checkpoint=checkpoint)
    facts = {
        "examples": len(made),
        "too_long": too_long,
        "tokens": sum(len(each["input_ids"]) for each in made),
        "target_tokens": sum(label >= 0 for each in made for label in each["labels"]),
        "batch": batch,
        "steps": steps,
        "processes": PartialState().num_processes,
        "seconds": round(time.perf_counter() - began, 3),
        "log": [entry for entry in trainer.state.log_history if "loss" in entry],
    }
    trained = trained_model(trainer, folder, job)
    if first:
        save(trained, tokenizer, folder, job, facts)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    PartialState().wait_for_everyone()
    PartialState().destroy_process_group()


def check_packing(job: Job, model: Any, made: list[Tokens]) -> None:
    """Raises `SystemExit` if an example sees the one before it in its row, or is not attended to as the model does."""
    if job.sft.packing == "none":
        return
    try:
        moved = packing.probe(model, [each["input_ids"] for each in made])
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise SystemExit(f"this model cannot be packed ({str(error).splitlines()[0]}): {UNPACKED}") from None
    if not moved.leak <= packing.ALLOWED.leak:
        raise SystemExit(
            f"in one row with another, the logits of an example move by {moved.leak:.1e} of the largest, more than "
            f"{packing.ALLOWED.leak:.0e}: {UNPACKED}"
        )
    if not moved.error <= packing.ALLOWED.error:
        raise SystemExit(
            f"packed, the logits of an example are {moved.error:.1e} of the largest away from those of the model's own "
            f"attention, more than {packing.ALLOWED.error:.0e}: {UNPACKED}"
        )


def last_checkpoint(folder: Path) -> str | None:
    """The youngest checkpoint that is whole; those that are not are removed."""
    found = sorted((folder / CHECKPOINTS).glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for path in found:
        if not (path / WHOLE).exists():
            shutil.rmtree(path)
    whole = [path for path in found if path.exists()]
    return str(whole[-1]) if whole else None


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
