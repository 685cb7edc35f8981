"""What an instruction tells about its answer: likelihood gain, instruction-following difficulty.

s(y) is the mean negative log-probability of the answer y under the tag alone, s(y | x) that under the instruction x and the
tag, both in nats per token of y and over y's tokens alone. IFD = s(y | x) / s(y) (Li et al. 2023, Cherry LLM, equation 3) is
the ratio of these means, not of the perplexities that its small-model successor reports (Li et al. 2024, Superfiltering).
gain = s(y) - s(y | x) = s(y) (1 - IFD), so gain < 0 is IFD > 1: the instruction makes its answer less likely.

Two more are read from the same calls: how sure the model is that the answer ends where it ends, and how the one sentence
fares that is the strangest in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from humpback.errors import LMError
from humpback.lm import LM
from humpback.prompts.forward import forward_prompt
from humpback.text.sentences import joined, spans

# A sentence of fewer tokens is read together with the next: the likelihood of a word or two is mostly noise.
SHORTEST = 10
# An advert gains little of the instruction, and is unlikely where it stands. Either alone misses some; a nat of gain differs
# about three times as much between tokens as between a likely and an unlikely one. Measured in docs/scorers.md.
STRANGENESS = 0.25


@dataclass(frozen=True)
class Likelihood:
    """`given` = s(y | x) and `bare` = s(y), in nats per token; None where prompt and answer do not fit. `tokens` is |y|.

    `end` is the log-probability of the end after y given x: None of a clipped answer, whose end is not there, and where the
    model tells it not. `worst` is `worst_sentence` of y; None where there is no sentence, or no tokenizer.
    """

    given: float | None
    bare: float | None
    tokens: int
    end: float | None = None
    worst: float | None = None

    @property
    def gain(self) -> float | None:
        """Nats per token that the instruction saves."""
        return None if self.given is None or self.bare is None else self.bare - self.given

    @property
    def ifd(self) -> float | None:
        """The share of its uncertainty that the instruction leaves to the answer; None too where there was none."""
        return self.given / self.bare if self.given is not None and self.bare else None


def likelihoods(pairs: Sequence[tuple[str, str]], lm: LM, tag: str, max_tokens: int) -> list[Likelihood]:
    """One `Likelihood` per (instruction, response), in two calls; responses are clipped to `max_tokens` at their tail.

    The bare answer stands after `tag` alone, and is asked for once however many pairs it has.
    """
    clipped = [lm.clip(response, max_tokens) for _, response in pairs]
    answers = [answer for answer, _ in clipped]
    given = _with_ends([forward_prompt(instruction, tag) for instruction, _ in pairs], answers, lm)
    bare = bare_answers(answers, lm, tag)
    places = dict(zip(bare, lm.offsets(list(bare)) or [[]] * len(bare), strict=True))
    return [
        Likelihood(
            mean_loss(own), mean_loss(bare[answer]), len(own or bare[answer] or ()), None if cut else end,
            worst_sentence(own, bare[answer], places[answer], spans(answer)),
        )
        for (own, end), (answer, cut) in zip(given, clipped, strict=True)
    ]  # fmt: skip


def _with_ends(
    prompts: Sequence[str], answers: Sequence[str], lm: LM
) -> list[tuple[list[float] | None, float | None]]:  # fmt: skip
    """(log-probability of each token of the answer, that of its end): None where they do not fit, or cannot be had."""
    try:
        read = lm.logprob(prompts, answers, ended=True)
    except LMError as error:
        if error.retryable:
            raise
        return [(own, None) for own in lm.logprob(prompts, answers)]
    return [(own[:-1], own[-1]) if own else (None, None) for own in read]


def worst_sentence(
    given: list[float] | None, bare: list[float] | None, offsets: Sequence[int], sentences: Sequence[tuple[int, int]]
) -> float | None:
    """The least of gain + `STRANGENESS` * log-probability per token over `sentences` (beginning, end).

    `offsets` are where the tokens end. Sentences of fewer than `SHORTEST` tokens are read with the next, the last one with
    that before it.
    """
    if given is None or bare is None or len(offsets) != len(given):
        return None
    worth = [(1 + STRANGENESS) * own - alone for own, alone in zip(given, bare, strict=True)]
    counts = [sum(begin < end <= stop for end in offsets) for begin, stop in sentences]
    read = [
        [each for each, end in zip(worth, offsets, strict=True) if begin < end <= stop]
        for begin, stop in joined(sentences, counts, SHORTEST)
    ]
    return min((sum(each) / len(each) for each in read if each), default=None)


def bare_answers(answers: Sequence[str], lm: LM, tag: str) -> dict[str, list[float] | None]:
    """Answer -> log-probability of each of its tokens after `tag` alone; equal answers are asked once."""
    distinct = list(dict.fromkeys(answers))
    return dict(zip(distinct, lm.logprob([forward_prompt("", tag)] * len(distinct), distinct), strict=True))


def mean_nll(prompts: Sequence[str], targets: Sequence[str], lm: LM) -> list[float | None]:
    """Mean negative log-probability per token of each target; None where prompt and target do not fit."""
    return [mean_loss(read) for read in lm.logprob(prompts, targets)]


def gains(pairs: Sequence[tuple[str, str]], lm: LM, tag: str, max_tokens: int) -> list[float | None]:
    """The likelihood gain of each (instruction, response), as `likelihoods` has it."""
    return [each.gain for each in likelihoods(pairs, lm, tag, max_tokens)]


def mean_loss(logprobs: list[float] | None) -> float | None:
    """Mean negative log-probability, in nats per token; None of nothing."""
    return -sum(logprobs) / len(logprobs) if logprobs else None
