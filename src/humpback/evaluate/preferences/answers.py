"""What a model answers to a set of prompts, in AlpacaEval's columns."""

from collections.abc import Iterator, Mapping
from typing import Any

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.lm import LM, Sampling
from humpback.prompts.forward import FORWARD, forward_prompt
from humpback.schema import Row, row_seed


class AnswerConfig(Config):
    """How answers are drawn; `generator` is what the model is called in them, `tag` what stands behind each request."""

    sampling: Sampling
    generator: str
    tag: str
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(FORWARD)


def answered(config: AnswerConfig, rows: list[Row], lm: LM) -> Iterator[Row]:
    """Each prompt with an answer, which is empty where the prompt is too long; `finish` says how it ended."""
    language_models.reading(lm, "forward")
    seeds = [row_seed(row["id"], f"{config.random_seed}/answer") for row in rows]
    said = lm.generate([forward_prompt(row["instruction"], config.tag) for row in rows], config.sampling, seeds)
    for row, each in zip(rows, said, strict=True):
        yield {**row, "output": each.text.strip(), "generator": config.generator, "finish": each.finish}
