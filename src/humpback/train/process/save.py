"""A trained model as everybody opens it: weights, tokenizer with its template, role, and what the training saw."""

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.integrations.deepspeed import unset_hf_deepspeed_config

from humpback import store
from humpback.lm import chat
from humpback.lm.options import ROLE_FILE
from humpback.lm.spec import parse, said
from humpback.train.training import FACTS, Training

# The adapter alone, beside the model that it is merged into, for those who publish no more than that.
ADAPTER = "adapter"
# What a model says of its template where the base had none.
PLAIN = "plain: the base has no chat template"


def save(model: Any, tokenizer: Any, folder: Path, training: Training, facts: dict[str, Any]) -> None:
    """The whole model with its template and role, in bfloat16."""
    stops_at(model, tokenizer.eos_token_id)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    role = {"role": training.role, "base": training.base, "tags": training.tags.model_dump(mode="json")}
    turns = {"turns": PLAIN} if chat.has_plain_turns(tokenizer) else {}
    store.write_json(folder / ROLE_FILE, {**said(parse(training.base)), **role, **turns})
    store.write_json(folder / FACTS, facts)


def stops_at(model: Any, end: int) -> None:
    """The end token that was learnt, among those at which `generate` of transformers, and servers, stop."""
    known = model.generation_config.eos_token_id
    ends = known if isinstance(known, list) else [known] * (known is not None)
    if end not in ends:
        model.generation_config.eos_token_id = [end, *ends] if ends else end


def trained_model(trainer: Any, folder: Path, training: Training) -> Any:
    """The trained model on the CPU in float32, adapters merged; None in all processes but the first.

    All processes have to call it: with fsdp2 and zero3 each holds a part of the weights. An adapter is written to
    `folder` as it is, too.
    """
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if not trainer.accelerator.is_main_process:
        return None
    unset_hf_deepspeed_config()  # from here on, weights are read by this process alone
    base = transformers.AutoModelForCausalLM.from_pretrained(training.base_folder(), dtype=torch.float32)
    if training.sft.method == "full":
        base.load_state_dict(weights)
        return base
    from peft import PeftModel  # `save` works in environments without it

    trained = trainer.accelerator.unwrap_model(trainer.model)
    trained.save_pretrained(folder / ADAPTER, state_dict=weights)
    unquantize(trained, base)
    return PeftModel.from_pretrained(base, folder / ADAPTER).merge_and_unload()


def unquantize(trained: Any, base: Any) -> None:
    """Give `base` the weights of 4 bits that the adapters were trained on, where there are such."""
    layers = dict(base.named_modules())
    for name, layer in trained.get_base_model().named_modules():
        weight: Any = getattr(layer, "weight", None)
        if getattr(weight, "quant_state", None) is not None and name.endswith(".base_layer"):
            from bitsandbytes.functional import dequantize_4bit

            value = dequantize_4bit(weight.data, weight.quant_state)
            layers[name.removesuffix(".base_layer")].weight.data.copy_(value)
