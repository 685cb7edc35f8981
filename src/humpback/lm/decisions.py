"""From label logits to answers: the arithmetic of typed decisions, the same for every backend that reads logits itself."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from humpback import prompts
from humpback.errors import LMError
from humpback.lm import Answer, Question

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PROMPT = "decide-v2"


def labels(question: Question) -> list[str]:
    """What the model may answer: yes and no for a predicate, letters for the options of the others."""
    return ["yes", "no"] if question.kind == "predicate" else list(LETTERS[: len(question.options)])


def turns(questions: Sequence[Question]) -> list[tuple[Question, bool]]:
    """Each question as often as it is asked, and whether its options are shown in reverse then."""
    return [(each, reverse) for each in questions for reverse in ((False,) if each.orders == "forward" else (False, True))]


def prompt(state: str, question: Question, reverse: bool = False) -> str:
    """The prompt of `question` about `state`; `reverse` shows the options the other way round.

    The question comes first, so that backends read it once for all states, and what to answer with is said again behind.
    """
    texts = question.options[::-1] if reverse else question.options
    if question.kind == "predicate":
        shown = [("yes", "true"), ("no", "false")]
        shown = shown[::-1] if reverse else shown
    else:
        shown = list(zip(labels(question), texts, strict=True))
    return prompts.render(PROMPT, state=state, question=question.text, options=shown)


def label_ids(tokenizer: "PreTrainedTokenizerBase", question: Question, name: str) -> list[int]:
    """The id of each label; raises `LMError` where a label is not one distinct token of the model `name`."""
    ids = [tokenizer.encode(label, add_special_tokens=False) for label in labels(question)]
    if any(len(each) != 1 for each in ids) or len({each[0] for each in ids}) != len(ids):
        raise LMError(
            f"{name}: the labels {labels(question)} are not one distinct token each",
            "judge with another model, or select by likelihood gain: --set curate.by=gain",
        )
    return [each[0] for each in ids]


def distribution(logprobs: Sequence[float]) -> tuple[tuple[float, ...], float]:
    """(probabilities over the labels, label mass) from full-vocabulary log-probabilities."""
    weights = [math.exp(value) for value in logprobs]
    mass = sum(weights)
    if not mass > 0:
        return tuple(1 / len(weights) for _ in weights), 0.0
    return tuple(weight / mass for weight in weights), min(mass, 1.0)


def answer(question: Question, shown: Sequence[float], reversed_: Sequence[float] | None = None) -> Answer:
    """The answer from log-probabilities by label, as the options were shown; `reversed_` where they were in reverse too.

    It is the mean of both orders, and where the reverse was read as a check (`question.orders`) that of the first.
    """
    first, mass = distribution(shown)
    if reversed_ is None:
        return one_order(question, first, mass)
    second, mass_reversed = distribution(reversed_)
    if question.kind != "predicate":
        second = second[::-1]
    gap = abs(expectation(first) - expectation(second)) if question.kind == "score" else abs(first[0] - second[0])
    flips = likeliest(first) != likeliest(second)
    if question.orders == "both":
        first = tuple((a + b) / 2 for a, b in zip(first, second, strict=True))
        mass = (mass + mass_reversed) / 2
    return replace(one_order(question, first, mass), order_gap=gap, order_flips=flips)


def answers(questions: Sequence[Question], read: Sequence[Sequence[float]] | None) -> list[Answer]:
    """An answer to each of `questions` from what was `read` in each of its `turns`, one after the other; None: too long."""
    if read is None:
        return [Answer((), None, None, 0.0)] * len(questions)
    told = iter(read)
    return [answer(question, *(next(told) for _ in turns([question]))) for question in questions]


def expectation(probabilities: Sequence[float]) -> float:
    """The expected level, counted from 1."""
    return sum(level * p for level, p in enumerate(probabilities, start=1))


def confidence(probabilities: Sequence[float]) -> float:
    """1 - mean distance from the mode, over that of the uniform distribution: 1 is certain, 0 no better than guessing."""
    n = len(probabilities)
    mode = likeliest(probabilities)
    spread = sum(p * abs(i - mode) for i, p in enumerate(probabilities))
    uniform = sum(abs(i - (n - 1) / 2) for i in range(n)) / n
    return max(0.0, 1 - spread / uniform)


def likeliest(probabilities: Sequence[float]) -> int:
    """The place of the likeliest option, of equals the first."""
    return max(range(len(probabilities)), key=lambda i: probabilities[i])


def to_system_one(question: Question) -> dict[str, Any]:
    """The question in the System One form, which servers and decision models share: levels lowest first."""
    if question.kind == "predicate":
        return {"type": "noul", "instructions": question.text}
    if question.kind == "choice":
        return {"type": "choice", "instructions": question.text, "criteria": dict.fromkeys(question.options)}
    return {"type": "score", "instructions": question.text, "criteria": list(question.options)}


def from_system_one(question: Question, given: Mapping[str, Any], label_mass: float | None, via: str) -> Answer:
    """An answer in the System One form as ours: the distribution is kept, and what follows from it computed anew.

    Servers mean five things by confidence and round to two decimals. Raises `KeyError`, `TypeError` or `ValueError` for a
    form that is not this one.
    """
    if question.kind == "predicate":
        probabilities = [float(given["noul"]), 1 - float(given["noul"])]
    else:
        names = question.options if question.kind == "choice" else [str(i) for i in range(len(question.options))]
        probabilities = [float(given["probabilities"][name]) for name in names]
    return one_order(question, probabilities, label_mass, via)


def one_order(question: Question, probabilities: Sequence[float], label_mass: float | None, via: str = "labels") -> Answer:
    """The answer from probabilities that were read in one order only."""
    total = sum(probabilities)
    if not 0 < total < 2 or min(probabilities) < 0:
        raise ValueError(f"{list(probabilities)} is no distribution")
    shares = tuple(p / total for p in probabilities)
    score = expectation(shares) if question.kind == "score" else None
    return Answer(shares, score, confidence(shares), label_mass, None, via)
