"""Self-curation: the model being trained grades the pairs (Humpback, section 2.3), as one `score` question per pair.

The five levels are read from the label logits of one prefill, in both orders; the score is their expectation, so that
k = 4.5 means what it says and no answer can fail to parse. Where less than half of the probability falls on the labels
the pair stays unscored and is counted as such.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from humpback import prompts
from humpback.curate.likelihood import gains
from humpback.lm import LM, Answer, Question
from humpback.methods.backtranslate import TagConfig
from humpback.schema import Row
from humpback.stage import Outcome

PAIR, RUBRIC = "pair-v1", "rubric-v1"
MIN_LABEL_MASS = 0.5


def rubric() -> Question:
    """The paper's five levels, lowest first."""
    text, *levels = prompts.source(RUBRIC).split("\n- ")
    return Question("score", text, tuple(level.strip() for level in levels))


def state(instruction: str, response: str) -> str:
    """What the judge is shown of a pair."""
    return prompts.render(PAIR, instruction=instruction, response=response)


def grade(pairs: list[tuple[str, str]], lm: LM, max_tokens: int) -> list[Answer]:
    """One answer to the rubric per (instruction, response); responses are clipped to `max_tokens`."""
    states = [state(instruction, lm.clip(response, max_tokens)[0]) for instruction, response in pairs]
    return [answers[0] for answers in lm.decide(states, [rubric()])]


@dataclass(frozen=True)
class Score:
    """Score each pair by the judge and by likelihood gain, with the same forward model: the `ask` of an LM stage."""

    tags: TagConfig
    max_tokens: int
    round: int

    def __call__(self, rows: list[Row], lm: LM) -> Iterator[Outcome]:
        pairs = [(row["instruction"], row["response"]) for row in rows]
        answers = grade(pairs, lm, self.max_tokens)
        measured = gains(pairs, lm, self.tags.web, self.max_tokens)
        for row, answer, gain in zip(rows, answers, measured, strict=True):
            yield {**row, **verdict(answer), "gain": gain, "judge": lm.name, "mode": "expected", "round": self.round}


def verdict(answer: Answer) -> dict[str, object]:
    """The columns of an answer; the score is null unless enough of the probability fell on the labels."""
    ok = bool(answer.probabilities) and answer.label_mass >= MIN_LABEL_MASS
    status = "ok" if ok else "undecided" if answer.probabilities else "prompt_too_long"
    return {
        "score": answer.score if ok else None,
        "confidence": answer.confidence,
        "label_mass": answer.label_mass,
        "order_gap": answer.order_gap,
        "status": status,
    }
