"""What the forward model makes of pairs: the gain and IFD of each, where it gives log-probabilities at all."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from humpback.errors import LMError
from humpback.lm import LM
from humpback.lm.likelihood import likelihoods
from humpback.schema import Row

T = TypeVar("T")


def likelihood_columns(rows: Sequence[Row], lm: LM, tag: str, max_tokens: int) -> list[Row]:
    """gain and ifd of each row; null where the pair does not fit, or the model gives no log-probabilities."""
    pairs = [(row["instruction"], row["response"]) for row in rows]
    measured = if_it_can(partial(likelihoods, pairs, lm, tag, max_tokens))
    if measured is None:
        return [{"gain": None, "ifd": None} for _ in rows]
    return [{"gain": each.gain, "ifd": each.ifd} for each in measured]


def if_it_can(call: Callable[[], T]) -> T | None:
    """What `call` returns, or None if the model cannot do such a thing at all; what may succeed later is raised."""
    try:
        return call()
    except LMError as error:
        if error.retryable:
            raise
        return None
