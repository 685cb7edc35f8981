"""The base model as it is trained: its dropout, its attention where examples stand in one row, and its adapters."""

from typing import Any

import peft
import torch
import transformers
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env

from humpback.lm import chat
from humpback.lm.transformers.precision import is_bfloat16_fast
from humpback.train.config import SftConfig
from humpback.train.process import packing
from humpback.train.training import Training

# What models call the dropout that they have.
DROPOUTS = ("attention_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "hidden_dropout")


def has_gpu() -> bool:
    """Whether to train on a GPU: there is one, and the launcher was not told to do without."""
    return bool(torch.cuda.is_available()) and not parse_flag_from_env("ACCELERATE_USE_CPU")


def in_bfloat16(sft: SftConfig) -> bool:
    """Whether products are in bfloat16: as `sft.precision` says, or by what is fast here."""
    return is_bfloat16_fast(has_gpu()) if sft.precision == "auto" else sft.precision == "bf16"


def load(training: Training) -> tuple[Any, Any]:
    """(model, tokenizer) of the base, computing in float32; a tokenizer without a template has plain turns."""
    sft, base = training.sft, training.base_folder()
    tokenizer = chat.ready(transformers.AutoTokenizer.from_pretrained(base))
    attention = None if sft.packing == "none" else packing.ATTENTION  # None: the fastest that the model has
    four_bits = quantized() if sft.method == "qlora" else {}
    model = transformers.AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.float32, attn_implementation=attention, **four_bits
    )
    set_dropout(model, sft.dropout)
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            # bitsandbytes would repack the weights at the first call outside training, and pass no gradient on after it.
            layer.support_avx512bf16_for_cpu = False
    return model, tokenizer


def quantized() -> dict[str, Any]:
    """Linear layers of 4 bits: NormalFloat, with the scales quantized too (QLoRA, section 3)."""
    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32,
    )
    return {"quantization_config": config, "device_map": {"": PartialState().local_process_index if has_gpu() else "cpu"}}


def set_dropout(model: Any, share: float) -> None:
    """The dropout of every layer that has one, in the config and in the layers made from it."""
    for name in DROPOUTS:
        if hasattr(model.config, name):
            setattr(model.config, name, share)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share
        if hasattr(module, "attention_dropout") and isinstance(module.attention_dropout, float):
            module.attention_dropout = share


def adapted(model: Any, sft: SftConfig) -> Any:
    """`model` with adapters on all linear layers but the head, and everything else frozen; by `full`, as it is.

    What is frozen is kept in bfloat16 on a GPU, where that is a matter of memory, and in float32 on a CPU.
    """
    if sft.method == "full":
        return model
    kept = torch.bfloat16 if has_gpu() and in_bfloat16(sft) else torch.float32
    for weight in model.parameters():
        if weight.is_floating_point():
            weight.data = weight.data.to(kept)
    for layer in model.modules():
        if hasattr(layer, "compute_dtype"):
            layer.compute_dtype = kept
    lora = sft.lora
    config = peft.LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    transformers.set_seed(sft.seed)
    return peft.get_peft_model(model, config)


def trained_in_float32(model: Any) -> None:
    """TRL rounds the adapters over 4 bits to bfloat16, where the small steps of a late schedule are lost."""
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
