"""What training on the seed has gained a pair: the cross-entropy difference of Moore and Lewis (2010), by our own models.

seed_gain = log p(y | x) under the model in training - log p(y | x) under its base, in nats per token of the answer y. Both
see the same instruction x and tag, so what the base knows by heart, or finds easy or hard, falls out of the difference;
what is left is how far the pair lies in the direction in which human pairs have moved the model. No other model is asked.
"""

from collections.abc import Iterator

import pyarrow as pa

from humpback import lm as language_models
from humpback.curate import scorers
from humpback.curate.scorers import Scorer
from humpback.curate.scorers.gain import LikelihoodStage
from humpback.curate.settings import Asking
from humpback.lm import LM
from humpback.lm.likelihood import mean_nll
from humpback.prompts.forward import forward_prompt
from humpback.schema import Row
from humpback.stage import LMStage, Outcome


def base_likelihood(config: LikelihoodStage, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Every pair with `base_nll`, nats per token of the response under the base model."""
    for row, loss in zip(rows, _losses(config, rows, lm), strict=True):
        yield {**row, "base_nll": loss}


def seed_gain(config: LikelihoodStage, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Rows that have `base_nll` with `seed_gain`; null where a prompt does not fit."""
    language_models.reading(lm, "forward")
    for row, loss in zip(rows, _losses(config, rows, lm), strict=True):
        before = row["base_nll"]
        yield {**row, "seed_gain": None if before is None or loss is None else before - loss}


def _losses(config: LikelihoodStage, rows: list[Row], lm: LM) -> list[float | None]:
    asked = [forward_prompt(row["instruction"], config.tags.web) for row in rows]
    return mean_nll(asked, [lm.clip(row["response"], config.max_tokens)[0] for row in rows], lm)


def stages(asking: Asking) -> tuple[LMStage, ...]:
    """The base first, and then the model that was trained from it."""
    columns, settings = scorers.schema(), asking.settings
    config = LikelihoodStage(tags=settings.tags, max_tokens=settings.curate.max_tokens)
    return (
        LMStage("base", columns, base_likelihood, config, lm=settings.base),
        LMStage("contrast", columns, seed_gain, config, lm=asking.forward),
    )


SCORER = Scorer(
    "seed_gain",
    {"base_nll": pa.float64(), "seed_gain": pa.float64()},
    stages,
    part="contrast",
    place=40,
    needs="base",
)
