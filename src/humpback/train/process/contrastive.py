"""Contrastive instruction tuning (CoIN, Yan et al. 2024, section 3): the same request in other words, the same state.

The negatives of a pair are all others of the step, in all its micro-batches and on all devices, which no loss of one
micro-batch can see. So a step takes two passes (gradient caching, Gao et al. 2021, section 3): one without a graph
for the hidden states, of which the loss of the whole batch gives the gradients; and one with a graph, micro-batch after
micro-batch, that hands these gradients on. Each triple brings its own pair and negative, so the data may be shuffled.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cosine_similarity, cross_entropy, normalize
from torch.utils.checkpoint import get_device_states, set_device_states

from humpback.train.config import ContrastConfig
from humpback.train.process.data import Tokens
from humpback.train.process.trainer import Trainer

# In a triple: an instruction, its paraphrase, its hard negative.
PARTS = 3


def contrastive_loss(states: torch.Tensor, groups: torch.Tensor, temperature: float) -> torch.Tensor:
    """Each instruction finds its paraphrase, and each paraphrase its instruction, among all others and all hard negatives.

    states: (n, 3, size); groups: (n, 2), numbers of the answers of pair and negative. Mean cross-entropy over rows and
    columns of cosine / `temperature`, in nats. What has the answer of a row itself is no negative of that row.
    """
    one, other, far = normalize(states.float(), dim=2).unbind(1)
    same = groups[:, :1] == groups[None, :, 0]
    same.fill_diagonal_(False)
    masked = torch.cat([same, groups[:, :1] == groups[None, :, 1]], dim=1)
    own = torch.arange(len(states), device=states.device)

    def found(of: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
        near = torch.cat([of @ among.T, of @ far.T], dim=1) / temperature
        return cross_entropy(near.masked_fill(masked, -torch.inf), own)

    return (found(one, other) + found(other, one)) / 2


def pooled(hidden: torch.Tensor, lengths: list[int], pooling: str) -> torch.Tensor:
    """One state for each example, (examples, size), of `hidden`: (examples, tokens, size) padded at the right, or
    (1, tokens, size) packed."""
    packed = len(hidden) != len(lengths)
    examples = torch.split(hidden[0], lengths) if packed else [row[:n] for row, n in zip(hidden, lengths, strict=True)]
    if pooling == "last":
        return torch.stack([each[-1] for each in examples])
    return torch.stack([each.mean(0) if pooling == "mean" else each.amax(0) for each in examples])


@dataclass(frozen=True)
class Triples:
    """Collates triples: all instructions, then all paraphrases, then, if the loss wants them, all hard negatives."""

    inner: Any
    contrasted: bool

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        split = [_parts(row) for row in rows]
        examples = [parts[i] for i in range(PARTS if self.contrasted else 2) for parts in split]
        batch: dict[str, Any] = self.inner(examples)
        if self.contrasted:
            batch["lengths"] = torch.tensor([len(each["input_ids"]) for each in examples])
            batch["groups"] = torch.tensor([row["groups"] for row in rows])
        return batch


def _parts(row: dict[str, Any]) -> list[Tokens]:
    """The examples that `data.triple` put one after another."""
    ends = torch.tensor(row["lengths"]).cumsum(0).tolist()
    starts = [0, *ends[:-1]]
    return [{name: row[name][a:b] for name in ("input_ids", "labels")} for a, b in zip(starts, ends, strict=True)]


class Draws:
    """The state of the random numbers as it is now, for a second pass that drops what the first one dropped."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.cpu = torch.get_rng_state()
        self.devices, self.states = get_device_states(tensor)

    @contextmanager
    def again(self) -> Iterator[None]:
        with torch.random.fork_rng(devices=self.devices):
            torch.set_rng_state(self.cpu)
            set_device_states(self.devices, self.states)
            yield


@dataclass(frozen=True)
class Pass:
    """What the second pass over a micro-batch of m needs: the draws of the first, the gradient of the weighted contrastive
    loss in its states, (3 * m, size), and its share of that loss."""

    draws: Draws
    slope: torch.Tensor
    share: torch.Tensor


class ContrastTrainer(Trainer):
    """L = L_gen + min(weight, sg(L_gen / L_ctr)) L_ctr; L_gen is the sum of the mean losses of both wordings' answers."""

    loss_is_scaled_for_ga = True

    def __init__(self, contrast: ContrastConfig, **rest: Any) -> None:
        super().__init__(**rest)
        self.contrast = contrast
        self.data_collator: Any = Triples(self.data_collator, contrast.weight > 0)
        self.of_step: list[dict[str, Any]] = []
        self._passes: list[Pass] = []

    def get_batch_samples(self, *args: Any, **rest: Any) -> Any:
        """The micro-batches of a step, which are kept until they are trained on."""
        self.of_step, count = super().get_batch_samples(*args, **rest)
        return self.of_step, count

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """The first pass over all micro-batches before the first of them, then the second over each."""
        if self.contrast.weight and not self._passes:
            model.train()
            self._passes = self._first_pass(model, num_items_in_batch)
        return super().training_step(model, inputs, num_items_in_batch)

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """The micro-batch's share of the loss; where the gradients are cached its value is put in the place of theirs."""
        if not self.contrast.weight:
            return 2 * super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        first = self._passes.pop(0)
        with first.draws.again():
            generation, states = self._forward(model, inputs)
        pull = (states.float() * first.slope).sum()
        loss = self.accelerator.num_processes * (2 * generation / num_items_in_batch + pull)
        return loss + (first.share - self.accelerator.num_processes * pull).detach()

    @torch.no_grad()
    def _first_pass(self, model: Any, count: Any) -> list[Pass]:
        draws, losses, states, groups = [], [], [], []
        for inputs in map(self._prepare_inputs, self.of_step):
            draws.append(Draws(inputs["input_ids"]))
            with self.compute_loss_context_manager():
                loss, made = self._forward(model, inputs)
            losses.append(loss)
            states.append(made.float().unflatten(0, (PARTS, -1)).transpose(0, 1))
            groups.append(inputs["groups"])
        generation = 2 * self.accelerator.gather(torch.stack(losses)).sum() / count
        slopes, share = self._slopes(torch.cat(states), torch.cat(groups), generation)
        parts = [each.transpose(0, 1).flatten(0, 1) for each in slopes.split([len(each) for each in states])]
        return [Pass(*each, share / len(parts)) for each in zip(draws, parts, strict=True)]

    def _slopes(self, states: Any, groups: Any, generation: Any) -> tuple[Any, Any]:
        """(gradients of this device's `states`, (n, 3, size); loss): of the weighted loss over the states of all devices."""
        everybody = self.accelerator.gather(states)
        with torch.enable_grad():
            leaf = everybody.detach().requires_grad_()
            loss = contrastive_loss(leaf, self.accelerator.gather(groups), self.contrast.temperature)
            (slope,) = torch.autograd.grad(loss, leaf)
        weight = (generation / loss.detach()).clamp(max=self.contrast.weight)
        self._note(everybody, loss)
        start = self.accelerator.process_index * len(states)
        return weight * slope[start : start + len(states)], (weight * loss).detach()

    def _note(self, states: Any, loss: Any) -> None:
        """For the log: the contrastive loss, and how near paraphrases and hard negatives are."""
        one, other, far = states.unbind(1)
        for name, value in (
            ("contrastive_loss", loss),
            ("paraphrase_cosine", cosine_similarity(one, other).mean()),
            ("negative_cosine", cosine_similarity(one, far).mean()),
        ):
            self._metrics["train"][name].append(value.item())

    def _forward(self, model: Any, inputs: Any) -> tuple[Any, Any]:
        """(summed negative log-probability of the targets, in nats; states of all examples)."""
        goal = torch.nn.functional.pad(inputs["labels"][:, 1:], (0, 1), value=-100)
        places = (goal >= 0).any(0).nonzero().flatten()
        given = {name: value for name, value in inputs.items() if name not in ("labels", "lengths", "groups")}
        out = model(**given, use_cache=False, logits_to_keep=places, output_hidden_states=True)
        loss = cross_entropy(out.logits.flatten(0, 1).float(), goal[:, places].flatten(), reduction="sum")
        return loss, pooled(out.hidden_states[-1], inputs["lengths"].tolist(), self.contrast.pooling)
