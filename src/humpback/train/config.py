"""The settings of a fine-tuning, the machine that it runs on, and the steps that go with a size of data."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from humpback.config import OFTEN, PACE, Config
from humpback.errors import UsageFault

# Humpback v3, table 18: (examples, batch, steps).
PAPER_STEPS = [(100, 8, 30), (800, 8, 300), (1600, 8, 600), (3200, 32, 500), (6400, 32, 600), (12800, 32, 600),
               (25600, 32, 1200), (51200, 32, 1600)]  # fmt: skip


class LoraConfig(Config):
    """Low-rank adapters, for `sft.method` lora and qlora; merged into the model when it is saved."""

    rank: int = Field(64, ge=1, description="(ours; LoRA Without Regret: 256 for large sets)")
    alpha: int = Field(32, ge=1, description="(LoRA Without Regret)")
    dropout: float = Field(0.0, ge=0, lt=1, description="(LoRA Without Regret: none)")


class SftConfig(Config):
    """Supervised fine-tuning; the defaults are the paper's (Humpback v3, section 3.1 and table 18) unless said otherwise."""

    method: Annotated[Literal["full", "lora", "qlora"], OFTEN] = Field(
        "full", description="full: all weights (paper). lora: adapters on all linear layers. qlora: on a base of 4 bits"
    )
    lora: LoraConfig = LoraConfig()
    lr: Annotated[float, OFTEN] = Field(1e-5, gt=0, description="first learning rate (paper)")
    lr_end: float = Field(9e-6, ge=0, description="last learning rate, absolute (paper)")
    schedule: Literal["linear", "cosine"] = Field("linear", description="from lr to lr_end (paper: linear)")
    warmup: float = Field(
        0.0, ge=0, lt=1, description="share of the steps in which the rate rises from lr_end to lr (paper: none)"
    )
    batch: Annotated[int | None, OFTEN] = Field(
        None, ge=1, description="examples in a step; unset: 32, or 8 under 3,000 examples (paper)"
    )
    passes: Annotated[float | None, OFTEN] = Field(
        None, description="passes over the data; unset: by the paper's table of steps"
    )
    steps: int | None = Field(None, ge=1, description="steps, whatever the data; unset: by passes")
    dev_steps: int = Field(
        0,
        ge=0,
        description="steps between measurements of the loss on the pairs of the split dev, with a checkpoint each; the "
        "weights that were best by it are kept (ours); 0: none, and the last are kept (paper)",
    )
    packing: Literal["none", "batch", "rows"] = Field(
        "batch",
        description="none: the examples of a step padded to one length. batch: one after another without "
        "padding, each seeing itself alone. rows: rows filled with examples up to max_tokens; batch and passes count rows",
    )
    weight_decay: float = Field(0.1, description="(paper)")
    dropout: float = Field(0.1, description="(paper)")
    max_tokens: Annotated[int, OFTEN] = Field(2048, description="longest example (Spico197)")
    betas: tuple[float, float] = Field((0.9, 0.95), description="(Spico197)")
    clip: float = Field(1.0, description="largest gradient norm (Spico197)")
    optimizer: str = Field("adamw_torch_fused", description="any that transformers knows, for example paged_adamw_8bit")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        "auto",
        description="of the products; weights are kept in fp32, frozen ones on a GPU in bf16. auto: bf16 where it is fast",
    )
    seed: int = Field(42, description="order of the data, dropout, and the adapters' first values")

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.lr_end > self.lr:
            raise UsageFault(
                f"the learning rate would rise from sft.lr={self.lr:g} to sft.lr_end={self.lr_end:g}",
                f"--set sft.lr_end={self.lr / 10:g}, or a number up to {self.lr:g}",
            )
        return self


class HardwareConfig(Config):
    """What a training runs on, and how it is watched. Nothing here changes what is learnt, but for rounding and for which
    states dropout draws; so that nothing of it is in a plan, and all of it may change on a finished run."""

    launch: Annotated[str, PACE, OFTEN] = Field(
        "",
        description="configuration of `accelerate launch`: one_gpu, multi_gpu, fsdp2, zero3, two_cpu, a file; empty: none",
    )
    micro_batch: Annotated[int | None, PACE, OFTEN] = Field(
        None,
        ge=1,
        description="examples or rows that a device takes at once, gradients adding up to the batch; unset: all",
    )
    gradient_checkpointing: Annotated[bool, PACE] = Field(
        False, description="activations are computed twice and not kept: slower, and smaller"
    )
    checkpoint_steps: Annotated[int, PACE] = Field(
        100,
        ge=0,
        description="steps between checkpoints, from which a killed training goes on; 0: none; with sft.dev_steps: as those",
    )
    silence: Annotated[float, PACE] = Field(
        3600.0, gt=0, description="seconds without a step or another word after which a training hangs, and is ended"
    )
    report_to: Annotated[Literal["none", "tensorboard", "trackio", "wandb"], PACE] = Field(
        "none",
        description="who draws the loss, from files beside the model; nothing leaves this machine unless you set that up",
    )


class ContrastConfig(Config):
    """Contrastive instruction tuning: an instruction and its paraphrase together, another answer away (CoIN, section 3)."""

    weight: float = Field(
        1000.0,
        ge=0,
        description="most that the contrastive loss counts, which never exceeds the generation loss (CoIN); 0: without it",
    )
    temperature: float = Field(0.05, gt=0, description="of the cosines (CoIN)")
    pooling: Literal["last", "mean", "max"] = Field(
        "last", description="the hidden states of an exchange made one: the last of them (CoIN), their mean, or maximum"
    )


def batch_and_steps(examples: int, config: SftConfig) -> tuple[int, int]:
    """(examples per step, steps): passes from the table's nearest row on a log scale where they are not given."""
    batch = config.batch or (8 if examples < 3000 else 32)
    if config.steps is not None:
        return batch, config.steps
    passes = config.passes
    if passes is None:
        n, size, steps = min(PAPER_STEPS, key=lambda row: abs(math.log(row[0] / max(examples, 1))))
        passes = steps * size / n
    return batch, max(1, math.ceil(passes * examples / batch))
