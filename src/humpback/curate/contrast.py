"""What training on the seed has gained a pair: the cross-entropy difference of Moore and Lewis (2010), by our own models.

seed_gain = log p(y | x) under the model in training - log p(y | x) under its base, in nats per token of the answer y. Both
see the same instruction x and tag, so what the base knows by heart, or finds easy or hard, falls out of the difference;
what is left is how far the pair lies in the direction in which human pairs have moved the model. No other model is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from humpback import lm as language_models
from humpback.lm import LM
from humpback.lm.likelihood import mean_nll
from humpback.prompts.forward import TagConfig, forward_prompt
from humpback.schema import Row
from humpback.stage import Outcome


@dataclass(frozen=True)
class BaseLikelihood:
    """`base_nll`, nats per token of the response under the base model: the `ask` of an LM stage."""

    tags: TagConfig
    max_tokens: int

    def __call__(self, rows: list[Row], lm: LM) -> Iterator[Outcome]:
        for row, loss in zip(rows, _losses(rows, lm, self.tags, self.max_tokens), strict=True):
            yield {**row, "base_nll": loss}


@dataclass(frozen=True)
class SeedGain:
    """`seed_gain` of rows that have `base_nll`; null where a prompt does not fit: the `ask` of an LM stage."""

    tags: TagConfig
    max_tokens: int

    def __call__(self, rows: list[Row], lm: LM) -> Iterator[Outcome]:
        language_models.reading(lm, "forward")
        for row, loss in zip(rows, _losses(rows, lm, self.tags, self.max_tokens), strict=True):
            before = row["base_nll"]
            yield {**row, "seed_gain": None if before is None or loss is None else before - loss}


def _losses(rows: list[Row], lm: LM, tags: TagConfig, max_tokens: int) -> list[float | None]:
    asked = [forward_prompt(row["instruction"], tags.web) for row in rows]
    return mean_nll(asked, [lm.clip(row["response"], max_tokens)[0] for row in rows], lm)
