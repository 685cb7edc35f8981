"""Nucleus sampling in which the n-th draw of a row is a function of its seed and n alone.

Written out because `generate` of transformers has one random state for a whole batch: a run resumed in other batches would
end in other rows.
"""

from collections.abc import Sequence
from typing import Any

import torch

from humpback.lm import Sampling

# The likeliest tokens that are looked at first.
HEAD = 256


class Draws:
    """The draws of the rows of one batch, one seed each."""

    def __init__(self, seeds: Sequence[int], sampling: Sampling, device: Any) -> None:
        self.sampling = sampling
        steps = sampling.max_new_tokens
        rows = [torch.rand(steps, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        self.uniform = torch.stack(rows).to(device)

    def next(self, logits: Any, chosen: list[Any], step: int) -> tuple[Any, Any]:
        """(token, its log-probability under the unscaled model) for each row; `logits` is (rows, vocabulary)."""
        raw = torch.log_softmax(logits, dim=-1)
        if chosen and self.sampling.repetition_penalty != 1.0:
            seen = torch.stack(chosen, 1)
            values = logits.gather(1, seen)
            penalty = self.sampling.repetition_penalty
            logits = logits.scatter(1, seen, torch.where(values > 0, values / penalty, values * penalty))
        if self.sampling.temperature == 0:
            token = logits.argmax(-1)
        else:
            token = self._nucleus(logits / self.sampling.temperature, self.uniform[:, step])
        return token, raw.gather(1, token[:, None])[:, 0]

    def _nucleus(self, logits: Any, uniform: Any) -> Any:
        probability = torch.softmax(logits, dim=-1)
        # To sort a vocabulary takes longer than the model does; a nucleus seldom reaches beyond its likeliest tokens.
        head = _likeliest(probability, min(HEAD, logits.shape[-1]))
        # Of those that are as likely as the last some may be missing.
        sure = torch.where(head[0] > head[0][:, -1:], head[0], 0.0).sum(-1)
        reaches = bool((sure < self.sampling.top_p).any())
        mass, order = probability.sort(dim=-1, descending=True, stable=True) if reaches else head
        inside = (mass.cumsum(-1) - mass) < self.sampling.top_p
        steps = torch.where(inside, mass, 0.0).cumsum(-1)
        place = (steps < (uniform * steps[:, -1])[:, None]).sum(-1, keepdim=True).clamp(max=mass.shape[-1] - 1)
        return order.gather(1, place)[:, 0]


def _likeliest(probability: Any, width: int) -> tuple[Any, Any]:
    """(probabilities, tokens) of the `width` likeliest tokens of each row, equal ones in the order of the vocabulary."""
    tokens = probability.topk(width, dim=-1, sorted=False).indices.sort(dim=-1).values
    values, order = probability.gather(1, tokens).sort(dim=-1, descending=True, stable=True)
    return values, tokens.gather(1, order)
