"""The base model as it is trained: its dropout, and its attention where examples stand in one row."""

from typing import Any

import torch
import transformers

from humpback.train import packing
from humpback.train.job import Job

# What models call the dropout that they have.
DROPOUTS = ("attention_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "hidden_dropout")


def load(job: Job) -> tuple[Any, Any]:
    """(model, tokenizer) of the base."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(job.base)
    attention = "sdpa" if job.sft.packing == "none" else packing.ATTENTION
    model = transformers.AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.float32, attn_implementation=attention)
    set_dropout(model, job.sft.dropout)
    return model, tokenizer


def set_dropout(model: Any, share: float) -> None:
    """The dropout of every layer that has one, in the config and in the layers made from it."""
    for name in DROPOUTS:
        if hasattr(model.config, name):
            setattr(model.config, name, share)
    for module in model.modules():
        if hasattr(module, "attention_dropout") and isinstance(module.attention_dropout, float):
            module.attention_dropout = share
