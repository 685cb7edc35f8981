"""Instruction backtranslation: which instruction does this text answer? (Humpback, Li et al. 2023, sections 2.2 and 2.4.)

Every prompt of the backward and the forward task is made here, for training and for inference alike. A backward model is
one trained to be (`backward-v1`), or any instruct model that is told what is wanted (`backward-prompted-v1`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from humpback import lm as language_models
from humpback.config import Config
from humpback.guards.checks import GuardConfig
from humpback.lm import LM, Completion, Sampling
from humpback.methods.candidates import candidate, marked, merged, pairs
from humpback.prompts.backward import (
    BACKWARD,
    PROMPTED,
    BackwardConfig,
    backward_prompt,
    is_prompted,
    prompted_prompt,
    wanted_language,
)
from humpback.prompts.forward import TagConfig
from humpback.schema import Row, row_seed
from humpback.stage import Drop, Outcome


class AugmentConfig(Config):
    """How instructions are drawn, and which of them stay."""

    candidates: int = Field(1, ge=1, description="instructions drawn per text, the best clean one kept (paper: 1)")
    sampling: Sampling = Field(Sampling(), description="temperature 0.7, top-p 0.9 (paper), 512 tokens (Spico197)")
    choose: Literal["likelihood", "round_trip"] = Field(
        "likelihood", description="by the backward model's likelihood, or also by what it gains the forward model (ours)"
    )
    weight: float = Field(1.0, ge=0, description="of the gain in a round trip, against the likelihood (ours)")
    max_pairs: int = Field(1, ge=1, description="most instructions kept per text, if they differ, each as a pair (paper: 1)")
    pair_chars: int = Field(1000, ge=1, description="one more of them for each so many characters of text (ours)")

    @field_validator("max_pairs")
    @classmethod
    def _enough_candidates(cls, value: int, info: ValidationInfo) -> int:
        if value > info.data.get("candidates", value):
            raise ValueError(f"of {info.data['candidates']} candidates no {value} can be kept; raise augment.candidates")
        return value


@dataclass(frozen=True)
class Augment:
    """Write an instruction for each segment with a backward model: the `ask` of an LM stage.

    Several candidates are drawn, each with a seed of its own. Of those that pass the guards the likeliest stays; if
    none passes the likeliest of all, which the guards then drop with its reason. Where the server gives no
    log-probabilities the clean one that was drawn most stays, of equals the first. All are kept in `candidates`, equal
    ones once. A long text may have several pairs (`max_pairs`).

    What a prompted model writes is cleaned (`clean_instruction`), and `raw` keeps it as it was. What a trained model
    writes is not: it has learned to write the instruction bare, from human ones of which some begin with "Question:" or
    a quotation; and where it writes more, that is its fault, for the guards to see.
    """

    backward: BackwardConfig
    augment: AugmentConfig
    tags: TagConfig
    guards: GuardConfig
    seed: int

    def __call__(self, rows: list[Row], lm: LM) -> Iterator[Outcome]:
        language_models.reading(lm, "backward")
        shown = [self._shown(row, lm) for row in rows]
        draws = self.augment.candidates
        made = lm.generate(
            [prompt for prompt, _ in shown for _ in range(draws)],
            self.augment.sampling,
            [row_seed(row["id"], f"{self.seed}/augment/{j}") for row in rows for j in range(draws)],
        )
        for i, (row, (prompt, pair)) in enumerate(zip(rows, shown, strict=True)):
            drawn = made[i * draws : (i + 1) * draws]
            if all(completion.finish == "too_long" for completion in drawn):
                yield Drop(row, "prompt_too_long", len(prompt))
            else:
                yield from self._pairs(pair, drawn)

    def _pairs(self, pair: Row, drawn: list[Completion]) -> Iterator[Row]:
        """The pairs of one text; one more for each `pair_chars` of it, up to `max_pairs`."""
        draws = [candidate(completion, pair["prompt"] == PROMPTED) for completion in drawn]
        most = min(self.augment.max_pairs, 1 + len(pair["response"]) // self.augment.pair_chars)
        yield from pairs(pair, marked(pair, merged(draws), self.guards), "logprob", most)

    def _shown(self, row: Row, lm: LM) -> tuple[str, Row]:
        """(prompt, the pair without its instruction)."""
        if not is_prompted(lm.role, self.backward):
            prompt, clipped = backward_prompt(row, self.backward, self.tags.seed, lm.clip)
            return prompt, _pair(row, lm.name, BACKWARD, clipped)
        style = self.backward.styles[row_seed(row["id"], f"{self.seed}/style") % len(self.backward.styles)]
        prompt, clipped = prompted_prompt(row, self.backward, style, lm.clip)
        asked = {"style": style, "instruction_lang": wanted_language(row, self.backward)}
        return prompt, {**_pair(row, lm.name, PROMPTED, clipped), **asked}


def _pair(row: Row, lm: str, prompt: str, clipped: bool) -> Row:
    return {
        "parent": row["id"],
        "url": row.get("url"),
        "header_path": row.get("header_path"),
        "response": row["text"],
        "source": "web",
        "method": "backtranslate",
        "lm": lm,
        "prompt": prompt,
        "style": None,
        "clipped": clipped,
        "lang": row.get("lang"),
        "instruction_lang": None,
    }
