"""The judge's score: the expectation over its levels, or what it writes (`humpback.curate.judge`)."""

from collections.abc import Iterator

import pyarrow as pa

from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.judge import JudgeConfig, gate, graded
from humpback.curate.likelihood import likelihood_columns
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.lm import LM
from humpback.prompts.forward import TagConfig
from humpback.schema import Row
from humpback.stage import LMStage, Outcome

# Texts are dear: a judge that cannot be read is found out on a few before the rest is paid for.
FIRST_ASKED = 100


class JudgeStage(Config):
    """What the judge is asked; with `likelihood` the likelihoods of the pair too, where it is the forward model."""

    tags: TagConfig = TagConfig()
    max_tokens: int
    round: int
    judge: JudgeConfig = JudgeConfig()
    likelihood: bool = True


def judged(config: JudgeStage, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Every pair with the judge's columns. Raises `JudgeUnreadable` if the first texts are hardly ever scores."""
    salt = f"round {config.round}"
    first = len(rows) if config.judge.mode == "expected" else FIRST_ASKED
    made = graded(rows[:first], lm, config.max_tokens, config.judge, salt)
    if len(rows) > first:
        gate(sum(each["score"] is not None for each in made), first, config.judge, lm.name)
        made += graded(rows[first:], lm, config.max_tokens, config.judge, salt)
    likely = likelihood_columns(rows, lm, config.tags.web, config.max_tokens) if config.likelihood else [{}] * len(rows)
    for row, columns, likelihood in zip(rows, made, likely, strict=True):
        yield {**row, **columns, **likelihood, "judge": lm.name, "round": config.round}


def stages(asking: Asking) -> tuple[LMStage, ...]:
    """The judge's stage, which measures the likelihoods too if the judge is the forward model."""
    settings = asking.settings
    config = JudgeStage(
        tags=settings.tags, max_tokens=settings.curate.max_tokens, round=asking.round, judge=settings.judge,
        likelihood=asking.judge == asking.forward,
    )  # fmt: skip
    return (LMStage("scored", scorers.schema(), judged, config, lm=asking.judge),)


SCORER = Scorer(
    "score",
    {
        "score": pa.float64(),
        "level": pa.int32(),
        "aspects": pa.list_(pa.float64()),
        "confidence": pa.float64(),
        "label_mass": pa.float64(),
        "order_gap": pa.float64(),
        "order_flips": pa.float64(),
        "status": pa.string(),
        "judge": pa.string(),
        "mode": pa.string(),
        "via": pa.string(),
        "judgement": pa.list_(pa.string()),
        "forced": pa.list_(pa.float64()),
        "judged_clipped": pa.bool_(),
        "round": pa.int32(),
    },
    stages,
    part="judge",
    place=10,
    status="status",
)
