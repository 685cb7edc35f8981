"""TRL's trainer, with the loss computed where there is one: the logits of prompts are never made. Targets may be weighed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, pad
from trl import SFTTrainer

# Logits of so many bytes in float32 are held at once; beyond, TRL computes them in chunks, and slower.
LOGIT_BYTES = 1 << 30


@dataclass(frozen=True)
class Weighing:
    """Collates `weights` beside labels where the rows have them, in whatever layout `inner` gives the examples."""

    inner: Callable[[list[dict[str, Any]]], dict[str, Any]]

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch = self.inner(rows)
        if "weights" in rows[0]:
            # Padded or in one row, the targets stand in the order of the examples.
            weights = torch.zeros(batch["labels"].shape)
            weights[batch["labels"] >= 0] = torch.tensor([weight for row in rows for weight in row["weights"] if weight])
            batch["weights"] = weights
        return batch


class Trainer(SFTTrainer):  # type: ignore[misc]
    """Loss: summed over the targets of the whole step, on all devices, and divided by their number; where they have weights,
    each is multiplied by its own, and the sum divided by that of the weights.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.data_collator: Any = Weighing(self.data_collator)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """(micro-batches of a step, what their losses are divided by): the targets of all devices, or their weights."""
        batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        if count is not None and "weights" in batches[0]:
            weights = torch.stack([batch["weights"].sum() for batch in batches]).sum()
            count = self.accelerator.gather(weights.to(device)).sum()
        return batches, count

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """(Weighted) mean negative log-probability of the targets, in nats per token."""
        given = {name: value for name, value in inputs.items() if name != "weights"}
        goal = pad(given["labels"][:, 1:], (0, 1), value=-100)
        weights = pad(inputs["weights"][:, 1:], (0, 1)) if "weights" in inputs else None
        if weights is not None and num_items_in_batch is None:
            weights = weights * (goal >= 0).sum() / weights.sum().clamp(min=1)
        places = (goal >= 0).any(0).nonzero().flatten()
        vocabulary = self.model.config.get_text_config().vocab_size
        large = 4 * goal.shape[0] * len(places) * vocabulary > LOGIT_BYTES
        # TRL adds the loss that balances a router, where a model has one.
        if return_outputs or self.aux_loss_enabled or self._any(large or not len(places)):
            asked = model if weights is None else _weighing(model, weights)
            return super().compute_loss(asked, given, return_outputs, num_items_in_batch)
        del given["labels"]
        logits = model(**given, use_cache=False, logits_to_keep=places).logits.flatten(0, 1).float()
        if weights is None:
            loss = cross_entropy(logits, goal[:, places].flatten(), reduction="sum")
        else:
            # No product of matrices, which autocast would round.
            losses = cross_entropy(logits, goal[:, places].flatten(), reduction="none")
            loss = (weights[:, places].flatten() * losses).sum()
        count = (goal >= 0).sum() if num_items_in_batch is None else num_items_in_batch
        return loss * self.accelerator.num_processes / count

    def _any(self, here: bool) -> bool:
        """Whether it holds on any process: TRL gathers figures of all of them, and would wait for who goes another way."""
        if self.accelerator.num_processes == 1:
            return here
        return bool(self.accelerator.gather(torch.tensor([here], device=self.accelerator.device)).any())


def _weighing(model: Any, weights: Any) -> Callable[..., Any]:
    """`model` as TRL calls it, its log-probabilities, (batch, tokens - 1), multiplied by `weights`, (batch, tokens)."""

    def weighed(**given: Any) -> Any:
        out = model(**given)
        out.log_probs = out.log_probs * weights[:, :-1]
        return out

    return weighed
