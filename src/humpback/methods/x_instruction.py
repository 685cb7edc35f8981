"""X-Instruction (Li et al. 2024): an instruction in English for an answer in another language, as its pages have it.

The seed's answers are put into that language, so that a backward model learns to write English for it. What a model cannot
read is told by itself, before anything is spent on it.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from humpback import prompts
from humpback.config import Config
from humpback.lm import LM, Sampling
from humpback.lm.spec import ModelName
from humpback.methods.translation import TRANSLATE, translated
from humpback.metrics import mean_of, metric
from humpback.schema import METRIC, PAIR, Row, row_seed
from humpback.stage import Drop, LMStage, Outcome
from humpback.store import Dataset, DatasetFolder

if TYPE_CHECKING:
    from humpback.run import Run

METHOD = "x_instruction"


class ReadingConfig(Config):
    """How it is told whether a model reads a language."""

    least_order: float = Field(
        0.15, description="least share of its loss that the order of the words saves the base; below, the language is left "
        "out (ours: 0.44 for English, 0.08 for Arabic, which SmolLM2-135M does not read)",
    )  # fmt: skip
    cases: int = Field(20, ge=2, description="texts of each language that this is measured on (ours)")
    max_tokens: int = Field(160, ge=8, description="of each text (ours)")


class Reading(Config):
    """Texts in one language, and who is to read them."""

    texts: DatasetFolder
    language: str
    lm: ModelName
    cases: int
    max_tokens: int


def reading(run: "Run", texts: Dataset, language: str, lm: str, config: ReadingConfig) -> float | None:
    """The share of the loss of `lm` on `texts` that their words' order saves, the mean over texts; None of none."""
    own = Reading(texts=texts.path, language=language, lm=lm, cases=config.cases, max_tokens=config.max_tokens)
    told = run.put("reading", LMStage("reading", METRIC, order_gains, own), kind="metrics", of="reading")
    return next((row["value"] for row in told.rows() if row["metric"] == "order_gain"), None)


def order_gains(config: Reading, open: Callable[[str], LM]) -> Iterator[Row]:
    """order_gain: 1 - loss of a text / loss of the same words shuffled, by text; and the loss, in bits for each byte.

    Perplexity says nothing across scripts, whose letters hold more or less each; what order saves does. Scripts without
    blanks are shuffled sign by sign, which flatters them.
    """
    lm = open(config.lm)
    rows = sorted(Dataset(config.texts).rows(["id", "text"]), key=lambda row: row_seed(row["id"], "reading"))[: config.cases]
    texts = [lm.clip(row["text"], config.max_tokens)[0] for row in rows]
    shuffled = [_shuffled(text, row_seed(row["id"], "shuffled")) for text, row in zip(texts, rows, strict=True)]
    losses = [lm.logprob([""] * len(rows), each) for each in (texts, shuffled)]
    sums = [(None if a is None else -sum(a), None if b is None else -sum(b)) for a, b in zip(*losses, strict=True)]
    gains = [None if own is None or not other else 1 - own / other for own, other in sums]
    yield mean_of("order_gain", lm.name, gains, part=config.language, unit="share")
    known = [(own, len(text.encode())) for (own, _), text in zip(sums, texts, strict=True) if own is not None]
    size = sum(count for _, count in known)
    bits = sum(own for own, _ in known) / (size * math.log(2)) if size else None
    yield metric("bits_per_byte", lm.name, bits, n=len(known), part=config.language, unit="bits")


def _shuffled(text: str, seed: int) -> str:
    """Its words in another order; of a text of few blanks, its signs."""
    words = text.split()
    spaced = len(words) * 15 > len(text)
    parts = words if spaced else list("".join(words))
    random.Random(seed).shuffle(parts)
    return (" " if spaced else "").join(parts)


class Answers(Config):
    """The language into which answers are put: its code, and as a model is told it."""

    code: str
    language: str
    sampling: Sampling
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(TRANSLATE)


def seed_in(run: "Run", seed: Dataset, config: Answers, translator: str) -> Dataset:
    """The pairs of `seed` with their answers in another language, by the model `translator`; those that are in it already
    stay as they are."""
    stage = LMStage("seed-in", PAIR, answers_in, config, lm=translator)
    return run.map(f"seed-{config.code}", stage, seed, kind="seed", method=METHOD)


def answers_in(config: Answers, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each pair with its answer translated; the answer that it had is its draft.

    Dropped are too_long, unfinished, nothing_said.
    """
    left = [row for row in rows if row.get("lang") != config.code]
    seeds = [row_seed(row["id"], f"{config.random_seed}/answers in {config.code}") for row in left]
    said = translated(lm, [[row["response"]] for row in left], "English", config.language, config.sampling, seeds)
    made = dict(zip((row["id"] for row in left), said, strict=True))
    for row in rows:
        told = made.get(row["id"])
        if told is None:
            yield {**row, "instruction_lang": row.get("instruction_lang") or "en"}
        elif isinstance(told, str):
            yield Drop(row, told, config.language)
        else:
            yield {**row, "response": told[0], "draft": row["response"], "answered": "translated", "lang": config.code,
                   "instruction_lang": "en"}  # fmt: skip
