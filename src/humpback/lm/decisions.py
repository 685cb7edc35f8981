"""From label logits to answers: the arithmetic of typed decisions, the same for every backend that reads logits itself."""

import math
from collections.abc import Sequence

from humpback import prompts
from humpback.lm import Answer, Question

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PROMPT = "decide-v1"


def labels(question: Question) -> list[str]:
    """What the model may answer: yes and no for a predicate, letters for the options of the others."""
    return ["yes", "no"] if question.kind == "predicate" else list(LETTERS[: len(question.options)])


def prompt(state: str, question: Question, reverse: bool = False) -> str:
    """The prompt of `question` about `state`: data first, question last; `reverse` shows the options the other way round."""
    texts = question.options[::-1] if reverse else question.options
    if question.kind == "predicate":
        shown = [("yes", "true"), ("no", "false")]
        shown = shown[::-1] if reverse else shown
    else:
        shown = list(zip(labels(question), texts, strict=True))
    return prompts.render(PROMPT, state=state, question=question.text, options=shown)


def distribution(logprobs: Sequence[float]) -> tuple[tuple[float, ...], float]:
    """(probabilities over the labels, label mass) from full-vocabulary log-probabilities."""
    weights = [math.exp(value) for value in logprobs]
    mass = sum(weights)
    if not mass > 0:
        return tuple(1 / len(weights) for _ in weights), 0.0
    return tuple(weight / mass for weight in weights), min(mass, 1.0)


def answer(question: Question, shown: Sequence[float], reversed_: Sequence[float]) -> Answer:
    """The answer averaged over both orders; both arguments are log-probabilities by label as it was shown."""
    first, mass = distribution(shown)
    second, mass_reversed = distribution(reversed_)
    if question.kind != "predicate":
        second = second[::-1]
    mean = tuple((a + b) / 2 for a, b in zip(first, second, strict=True))
    gap = abs(expectation(first) - expectation(second)) if question.kind == "score" else abs(first[0] - second[0])
    score = expectation(mean) if question.kind == "score" else None
    return Answer(mean, score, confidence(mean), (mass + mass_reversed) / 2, gap)


def expectation(probabilities: Sequence[float]) -> float:
    """The expected level, counted from 1."""
    return sum(level * p for level, p in enumerate(probabilities, start=1))


def confidence(probabilities: Sequence[float]) -> float:
    """1 - mean distance from the mode, over that of the uniform distribution: 1 is certain, 0 no better than guessing."""
    n = len(probabilities)
    mode = max(range(n), key=lambda i: probabilities[i])
    spread = sum(p * abs(i - mode) for i, p in enumerate(probabilities))
    uniform = sum(abs(i - (n - 1) / 2) for i in range(n)) / n
    return max(0.0, 1 - spread / uniform)
