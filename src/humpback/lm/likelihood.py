"""What an instruction tells about its answer: likelihood gain, instruction-following difficulty.

s(y) is the mean negative log-probability of the answer y under the tag alone, s(y | x) that under the instruction x and the
tag, both in nats per token of y and over y's tokens alone. IFD = s(y | x) / s(y) (Li et al. 2023, Cherry LLM, equation 3) is
the ratio of these means, not of the perplexities that its small-model successor reports (Li et al. 2024, Superfiltering).
gain = s(y) - s(y | x) = s(y) (1 - IFD), so gain < 0 is IFD > 1: the instruction makes its answer less likely.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from humpback.lm import LM
from humpback.prompts.forward import forward_prompt


@dataclass(frozen=True)
class Likelihood:
    """`given` = s(y | x) and `bare` = s(y), in nats per token; None where prompt and answer do not fit. `tokens` is |y|."""

    given: float | None
    bare: float | None
    tokens: int

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
    clipped = [lm.clip(response, max_tokens)[0] for _, response in pairs]
    given = lm.logprob([forward_prompt(instruction, tag) for instruction, _ in pairs], clipped)
    bare = bare_answers(clipped, lm, tag)
    return [
        Likelihood(mean_loss(own), mean_loss(bare[answer]), len(own or bare[answer] or ()))
        for own, answer in zip(given, clipped, strict=True)
    ]


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
