"""The training process, `python -m humpback.train.child FOLDER PARENT_PID`: trains with TRL, saves the model, and ends.

Loss falls on the target and its end token only. What it prints as JSON lines on stdout is its progress.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from trl import SFTConfig as TrlConfig
from trl import SFTTrainer

from humpback import store
from humpback.curate.teach import TeachConfig, lessons
from humpback.engine.orphans import die_with_parent
from humpback.lm import chat
from humpback.lm._memory import keep_freed_memory
from humpback.lm.transformers import ROLE_FILE
from humpback.methods.backtranslate import BackwardConfig, Example, TagConfig, backward_example, forward_example
from humpback.schema import Row
from humpback.train.config import SftConfig
from humpback.train.sft import JOB, PAIRS

IGNORED = -100
# Fewer examples than this share fit: sft.max_tokens is wrong for the data. Single ones that do not fit are counted.
MIN_USABLE = 0.9


def examples(job: dict[str, Any], rows: list[Row], tokenizer: Any) -> list[Example]:
    """The exchanges of the role that is trained, made by the functions that inference uses."""
    tags, backward = TagConfig(**job["tags"]), BackwardConfig(**job["backward"])
    clip = partial(chat.clip, tokenizer)
    if job["role"] == "backward":
        return [backward_example(row, backward, tags, clip) for row in rows]
    width, seed = job["sft"]["max_tokens"], job["sft"]["seed"]
    human = [row for row in rows if row["source"] == "seed"]
    taught = lessons(human, len(rows), TeachConfig(**job["teach"]), width, clip, seed)
    return [forward_example(row, tags, clip, width) for row in rows] + taught


def tokens(example: Example, tokenizer: Any, max_tokens: int) -> dict[str, list[int]] | None:
    """Ids and labels, the prompt masked; None where the prompt leaves no room for a target token."""
    made = chat.render(tokenizer, example.prompt, example.completion)
    target = made.completion if example.ended else made.completion[:-1]
    ids = (made.prompt + target)[:max_tokens]
    if len(ids) <= len(made.prompt):
        return None
    return {"input_ids": ids, "labels": [IGNORED] * len(made.prompt) + ids[len(made.prompt) :]}


class Report(transformers.TrainerCallback):  # type: ignore[misc]
    """Progress as JSON lines."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            line = {"step": state.global_step, "loss": float(logs["loss"]), "lr": logs.get("learning_rate")}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


def trl_config(job: dict[str, Any], folder: Path) -> TrlConfig:
    sft = SftConfig(**job["sft"])
    cuda = torch.cuda.is_available()
    return TrlConfig(
        output_dir=str(folder / "checkpoints"),
        max_steps=job["steps"],
        per_device_train_batch_size=job["batch"],
        learning_rate=sft.lr,
        lr_scheduler_type="polynomial",
        lr_scheduler_kwargs={"lr_end": sft.lr_end, "power": 1.0},
        weight_decay=sft.weight_decay,
        adam_beta1=sft.betas[0],
        adam_beta2=sft.betas[1],
        max_grad_norm=sft.clip,
        seed=sft.seed,
        data_seed=sft.seed,
        bf16=True,
        use_cpu=not cuda,
        activation_checkpointing=cuda,
        max_length=None,
        packing=False,
        train_sampling_strategy="group_by_length",
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=cuda,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )


def load(job: dict[str, Any]) -> tuple[Any, Any]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["base"])
    model = transformers.AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32)
    for name in ("attention_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "hidden_dropout"):
        if hasattr(model.config, name):
            setattr(model.config, name, job["sft"]["dropout"])
    for module in model.modules():
        if hasattr(module, "attention_dropout") and isinstance(module.attention_dropout, float):
            module.attention_dropout = job["sft"]["dropout"]
    return model, tokenizer


def main(folder: Path, parent: int) -> None:
    die_with_parent(parent)
    keep_freed_memory()
    job = store.read_json(folder / JOB)
    rows = store.read_rows(folder / PAIRS)
    model, tokenizer = load(job)
    transformers.logging.disable_progress_bar()
    made = [tokens(example, tokenizer, job["sft"]["max_tokens"]) for example in examples(job, rows, tokenizer)]
    usable = [each for each in made if each is not None]
    if len(usable) < MIN_USABLE * len(made):
        raise SystemExit(f"{len(made) - len(usable)} of {len(made)} examples have a prompt longer than sft.max_tokens")
    disable_progress_bar()
    trainer = SFTTrainer(
        model=model,
        args=trl_config(job, folder),
        train_dataset=Dataset.from_list(usable),
        processing_class=tokenizer,
        callbacks=[Report()],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    facts = {
        "examples": len(usable),
        "too_long": len(made) - len(usable),
        "tokens": sum(len(each["input_ids"]) for each in usable),
        "log": [entry for entry in trainer.state.log_history if "loss" in entry],
    }
    save(trainer.model, tokenizer, folder, job, facts)


def save(model: Any, tokenizer: Any, folder: Path, job: dict[str, Any], facts: dict[str, Any]) -> None:
    """The model with its template and role, in bfloat16, and what the training saw."""
    if hasattr(model.config, "attention_dropout"):
        model.config.attention_dropout = 0.0
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    base = Path(job["base"]) / ROLE_FILE
    inherited = store.read_json(base) if base.is_file() else {}
    store.write_json(folder / ROLE_FILE, {**inherited, "role": job["role"], "base": job["base_name"], "tags": job["tags"]})
    store.write_json(folder / "training.json", facts)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
