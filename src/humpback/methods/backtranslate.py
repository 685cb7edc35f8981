"""Instruction backtranslation: which instruction does this text answer? (Humpback, Li et al. 2023, sections 2.2 and 2.4.)

Every prompt of the backward and the forward task is made here, for training and for inference alike. A backward model is
one trained to be (`backward-v1`), or any instruct model that is told what is wanted (`backward-prompted-v1`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.curate.guards import GuardConfig
from humpback.lm import LM, Completion, Sampling
from humpback.methods.candidates import candidate, marked, merged, pairs
from humpback.methods.quoting import quoted
from humpback.schema import Row, row_seed
from humpback.stage import Drop, Outcome

BACKWARD, PROMPTED, FORWARD = "backward-v1", "backward-prompted-v1", "forward-v1"
Style = Literal["question", "command", "keywords"]
# Models that have learned the prompt `backward-v1`: those trained backward, and our base, whose training held it.
LEARNED = ("backward", "base")
_CODE = re.compile(r"[a-z]{2,3}")
Clip = Callable[[str, int], tuple[str, bool]]


class TagConfig(Config):
    """The two sentences that tell the sources of answers apart, appended to the instruction (paper, section 2.4)."""

    seed: str = Field("Answer in the style of an AI Assistant.", description="S_a, on seed pairs (paper)")
    web: str = Field("Answer with knowledge from web search.", description="S_w, on augmented pairs (paper)")

    @property
    def inference(self) -> str:
        """Both, S_a first: a combination never seen in training (paper, table 5)."""
        return " ".join(tag for tag in (self.seed, self.web) if tag)

    def of(self, source: str) -> str:
        return self.seed if source == "seed" else self.web


class BackwardConfig(Config):
    """What the backward model is shown; `styles` and `language` are asked of prompted models, trained ones have theirs."""

    prompt: Literal["auto", "trained", "prompted"] = Field(
        "auto", description="trained: the prompt of training; prompted: what is wanted in words; auto: by the model's role"
    )
    context: Literal["none", "heading"] = Field(
        "none", description="whether the heading path stands beside the text: the paper's model sees the text alone"
    )
    max_text_tokens: int = Field(1536, description="the text is clipped to this many tokens, at its tail (ours)")
    styles: tuple[Style, ...] = Field(
        ("question", "command"),
        min_length=1,
        description="question, command, keywords: one is drawn per text, evenly; name one twice to double its share (ours)",
    )
    language: str = Field(
        "text", pattern="^(text|[a-z]{2,3})$", description="of the instruction: that of the text, or an ISO 639 code"
    )


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
class Example:
    """One training exchange; `ended` is False where the completion was clipped, which then has no end token."""

    prompt: str
    completion: str
    ended: bool = True


def backward_prompt(row: Row, config: BackwardConfig, tag: str, clip: Clip) -> tuple[str, bool]:
    """(prompt, whether the text was clipped) for the segment or pair `row`. The tag after the text is never clipped."""
    text, clipped = clip(row.get("response") or row["text"], config.max_text_tokens)
    return prompts.render(BACKWARD, response=text, header_path=_path(row, config), tag=tag), clipped


def prompted_prompt(row: Row, config: BackwardConfig, style: Style, clip: Clip) -> tuple[str, bool]:
    """(prompt, whether the text was clipped) that asks any instruct model for the instruction of `row`, in `style`.

    Text and heading are quoted line by line: what they hold can neither end the quotation nor give orders outside it.
    """
    text, clipped = clip(row.get("response") or row["text"], config.max_text_tokens)
    path = " > ".join(" ".join(part.split()) for part in _path(row, config))
    shown = {
        "text": quoted(text),
        "heading": quoted(f"heading: {path}") if path else "",
        "style": style,
        "language": None if config.language == "text" else config.language,
        "code": wanted_language(row, config),
    }
    return prompts.render(PROMPTED, **shown), clipped


def _path(row: Row, config: BackwardConfig) -> list[str]:
    return [part for part in (row.get("header_path") or []) if part] if config.context == "heading" else []


def wanted_language(row: Row, config: BackwardConfig) -> str | None:
    """The ISO 639 code of the language that the instruction is asked for in, if it is known."""
    code = row.get("lang") if config.language == "text" else config.language
    return code if code and code != "und" and _CODE.fullmatch(code) else None


def forward_prompt(instruction: str, tag: str) -> str:
    return prompts.render(FORWARD, instruction=instruction, tag=tag)


def backward_example(row: Row, config: BackwardConfig, tags: TagConfig, clip: Clip) -> Example:
    """A seed pair reversed: the instruction is the target."""
    return Example(backward_prompt(row, config, tags.seed, clip)[0], row["instruction"])


def forward_example(row: Row, tags: TagConfig, clip: Clip, max_tokens: int) -> Example:
    """A pair with the tag of its source; the response is clipped at its tail to `max_tokens`."""
    response, clipped = clip(row["response"], max_tokens)
    return Example(forward_prompt(row["instruction"], tags.of(row["source"])), response, not clipped)


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
        if not is_prompted(lm, self.backward):
            prompt, clipped = backward_prompt(row, self.backward, self.tags.seed, lm.clip)
            return prompt, _pair(row, lm.name, BACKWARD, clipped)
        style = self.backward.styles[row_seed(row["id"], f"{self.seed}/style") % len(self.backward.styles)]
        prompt, clipped = prompted_prompt(row, self.backward, style, lm.clip)
        asked = {"style": style, "instruction_lang": wanted_language(row, self.backward)}
        return prompt, {**_pair(row, lm.name, PROMPTED, clipped), **asked}


def is_prompted(lm: LM, config: BackwardConfig) -> bool:
    """Whether `lm` is told what is wanted, and not shown the prompt of training; `auto` goes by its role."""
    return config.prompt == "prompted" or (config.prompt == "auto" and lm.role not in LEARNED)


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
