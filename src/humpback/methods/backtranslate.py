"""Instruction backtranslation: which instruction does this text answer? (Humpback, Li et al. 2023, sections 2.2 and 2.4.)

Every prompt of the backward and the forward task is made here, for training and for inference alike.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.curate.guards import GuardConfig, fault
from humpback.lm import LM, Completion, Sampling
from humpback.schema import Row, row_id, row_seed
from humpback.stage import Drop, Outcome

BACKWARD, FORWARD = "backward-v1", "forward-v1"
Clip = Callable[[str, int], tuple[str, bool]]


class TagConfig(Config):
    """The two sentences that tell the sources of answers apart, appended to the instruction (paper, section 2.4)."""

    seed: str = Field("Answer in the style of an AI Assistant.", description="S_a, on seed pairs (paper)")
    web: str = Field("Answer with knowledge from web search.", description="S_w, on augmented pairs (paper)")

    @property
    def inference(self) -> str:
        """Both, S_a first: a combination never seen in training (paper, table 5)."""
        return f"{self.seed} {self.web}"

    def of(self, source: str) -> str:
        return self.seed if source == "seed" else self.web


class BackwardConfig(Config):
    """What the backward model is shown."""

    context: Literal["none", "heading"] = Field(
        "none", description="whether the heading path stands beside the text: the paper's model sees the text alone"
    )
    max_text_tokens: int = Field(1536, description="the text is clipped to this many tokens, at its tail (ours)")


class AugmentConfig(Config):
    """How instructions are drawn."""

    candidates: int = Field(1, description="instructions drawn per text, the likeliest clean one kept (paper: 1)")
    sampling: Sampling = Field(Sampling(), description="temperature 0.7, top-p 0.9 (paper), 512 tokens (Spico197)")


@dataclass(frozen=True)
class Example:
    """One training exchange; `ended` is False where the completion was clipped, which then has no end token."""

    prompt: str
    completion: str
    ended: bool = True


def backward_prompt(row: Row, config: BackwardConfig, tag: str, clip: Clip) -> tuple[str, bool]:
    """(prompt, whether the text was clipped) for the segment or pair `row`. The tag after the text is never clipped."""
    text, clipped = clip(row.get("response") or row["text"], config.max_text_tokens)
    path = [part for part in (row.get("header_path") or []) if part] if config.context == "heading" else []
    return prompts.render(BACKWARD, response=text, header_path=path, tag=tag), clipped


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
    none passes the likeliest of all, which the guards then drop with its reason. All are kept in `candidates`.
    """

    backward: BackwardConfig
    augment: AugmentConfig
    tags: TagConfig
    guards: GuardConfig
    seed: int

    def __call__(self, rows: list[Row], lm: LM) -> Iterator[Outcome]:
        language_models.reading(lm, "backward")
        shown = [backward_prompt(row, self.backward, self.tags.seed, lm.clip) for row in rows]
        asked = [(i, j) for i in range(len(rows)) for j in range(self.augment.candidates)]
        made = lm.generate(
            [shown[i][0] for i, _ in asked],
            self.augment.sampling,
            [row_seed(rows[i]["id"], f"{self.seed}/augment/{j}") for i, j in asked],
        )
        drawn: dict[int, list[Completion]] = defaultdict(list)
        for (i, _), completion in zip(asked, made, strict=True):
            drawn[i].append(completion)
        for i, row in enumerate(rows):
            yield self._pair(row, drawn[i], *shown[i], lm.name)

    def _pair(self, row: Row, drawn: list[Completion], prompt: str, clipped: bool, lm: str) -> Outcome:
        if drawn[0].finish == "too_long":
            return Drop(row, "prompt_too_long", len(prompt))
        pairs = [self._candidate(row, completion, lm) for completion in drawn]
        faults = [fault(pair, self.guards) for pair in pairs]
        best = min(range(len(pairs)), key=lambda i: (faults[i] is not None, -(pairs[i]["logprob"] or 0.0), i))
        listed = [
            {"instruction": p["instruction"], "logprob": p["logprob"], "finish": p["finish"], "guard": f[0] if f else None}
            for p, f in zip(pairs, faults, strict=True)
        ]
        return {**pairs[best], "prompt": BACKWARD, "clipped": clipped, "candidates": listed}

    def _candidate(self, row: Row, completion: Completion, lm: str) -> dict[str, Any]:
        return {
            "id": row_id(row["id"], "pair"),
            "parent": row["id"],
            "url": row.get("url"),
            "header_path": row.get("header_path"),
            "instruction": completion.text,
            "response": row["text"],
            "source": "web",
            "method": "backtranslate",
            "lm": lm,
            "logprob": completion.logprob,
            "finish": completion.finish,
            "lang": row.get("lang"),
        }
