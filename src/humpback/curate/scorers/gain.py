"""Likelihood gain: what the instruction saves of the answer's loss under the forward model (`humpback.lm.likelihood`)."""

from collections.abc import Iterator

import pyarrow as pa

from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.likelihood import likelihood_columns
from humpback.curate.scorers import Scorer, score
from humpback.curate.settings import Asking
from humpback.lm import LM
from humpback.prompts.forward import TagConfig
from humpback.schema import Row
from humpback.stage import LMStage, Outcome

# All that is read of the same two calls.
COLUMNS = dict.fromkeys(("gain", "ifd", "whole", "worst_sentence"), pa.float64())


class LikelihoodStage(Config):
    """How the forward model reads a pair: with the tag of web texts, its response clipped."""

    tags: TagConfig = TagConfig()
    max_tokens: int


def measured(config: LikelihoodStage, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Every pair with its `COLUMNS` under the forward model."""
    found = likelihood_columns(rows, lm, config.tags.web, config.max_tokens)
    yield from ({**row, **columns} for row, columns in zip(rows, found, strict=True))


def by_forward(asking: Asking) -> LMStage:
    """The stage that asks the forward model alone."""
    config = LikelihoodStage(tags=asking.settings.tags, max_tokens=asking.settings.curate.max_tokens)
    return LMStage("likelihood", scorers.schema(), measured, config, lm=asking.forward)


def stages(asking: Asking) -> tuple[LMStage, ...]:
    """The judge's stage, if the judge is the forward model and asked, or one that asks that model."""
    judged = asking.settings.judge.ask and asking.judge == asking.forward
    return score.stages(asking) if judged else (by_forward(asking),)


SCORER = Scorer("gain", COLUMNS, stages, part="likelihood", place=20, over=0.0)
