"""Examples one after another in one row, each seeing itself alone: no padding, and nothing learnt across a boundary.

The attention is torch's own, called once for each example: it needs no kernel beside, and runs on CPUs and GPUs
alike. Layers that are no attention (recurrences, convolutions) have to keep the boundary themselves, which not all do;
and some models' attention is more than that (capped scores, sinks, biases by distance). So every model is probed
before it is trained.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv

ATTENTION = "humpback_packed"
# Longest of the two examples that are compared.
PROBE_TOKENS = 48


class Moved(NamedTuple):
    """How far the logits of an example move, as a share of the largest logit.

    `leak`: with what stands before it in its row. `error`: from those of the model's own attention on the example alone.
    """

    leak: float
    error: float


# In float32, in which every base is opened. The first has no rounding in it: both rows are computed alike.
ALLOWED = Moved(1e-4, 1e-3)


def packed_attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, dropout: float = 0.0, scaling: float | None = None,
    sliding_window: int | None = None, cu_seq_lens_q: Any = None, **_: Any,
) -> tuple[Any, None]:  # fmt: skip
    """Causal attention inside each example. query: (1, heads, tokens, size); `cu_seq_lens_q`: (examples + 1) boundaries."""
    groups = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    ends = [0, query.shape[2]] if cu_seq_lens_q is None else cu_seq_lens_q.tolist()
    lengths = [end - start for start, end in pairwise(ends)]
    made = [
        scaled_dot_product_attention(q, k, v, **seen(q, sliding_window), dropout_p=dropout, scale=scaling)
        for q, k, v in zip(*(each.split(lengths, dim=2) for each in (query, key, value)), strict=True)
    ]
    return torch.cat(made, dim=2).transpose(1, 2).contiguous(), None


def seen(query: Any, window: int | None) -> dict[str, Any]:
    """Which tokens each token sees: all before it, or the nearest `window`."""
    length = query.shape[2]
    if not window or length <= window:
        return {"is_causal": True}
    place = torch.arange(length, device=query.device)
    behind = place[:, None] - place[None, :]
    return {"attn_mask": (behind >= 0) & (behind < window)}


AttentionInterface.register(ATTENTION, packed_attention)


@torch.no_grad()
def probe(model: Any, examples: list[list[int]]) -> Moved:
    """How far the logits of one of `examples` move when it is packed; raises what a model raises that refuses to be."""
    trained = model.training
    model.eval()
    first, second = ([*each, *each][:PROBE_TOKENS] for each in (examples[0], examples[-1]))
    # Strangers of the same length: the arithmetic is the same, so that what moves has leaked and was not rounded.
    stranger = [(token + 1) % model.config.get_text_config().vocab_size for token in first]
    packed, beside = (model(**_row(model, [other, second])).logits[0, -len(second) :] for other in (first, stranger))
    with _own_attention(model):
        alone = model(input_ids=torch.tensor([second], device=model.device), use_cache=False).logits[0]
    model.train(trained)
    largest = alone.float().abs().max()
    leak, error = (float((each.float() - packed.float()).abs().max() / largest) for each in (beside, alone))
    return Moved(leak, error)


@contextmanager
def _own_attention(model: Any) -> Iterator[None]:
    """Inside, `model` attends as its authors wrote it."""
    used = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(used)


def _row(model: Any, examples: list[list[int]]) -> dict[str, Any]:
    """What the collator of a packed batch gives the model."""
    ends = [0]
    for each in examples:
        ends.append(ends[-1] + len(each))
    bounds = torch.tensor(ends, dtype=torch.int32, device=model.device)
    longest = max(map(len, examples))
    places = [[i for each in examples for i in range(len(each))]]
    numbers = [[n for n, each in enumerate(examples) for _ in each]]
    return {
        "input_ids": torch.tensor([[token for each in examples for token in each]], device=model.device),
        "position_ids": torch.tensor(places, device=model.device),
        "seq_idx": torch.tensor(numbers, dtype=torch.int32, device=model.device),
        "cu_seq_lens_q": bounds, "cu_seq_lens_k": bounds, "max_length_q": longest, "max_length_k": longest,
        "use_cache": False,
    }  # fmt: skip
