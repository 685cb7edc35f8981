"""Examples one after another in one row, each seeing itself alone: no padding, and nothing learnt across a boundary.

The attention is torch's own, called once for each example: it needs no kernel beside, and runs on CPUs and GPUs
alike. Layers that are no attention (recurrences, convolutions) have to keep the boundary themselves, which not all do;
so `apart` asks every model before it is trained.
"""

from itertools import pairwise
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv

ATTENTION = "humpback_packed"
# Longest of the two examples that are compared, and how far their logits may be apart: of the largest, in float32.
PROBE_TOKENS, TOLERANCE = 48, 1e-4


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
        scaled_dot_product_attention(q, k, v, **_seen(q, sliding_window), dropout_p=dropout, scale=scaling)
        for q, k, v in zip(*(each.split(lengths, dim=2) for each in (query, key, value)), strict=True)
    ]
    return torch.cat(made, dim=2).transpose(1, 2).contiguous(), None


def _seen(query: Any, window: int | None) -> dict[str, Any]:
    """Which tokens each token sees: all before it, or the nearest `window`."""
    length = query.shape[2]
    if not window or length <= window:
        return {"is_causal": True}
    place = torch.arange(length, device=query.device)
    behind = place[:, None] - place[None, :]
    return {"attn_mask": (behind >= 0) & (behind < window)}


AttentionInterface.register(ATTENTION, packed_attention)


@torch.no_grad()
def apart(model: Any, examples: list[list[int]], vocabulary: int) -> float:
    """How far the logits of an example move when others stand before it in the row, as a share of the largest logit.

    The others are as they are, and then others of the same length, since a leak may be small.
    """
    trained = model.training
    model.eval()
    first, second = ([*each, *each][:PROBE_TOKENS] for each in (examples[0], examples[-1]))
    stranger = [(token + 1) % vocabulary for token in first]
    alone = model(**_row(model, [second])).logits[0, -len(second) :].float()
    moved = [
        (model(**_row(model, [other, second])).logits[0, -len(second) :].float() - alone).abs().max()
        for other in (first, stranger)
    ]
    model.train(trained)
    return float(max(moved) / alone.abs().max())


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
