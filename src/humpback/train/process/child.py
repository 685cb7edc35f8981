"""The training process, `python -m humpback.train.process.child FOLDER PARENT_PID`: trains with TRL, saves, and ends.

Loss falls on the target and its end token only. What it prints as JSON lines on stdout is its progress.
Killed, it goes on from its last whole checkpoint when it is started again.
"""

import faulthandler
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import transformers
from accelerate import PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from trl import SFTConfig as TrlConfig
from trl import pack_dataset

from humpback import store
from humpback.lm import chat
from humpback.lm.memory import keep_freed_memory
from humpback.lm.transformers.vector_math import settle_vector_math
from humpback.orphans import die_with_parent
from humpback.train.config import SftConfig, batch_and_steps
from humpback.train.log import whole_lines
from humpback.train.process import dev_loss, packing
from humpback.train.process.contrastive import ContrastTrainer
from humpback.train.process.data import Tokens, usable
from humpback.train.process.load import adapted, has_gpu, in_bfloat16, load, trained_in_float32
from humpback.train.process.save import save, trained_model
from humpback.train.process.trainer import Trainer
from humpback.train.training import CHECKPOINTS, PAIRS, SETTINGS, Training

# In a checkpoint that was written whole, and says how its weights are cut; one without it was being written when the
# training was killed.
WHOLE = "whole"
UNPACKED = "set sft.packing=none"


class Report(transformers.TrainerCallback):  # type: ignore[misc]
    """Progress as JSON lines, a mark in each whole checkpoint, and where it stands when it says nothing for `silence` s.

    A checkpoint is removed when the next is whole, unless it is the best: whenever the training is killed, the last whole
    one is there, and the best that it knows of.
    """

    def __init__(self, silence: float | None = None) -> None:
        self.silence = silence

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if self.silence:
            stands_after(self.silence)
        if logs and "loss" in logs and state.is_world_process_zero:
            told(step=state.global_step, loss=float(logs["loss"]), lr=logs.get("learning_rate"))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        PartialState().wait_for_everyone()  # each process writes a part
        if state.is_world_process_zero:
            folder = Path(args.output_dir)
            new, best = (folder / f"checkpoint-{step}" for step in (state.global_step, state.best_global_step))
            (new / WHOLE).write_text(cut())
            for each in folder.glob("checkpoint-*"):
                if each not in (new, best):
                    shutil.rmtree(each)


def told(**facts: Any) -> None:
    """Progress, for the process that started this one: `said` is for people."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def stands_after(silence: float) -> None:
    """Unless called again, this process writes where it stands into its log, shortly before it is ended for being silent."""
    faulthandler.dump_traceback_later(0.9 * silence, file=sys.__stderr__ or sys.stderr)


def trl_config(training: Training, folder: Path, batch: int, steps: int) -> TrlConfig:
    """The settings in TRL's words."""
    sft, hardware = training.sft, training.hardware
    micro, accumulation = micro_batches(batch, hardware.micro_batch, PartialState().num_processes)
    return TrlConfig(
        output_dir=str(folder / CHECKPOINTS),
        max_steps=steps,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=accumulation,
        learning_rate=sft.lr,
        **schedule(sft, steps),
        weight_decay=sft.weight_decay,
        adam_beta1=sft.betas[0],
        adam_beta2=sft.betas[1],
        optim=sft.optimizer,
        max_grad_norm=sft.clip,
        seed=sft.seed,
        data_seed=sft.seed,
        bf16=in_bfloat16(sft),
        use_cpu=not has_gpu(),
        ddp_find_unused_parameters=False,
        activation_checkpointing=hardware.gradient_checkpointing,
        max_length=None,
        packing=False,
        padding_free=sft.packing != "none",
        train_sampling_strategy="sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=has_gpu(),
        **(dev_loss.options(sft) if sft.dev_steps else saving(hardware.checkpoint_steps)),
        logging_steps=1,
        report_to=hardware.report_to,
        project=folder.parent.name,
        run_name=folder.name.removesuffix(".partial"),
        disable_tqdm=True,
    )


def saving(every: int) -> dict[str, Any]:
    """Checkpoints each so many steps; 0: none."""
    return {"save_strategy": "steps", "save_steps": every} if every else {"save_strategy": "no"}


def schedule(sft: SftConfig, steps: int) -> dict[str, Any]:
    """From lr to lr_end, after a rise from lr_end to lr.

    Of the schedules that transformers has, this one alone asks nothing of the optimizer that DeepSpeed's does not know.
    """
    rise = round(sft.warmup * steps)
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


def dataset(sft: SftConfig, made: list[Tokens]) -> Dataset:
    rows = Dataset.from_list(made)
    return pack_dataset(rows, sft.max_tokens, "bfd") if sft.packing == "rows" else rows


def in_order(rows: Dataset, batch: int, steps: int, sft: SftConfig) -> Dataset:
    """The rows of `steps` steps of `batch`, shuffled pass after pass: each step is whole, however many devices share it.

    Where they are padded, those of like length stand together, the longest first.
    """
    draw, order = random.Random(sft.seed), list[int]()
    lengths = [len(ids) for ids in rows["input_ids"]] if sft.packing == "none" else None
    while len(order) < batch * steps:
        drawn = draw.sample(range(len(rows)), len(rows))
        order += by_length(drawn, lengths, batch) if lengths else drawn
    return rows.select(order[: batch * steps])


def by_length(order: list[int], lengths: list[int], batch: int) -> list[int]:
    """`order` sorted by length in stretches of 50 batches, of which there are four at least (as transformers groups)."""
    stretch = batch * max(1, min(len(order) // (4 * batch), 50))
    parts = [order[at : at + stretch] for at in range(0, len(order), stretch)]
    return [number for part in parts for number in sorted(part, key=lambda number: -lengths[number])]


def main(folder: Path) -> None:
    """Train what the settings in `folder` ask for, from its last whole checkpoint if it has one."""
    keep_freed_memory()
    settle_vector_math()
    training = Training(**store.read_json(folder / SETTINGS))
    stands_after(training.hardware.silence)
    transformers.logging.disable_progress_bar()
    disable_progress_bar()
    first = PartialState(cpu=not has_gpu()).is_main_process
    model, tokenizer = load(training)
    made, too_long = usable(training, store.read_rows(folder / PAIRS), tokenizer)
    if first:  # with fsdp2, no other process has the weights yet
        check_packing(training.sft, model, made)
    data = dataset(training.sft, made)
    batch, steps = batch_and_steps(len(data), training.sft)
    for remark in remarks(tokenizer, len(made), too_long) if first else ():
        told(said=remark)
    kind = partial(ContrastTrainer, training.contrast) if training.contrast else Trainer
    trainer = (dev_loss.DevTrainer if training.sft.dev_steps else kind)(
        model=adapted(model, training.sft),
        args=trl_config(training, folder, batch, steps),
        train_dataset=in_order(data, batch, steps, training.sft),
        eval_dataset=dev_loss.examples(training, folder, tokenizer),
        processing_class=tokenizer,
        callbacks=[Report(training.hardware.silence)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trained_in_float32(trainer.model)
    with PartialState().main_process_first():
        checkpoint = last_checkpoint(folder, cut())
    if first:
        told(steps=steps)
    began = time.perf_counter()
    trainer.train(resume_from_checkpoint=checkpoint)
    seconds = round(time.perf_counter() - began, 3)
    facts = {**seen(made), "too_long": too_long, "batch": batch, "steps": steps, "seconds": seconds, **logged(trainer)}
    trained = trained_model(trainer, folder, training)
    if first:
        save(trained, tokenizer, folder, training, facts)
        if "kept" in facts:
            told(said=dev_loss.line(facts))
    PartialState().wait_for_everyone()  # the best checkpoint is opened by each process
    if first:
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    PartialState().destroy_process_group()
    faulthandler.cancel_dump_traceback_later()


def seen(made: list[Tokens]) -> dict[str, int]:
    """How much is trained on, in examples and tokens."""
    targets = sum(label >= 0 for each in made for label in each["labels"])
    return {"examples": len(made), "tokens": sum(len(each["input_ids"]) for each in made), "target_tokens": targets}


def logged(trainer: Trainer) -> dict[str, Any]:
    """The losses by step, on however many processes, and what was measured on dev pairs."""
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    measured = dev_loss.facts(trainer) if isinstance(trainer, dev_loss.DevTrainer) else {}
    return {"processes": PartialState().num_processes, "log": log, **measured}


def remarks(tokenizer: Any, kept: int, too_long: int) -> Iterator[str]:
    """What people should know of what is trained on."""
    if chat.has_plain_turns(tokenizer):
        yield f"has no chat template: asked in turns of plain text, {chat.MARKS!r}, which are saved with it"
    if too_long:
        yield f"{too_long} of {kept + too_long} examples left out: their prompts fill sft.max_tokens"


def check_packing(sft: SftConfig, model: Any, made: list[Tokens]) -> None:
    """Raises `SystemExit` if an example sees the one before it in its row, or is not attended to as the model does."""
    if sft.packing == "none":
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


def cut() -> str:
    """How the weights of checkpoints are cut: whole, or in parts, which only as many processes put together again."""
    state = AcceleratorState()
    parted = state.distributed_type in (DistributedType.FSDP, DistributedType.DEEPSPEED)
    return f"{state.distributed_type.value}, {state.num_processes} processes" if parted else "whole"


def last_checkpoint(folder: Path, how: str) -> str | None:
    """The youngest checkpoint that is whole, its weights cut as `how` says; the others are removed, which is told."""
    found = sorted((folder / CHECKPOINTS).glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    marks = {path: (path / WHOLE).read_text() if (path / WHOLE).exists() else "" for path in found}
    for path, mark in marks.items():
        if mark != how:
            shutil.rmtree(path)
    others = sorted({mark for mark in marks.values() if mark not in ("", how)})
    if others:
        told(said=f"begins again: what was trained before was cut otherwise ({', '.join(others)}), and is removed")
    return next((str(path) for path in reversed(found) if marks[path] == how), None)


if __name__ == "__main__":
    whole_lines()
    die_with_parent(int(sys.argv[2]))
    main(Path(sys.argv[1]))
