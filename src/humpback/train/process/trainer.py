"""TRL's trainer, with the loss computed where there is one: the logits of prompts are never made."""

from typing import Any

import torch
from torch.nn.functional import cross_entropy
from trl import SFTTrainer

# Logits of so many bytes in float32 are held at once; beyond, TRL computes them in chunks, and slower.
LOGIT_BYTES = 1 << 30


class Trainer(SFTTrainer):  # type: ignore[misc]
    """Loss: summed over the targets of the whole step, on all devices, and divided by their number."""

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Mean negative log-probability of the targets, in nats per token."""
        goal = torch.nn.functional.pad(inputs["labels"][:, 1:], (0, 1), value=-100)
        places = (goal >= 0).any(0).nonzero().flatten()
        vocabulary = self.model.config.get_text_config().vocab_size
        large = 4 * goal.shape[0] * len(places) * vocabulary > LOGIT_BYTES
        # TRL adds the loss that balances a router, where a model has one.
        if return_outputs or large or self.aux_loss_enabled or not len(places):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        given = {name: value for name, value in inputs.items() if name != "labels"}
        logits = model(**given, use_cache=False, logits_to_keep=places).logits
        loss = cross_entropy(logits.flatten(0, 1).float(), goal[:, places].flatten(), reduction="sum")
        count = (goal >= 0).sum() if num_items_in_batch is None else num_items_in_batch
        return loss * self.accelerator.num_processes / count
