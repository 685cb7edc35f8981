"""A trained model as everybody opens it: weights, tokenizer with its template, role, and what the training saw."""

from pathlib import Path
from typing import Any

import torch

from humpback import store
from humpback.lm.transformers import ROLE_FILE
from humpback.train.job import FACTS, Job


def save(model: Any, tokenizer: Any, folder: Path, job: Job, facts: dict[str, Any]) -> None:
    """The model with its template and role, in bfloat16."""
    if hasattr(model.config, "attention_dropout"):
        model.config.attention_dropout = 0.0
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    base = Path(job.base) / ROLE_FILE
    inherited = store.read_json(base) if base.is_file() else {}
    role = {"role": job.role, "base": job.base_name, "tags": job.tags.model_dump(mode="json")}
    store.write_json(folder / ROLE_FILE, {**inherited, **role})
    store.write_json(folder / FACTS, facts)
