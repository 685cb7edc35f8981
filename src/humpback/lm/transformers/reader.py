"""Passes of a model over rows of token ids. What rows have in common at their head is computed once.

Rows of several lengths are padded on the right as far as the model's `Layout` allows it: then no mask is needed where
nothing was read before, since no token sees what comes after it, and kernels without a mask are up to twice as fast. Else
they are padded on the left, where the layout allows that, and what allows neither is read length by length.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
import transformers

# A head shorter than this costs more to copy than to compute again.
SHORTEST_HEAD = 16
Ids = list[int]
# Under which names models take and give what they keep of tokens that they have read.
PASTS = ("past_key_values", "cache_params", "state")


@dataclass(frozen=True)
class Layout:
    """How rows of several lengths may lie in one batch, by their padded width in tokens, those to be written included.

    `right`: up to which width on the right; heads are shared up to there too. `left`: up to which width on the left.
    `selects`: whether the cache of one row can be handed on to several. `brings`: whether the model makes its cache itself.
    """

    right: float
    left: float
    selects: bool = True
    brings: bool = True


@dataclass(frozen=True)
class Read:
    """What a pass gave: logits (places, vocabulary), the mask (rows, tokens so far), and the cache."""

    logits: Any
    mask: Any
    cache: Any


class Reader:
    """A model, what it pads with, and how its rows may lie."""

    def __init__(self, model: Any, pad: int, layout: Layout) -> None:
        self.model, self.pad, self.layout, self.device = model, pad, layout, model.device
        known = takes(model)
        self._past = next((name for name in PASTS if name in known), PASTS[0])
        self._told = {"attention_mask", "position_ids"} & known

    def mixes(self, width: int) -> bool:
        """Whether rows of several lengths may stand in a batch that is padded to `width` tokens."""
        return width <= max(self.layout.right, self.layout.left)

    def read(self, rows: list[Ids], wanted: list[list[int]], cached: bool = False, writes: int = 0) -> Read:
        """The logits at the places `wanted` of each row; with a cache where so many more tokens are to be written.

        What all rows begin with, before those places, is computed once.
        """
        width = max(map(len, rows)) + writes
        if len(set(map(len, rows))) > 1 and not self.mixes(width):
            return self._by_length(rows, wanted)
        first = min((places[0] for places in wanted if places), default=0)
        head = min(self.shared(rows, writes), first)
        if head < SHORTEST_HEAD:
            return self._forward(rows, wanted, width <= self.layout.right, None, cached)
        return self.behind(self.begun(rows[0][:head]), rows, wanted, cached)

    def shared(self, rows: list[Ids], writes: int = 0) -> int:
        """How many tokens at the head of all `rows` are to be read once for all of them; 0 where it would not pay."""
        if len(rows) < 2 or max(map(len, rows)) + writes > self.layout.right:
            return 0
        head = common(rows)
        return head if head >= SHORTEST_HEAD else 0

    def begun(self, head: Ids) -> Read:
        """A pass over what rows begin with. Any number of batches can go on from it (`behind`)."""
        return self._forward([head], [[0]], True, None, cached=True)

    def behind(self, start: Read, rows: list[Ids], wanted: list[list[int]], cached: bool = False) -> Read:
        """`read` of rows that begin with what `start` has read, as far as it is `shared`."""
        head = start.mask.shape[1]
        cache = deepcopy(start.cache)
        cache.batch_repeat_interleave(len(rows))
        tails, places = [row[head:] for row in rows], [[place - head for place in each] for each in wanted]
        return self._forward(tails, places, True, (start.mask.expand(len(rows), -1), cache), cached)

    def after(self, heads: list[Ids], source: list[int], tails: list[Ids], wanted: list[list[int]]) -> Read:
        """The logits at the places `wanted` of `tails`, of which the i-th stands behind heads[source[i]].

        Each head is read once. For rows that may (`goes_on`).
        """
        start = self.read(heads, [[0] for _ in heads], cached=True, writes=max(map(len, tails)))
        rows = torch.tensor(source, device=self.device)
        start.cache.batch_select_indices(rows)
        return self._forward(tails, wanted, True, (start.mask[rows], start.cache))

    def goes_on(self, width: int) -> bool:
        """Whether several rows, padded to `width` tokens in all, may go on from what was read of one."""
        return self.layout.selects and width <= self.layout.right

    def next(self, tokens: Any, read: Read) -> Read:
        """One more token for each row that `read` has read: tokens (rows)."""
        mask = torch.cat([read.mask, read.mask.new_ones(len(tokens), 1)], dim=1)
        shown = self._shown(mask, 1)
        made = self.model(input_ids=tokens[:, None], use_cache=True, **{self._past: read.cache}, **shown)
        return Read(made.logits[:, -1], mask, getattr(made, self._past, read.cache))

    def _by_length(self, rows: list[Ids], wanted: list[list[int]]) -> Read:
        """Rows that may not be padded, those of one length at a time."""
        parts: dict[int, Any] = {}
        for length in sorted(set(map(len, rows))):
            own = [i for i, row in enumerate(rows) if len(row) == length]
            logits = self.read([rows[i] for i in own], [wanted[i] for i in own]).logits
            parts |= dict(zip(own, torch.split(logits, [len(wanted[i]) for i in own]), strict=True))
        return Read(torch.cat([parts[i] for i in range(len(rows))]), None, None)

    def _forward(
        self, rows: list[Ids], wanted: list[list[int]], right: bool, past: tuple[Any, Any] | None, cached: bool = False
    ) -> Read:
        """One pass over `rows`, each going on where the row of the same place in `past` (mask, cache) stopped."""
        width = max(map(len, rows))
        starts = [0 if right else width - len(row) for row in rows]
        tokens, mask = (each.to(self.device) for each in _padded(rows, self.pad, starts, width))
        flat = [i * width + starts[i] + place for i, places in enumerate(wanted) for place in places]
        before, cache = past or (mask[:, :0], None)
        whole = torch.cat([before, mask], dim=1)
        shown = self._shown(whole, width) if past or not right else {}
        if cached and not self.layout.brings and cache is None:
            cache = transformers.DynamicCache(config=self.model.config.get_text_config(decoder=True))
        with _picked(self.model, flat):
            made = self.model(input_ids=tokens, use_cache=cached or past is not None, **{self._past: cache}, **shown)
        return Read(made.logits[0], whole, getattr(made, self._past, cache))

    def _shown(self, mask: Any, width: int) -> dict[str, Any]:
        """What the model takes of the mask, and of the positions of the last `width` tokens."""
        # A recurrence has no use for what it no longer sees.
        seen = mask if self._past == PASTS[0] else mask[:, -width:]
        shown = {"attention_mask": seen, "position_ids": (mask.cumsum(1) - 1).clamp(min=0)[:, -width:]}
        return {name: value for name, value in shown.items() if name in self._told}


def takes(model: Any) -> set[str]:
    """What `model` can be told in a pass."""
    return set(inspect.signature(model.forward).parameters)


@contextmanager
def _picked(model: Any, places: list[int]) -> Iterator[None]:
    """Inside, `model` computes logits for `places` alone, counted over all tokens of the batch: (1, places, vocabulary)."""

    def pick(_: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = given[0].reshape(1, -1, given[0].shape[-1])
        return (hidden[:, torch.tensor(places, device=hidden.device)], *given[1:])

    handle = model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        handle.remove()


def common(rows: list[Ids]) -> int:
    """How many tokens all of `rows` begin with, short of the whole of any."""
    low, high = min(rows), max(rows)
    shortest = min(map(len, rows)) - 1
    return next((i for i in range(shortest) if low[i] != high[i]), shortest)


def _padded(rows: list[Ids], pad: int, starts: list[int], width: int) -> tuple[Any, Any]:
    """(tokens, mask) of `rows`, each from its start on."""
    tokens = [[pad] * at + row + [pad] * (width - at - len(row)) for row, at in zip(rows, starts, strict=True)]
    mask = [[0] * at + [1] * len(row) + [0] * (width - at - len(row)) for row, at in zip(rows, starts, strict=True)]
    return torch.tensor(tokens), torch.tensor(mask)
