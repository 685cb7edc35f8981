"""The settings of a fine-tuning, and the steps that go with a size of data."""

import math

from pydantic import Field

from humpback.config import Config

# Humpback v3, table 18: (examples, batch, steps).
PAPER_STEPS = [(100, 8, 30), (800, 8, 300), (1600, 8, 600), (3200, 32, 500), (6400, 32, 600), (12800, 32, 600),
               (25600, 32, 1200), (51200, 32, 1600)]  # fmt: skip


class SftConfig(Config):
    """Supervised fine-tuning; the defaults are the paper's (Humpback v3, section 3.1 and table 18) unless said otherwise."""

    lr: float = Field(1e-5, description="first learning rate (paper)")
    lr_end: float = Field(9e-6, description="last learning rate, absolute, reached linearly (paper)")
    batch: int | None = Field(None, description="examples in a step; unset: 32, or 8 under 3,000 examples (paper)")
    passes: float | None = Field(None, description="passes over the data; unset: by the paper's table of steps")
    weight_decay: float = Field(0.1, description="(paper)")
    dropout: float = Field(0.1, description="(paper)")
    max_tokens: int = Field(2048, description="longest example (Spico197)")
    betas: tuple[float, float] = Field((0.9, 0.95), description="(Spico197)")
    clip: float = Field(1.0, description="largest gradient norm (Spico197)")
    seed: int = Field(42, description="order of the data and dropout")


def batch_and_steps(examples: int, config: SftConfig) -> tuple[int, int]:
    """(examples per step, steps): passes from the table's nearest row on a log scale where they are not given."""
    batch = config.batch or (8 if examples < 3000 else 32)
    passes = config.passes
    if passes is None:
        n, size, steps = min(PAPER_STEPS, key=lambda row: abs(math.log(row[0] / max(examples, 1))))
        passes = steps * size / n
    return batch, max(1, math.ceil(passes * examples / batch))
