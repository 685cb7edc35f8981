"""Nucleus sampling in which the n-th draw of a row is a function of its seed and n alone.

Written out because `generate` of transformers has one random state for a whole batch: a run resumed in other batches would
end in other rows.
"""

from collections.abc import Sequence
from typing import Any

import torch

from humpback.lm import Sampling


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
        probability, order = torch.softmax(logits, dim=-1).sort(dim=-1, descending=True, stable=True)
        mass = probability.cumsum(-1)
        inside = (mass - probability) < self.sampling.top_p
        kept = torch.where(inside, probability, 0.0)
        steps = kept.cumsum(-1)
        place = (steps < (uniform * steps[:, -1])[:, None]).sum(-1, keepdim=True).clamp(max=logits.shape[-1] - 1)
        return order.gather(1, place)[:, 0]
