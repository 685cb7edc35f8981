"""Named layers of settings for training: whose recipe, and what fits which card; every value with its source.

A preset is applied over what the base model recommends, and under --config and --set.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from humpback.config import build, merge
from humpback.errors import UsageFault
from humpback.train.config import HardwareConfig, SftConfig

GIB = 1 << 30
# Logits are held at once up to 1 GiB in float32, with their gradient and the softmax between; beyond, in chunks.
LOGITS_AT_ONCE, COPIES = GIB, 3
# 4 bits a weight, and 0.127 bits for the scales of 64 weights, themselves quantized (QLoRA, section 3).
FOUR_BITS = (4 + 0.127) / 8


class Size(NamedTuple):
    """The shape of a dense decoder with gated MLPs, as its config.json tells."""

    name: str
    hidden: int
    layers: int
    mlp: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    tied: bool

    @property
    def linears(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each linear layer in one block."""
        hidden, asked, kept = self.hidden, self.heads * self.head, self.kv_heads * self.head
        return [
            (hidden, asked),
            (hidden, kept),
            (hidden, kept),
            (asked, hidden),
            *[(hidden, self.mlp)] * 2,
            (self.mlp, hidden),
        ]

    @property
    def embedded(self) -> int:
        """Weights of the embeddings and the head."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)


QWEN3_4B = Size("Qwen3-4B", 2560, 36, 9728, 32, 8, 128, 151936, True)
QWEN3_8B = Size("Qwen3-8B", 4096, 36, 12288, 32, 8, 128, 151936, False)


@dataclass(frozen=True)
class Preset:
    """Settings by dotted name, each as (value, where it comes from). `fits`: the largest base, and GB of the card."""

    about: str
    values: dict[str, tuple[Any, str]]
    fits: tuple[Size, int] | None = None


PAPER, SPICO = "Humpback v3, section 3.1", "Spico197's re-implementation; the paper gives none"
SMOLLM3 = "SmolLM3, alignment-handbook recipes/smollm3/sft/sft.yaml"
TULU3 = "Tulu 3, open-instruct docs/tulu3.md"
REGRET = "LoRA Without Regret (Schulman et al. 2025)"
ONE = "ours: both models alike, also where the base recommends otherwise"
BYTES = "calculated: humpback presets"


def _adapters(method: str, rank: int) -> dict[str, tuple[Any, str]]:
    kept = "weights of 4 bits" if method == "qlora" else "frozen weights in bfloat16"
    return {
        "sft.method": (method, f"{BYTES}; {kept}"),
        "sft.lora.rank": (rank, f"{REGRET}: small sets need no more; 256 for large ones"),
        "sft.lora.alpha": (32, REGRET),
        "sft.lora.dropout": (0.0, f"{REGRET}: none"),
        "sft.lr": (2e-4, f"{REGRET}: ten times that of full fine-tuning; TRL's guide to it"),
        "sft.lr_end": (2e-5, f"{SMOLLM3}: a tenth of the first"),
        "sft.batch": (16, f"{REGRET}: under 32"),
        "backward_sft": (None, ONE),
    }


def _memory(micro: int, optimizer: str) -> dict[str, tuple[Any, str]]:
    return {
        "hardware.micro_batch": (micro, BYTES),
        "hardware.gradient_checkpointing": (True, BYTES),
        "sft.optimizer": (optimizer, f"{BYTES}; moments of 8 bits" if "8bit" in optimizer else BYTES),
        "sft.precision": ("bf16", SMOLLM3),
    }


PRESETS = {
    "paper": Preset(
        "Humpback as published; resets whatever the base recommends",
        {
            "sft.method": ("full", PAPER),
            "sft.lora.rank": (64, "not used by the paper"),
            "sft.lora.alpha": (32, "not used by the paper"),
            "sft.lora.dropout": (0.0, "not used by the paper"),
            "sft.lr": (1e-5, PAPER),
            "sft.lr_end": (9e-6, PAPER),
            "sft.schedule": ("linear", PAPER),
            "sft.warmup": (0.0, f"{PAPER}: none is mentioned"),
            "sft.batch": (None, f"{PAPER}: 32, and 8 under 3,000 examples"),
            "sft.passes": (None, "Humpback v3, table 18: steps by size of data"),
            "sft.steps": (None, "Humpback v3, table 18: steps by size of data"),
            "sft.dev_steps": (0, f"{PAPER}: steps by size of data"),
            "sft.packing": ("batch", "ours: the loss is that of padded examples"),
            "sft.weight_decay": (0.1, PAPER),
            "sft.dropout": (0.1, PAPER),
            "sft.max_tokens": (2048, SPICO),
            "sft.betas": ((0.9, 0.95), SPICO),
            "sft.clip": (1.0, SPICO),
            "sft.optimizer": ("adamw_torch_fused", "the default of transformers; the paper names none"),
            "sft.precision": ("auto", "ours: the paper names none"),
            "sft.seed": (42, SPICO),
            "backward_sft": (None, f"{PAPER}: both models alike"),
        },
    ),
    "modern": Preset(
        "full fine-tuning as open models of 2024 to 2025 do it",
        {
            "sft.method": ("full", f"{SMOLLM3}; {TULU3}"),
            "sft.lr": (2e-5, f"{SMOLLM3}; the default of TRL"),
            "sft.lr_end": (2e-6, f"{SMOLLM3}: min_lr_rate 0.1"),
            "sft.schedule": ("cosine", SMOLLM3),
            "sft.warmup": (0.03, f"{SMOLLM3}; {TULU3}"),
            "sft.batch": (32, "Humpback v3, section 3.1; larger ones (128 in Tulu 3) are for sets of a million"),
            "sft.passes": (2.0, f"{TULU3}; Olmo 3 also 2"),
            "sft.steps": (None, "by passes"),
            "sft.packing": ("batch", "ours: no padding, as SmolLM3's packing, and a batch still counts examples"),
            "sft.weight_decay": (0.0, TULU3),
            "sft.dropout": (0.0, f"{SMOLLM3}: attention_dropout of the model"),
            "sft.max_tokens": (4096, TULU3),
            "sft.betas": ((0.9, 0.999), f"{SMOLLM3}: the default of transformers"),
            "sft.clip": (0.2, SMOLLM3),
            "backward_sft": (None, ONE),
        },
    ),
    "cpu": Preset(
        "no card: the embedded model, or another of few million weights",
        {
            "sft.method": ("full", "ours: at this size memory is no matter"),
            "sft.max_tokens": (600, "the embedded model's own recommendation"),
            "hardware.micro_batch": (8, "ours: a batch of 8 at once"),
            "hardware.gradient_checkpointing": (False, "ours: at this size memory is no matter"),
            "sft.precision": ("fp32", "ours: processors without bfloat16 products are slower with them"),
            "sft.optimizer": ("adamw_torch_fused", "the default of transformers"),
        },
    ),
    "gpu8": Preset(
        "one card of 8 GB",
        {**_adapters("qlora", 16), **_memory(1, "paged_adamw_8bit"), "sft.max_tokens": (1024, BYTES)},
        (QWEN3_4B, 8),
    ),
    "gpu16": Preset(
        "one card of 16 GB",
        {**_adapters("qlora", 32), **_memory(1, "paged_adamw_8bit"), "sft.max_tokens": (2048, BYTES)},
        (QWEN3_8B, 16),
    ),
    "gpu24": Preset(
        "one card of 24 GB",
        {**_adapters("lora", 64), **_memory(2, "adamw_torch_fused"), "sft.max_tokens": (2048, BYTES)},
        (QWEN3_4B, 24),
    ),
    "gpu80": Preset(
        "one card of 80 GB",
        {"sft.method": ("full", BYTES), **_memory(2, "adamw_torch_fused"), "sft.max_tokens": (2048, BYTES)},
        (QWEN3_4B, 80),
    ),
}


def preset(name: str) -> Preset:
    """The preset of that name; raises `UsageFault` naming the nearest."""
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0)
        raise UsageFault(f"there is no preset {name!r}", f"did you mean {near[0]!r}? all: {', '.join(PRESETS)}")
    return PRESETS[name]


def layers(names: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """(what `--dry` calls it, nested settings) of each preset, in order."""
    return [(f"preset {name}", _nested(preset(name))) for name in names]


def _nested(each: Preset) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for leaf, (value, _) in each.values.items():
        for part in reversed(leaf.split(".")):
            value = {part: value}
        made = merge(made, value)
    return made


def sources(names: Iterable[str]) -> dict[str, str]:
    """Where each value comes from that the presets set, by dotted name; later presets over earlier ones."""
    return {leaf: f"preset {name}: {source}" for name in names for leaf, (_, source) in preset(name).values.items()}


def described() -> list[str]:
    """A line per preset: for what it is meant and, for cards, the memory calculated (none was run on such a card)."""
    return [f"{name:<8} {each.about}{_need(each)}" for name, each in PRESETS.items()]


def _need(each: Preset) -> str:
    if each.fits is None:
        return ""
    size, _ = each.fits
    nested = _nested(each)
    sft, hardware = build(SftConfig, [nested["sft"]]), build(HardwareConfig, [nested["hardware"]])
    parts = memory(size, sft, hardware)
    shown = " + ".join(f"{name} {value / GIB:.1f}" for name, value in parts.items())
    return f": {sft.method} on bases up to {size.name} (calculated, not run: {shown} = {sum(parts.values()) / GIB:.1f} GiB)"


def memory(size: Size, sft: SftConfig, hardware: HardwareConfig) -> dict[str, float]:
    """Bytes on one card by what takes them, with gradient checkpointing; a calculation, and not a measurement.

    weights: 4 bytes each where trained, 2 where frozen, 0.516 for linear layers under qlora. gradients: 4 bytes, and
    optimizer: 8 (2 with moments of 8 bits) for each trained weight. activations: one hidden state per token and block,
    one block anew, and the logits.
    """
    linear = size.layers * sum(a * b for a, b in size.linears)
    added = size.layers * sum(sft.lora.rank * (a + b) for a, b in size.linears)
    weights = {
        "full": 4 * (linear + size.embedded),
        "lora": 2 * (linear + size.embedded) + 4 * added,
        "qlora": FOUR_BITS * linear + 2 * size.embedded + 4 * added,
    }[sft.method]
    trained = linear + size.embedded if sft.method == "full" else added
    tokens = (hardware.micro_batch or sft.batch or 32) * sft.max_tokens
    each = 4 if sft.method == "full" else 2
    block = sum(a + b for a, b in size.linears) * each
    logits = COPIES * min(4 * tokens * size.vocabulary, LOGITS_AT_ONCE)
    return {
        "weights": weights,
        "gradients": 4 * trained,
        "optimizer": (2 if "8bit" in sft.optimizer else 8) * trained,
        "activations": tokens * (size.layers * size.hidden * each + block) + logits,
    }
