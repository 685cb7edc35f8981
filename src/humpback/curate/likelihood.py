"""What an instruction tells about its answer: the likelihood gain (pointwise mutual information per token).

gain(x, y) = s(y) - s(y | x), in nats per token of y, where s is the mean negative log-probability. IFD is 1 - gain / s(y)
(Li et al. 2023, Cherry LLM), so gain < 0 is IFD > 1: the instruction makes its answer less likely.
"""

from collections.abc import Sequence

from humpback.lm import LM
from humpback.methods.backtranslate import forward_prompt


def mean_nll(prompts: Sequence[str], targets: Sequence[str], lm: LM) -> list[float | None]:
    """Mean negative log-probability per token of each target; None where prompt and target do not fit."""
    read = lm.logprob(prompts, targets)
    return [-sum(each) / len(each) if each else None for each in read]


def gains(pairs: Sequence[tuple[str, str]], lm: LM, tag: str, max_tokens: int) -> list[float | None]:
    """The likelihood gain of each (instruction, response). The bare answer stands after `tag` alone."""
    clipped = [lm.clip(response, max_tokens)[0] for _, response in pairs]
    given = mean_nll([forward_prompt(instruction, tag) for instruction, _ in pairs], clipped, lm)
    bare = mean_nll([forward_prompt("", tag) for _ in pairs], clipped, lm)
    return [b - g if b is not None and g is not None else None for b, g in zip(bare, given, strict=True)]
