"""What the forward model makes of pairs, in one reading: gain, IFD, end and worst sentence, as far as it tells them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from humpback.errors import LMError
from humpback.lm import LM
from humpback.lm.likelihood import Likelihood, likelihoods
from humpback.schema import Row

T = TypeVar("T")


def likelihood_columns(rows: Sequence[Row], lm: LM, tag: str, max_tokens: int) -> list[Row]:
    """gain, ifd, whole and worst_sentence of each row; null where the pair does not fit, or the model does not tell."""
    pairs = [(row["instruction"], row["response"]) for row in rows]
    measured = if_it_can(partial(likelihoods, pairs, lm, tag, max_tokens)) or [Likelihood(None, None, 0)] * len(rows)
    return [{"gain": each.gain, "ifd": each.ifd, "whole": each.end, "worst_sentence": each.worst} for each in measured]


def if_it_can(call: Callable[[], T]) -> T | None:
    """What `call` returns, or None if the model cannot do such a thing at all; what may succeed later is raised."""
    try:
        return call()
    except LMError as error:
        if error.retryable:
            raise
        return None
