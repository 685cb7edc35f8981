"""How the rows of a model may lie in a batch: read off the cache that it makes and its config, tried where these are new.

Padding on the right, and a cache that is handed from one row to several, are right where each token attends to all before it
and is told its position. A window counts places: what was padded behind a short prompt pushes the prompt out of it. So a
window holds as far as it reaches, and beyond that rows are padded on the left, which moves no token away from another.
"""

import re
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

from humpback.errors import UsageFault
from humpback.lm.transformers.reader import Layout, Reader, takes

# Attention that ends somewhere (0 or None: nowhere), and attention on a grid of blocks, which padding shifts.
_WINDOW = re.compile(r"(window|window_size|window_len|attention_chunk_size)$")
_BLOCK = re.compile(r"block_size$")
# What batches may move a logit by, as a share of the largest: in float32, and in halves of it.
ALLOWED, ALLOWED_HALF = 1e-3, 0.1
SHORT, LONG, MORE = 5, 40, 3
INFINITE = float("inf")


@dataclass(frozen=True)
class Found:
    """What a first pass told: the layout, and the bytes that a token takes in the cache."""

    layout: Layout
    token_bytes: int


@torch.inference_mode()
def find(model: Any, pad: int, name: str) -> Found:
    """Read a few tokens with `model`; raises `UsageFault` where it goes on from its cache otherwise than from all tokens."""
    text = model.config.get_text_config()
    # From the middle of the vocabulary, where no pad or other special token stands.
    tokens = [(text.vocab_size // 3 + 7 * i) % text.vocab_size for i in range(LONG + 1)]
    try:
        cache = Reader(model, pad, Layout(0, 0)).read([tokens[:2]], [[1]], cached=True).cache
        layout = _known(model, text, cache) or _tried(model, pad, text, tokens, brings=cache is not None)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise _refused(name, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from None
    if layout is None:
        raise _refused(name, "with its past in a cache it answers otherwise than without")
    layers = getattr(cache, "layers", ())
    kept = [getattr(layer, name, None) for layer in layers for name in ("keys", "values")]
    return Found(layout, sum(each.nbytes for each in kept if isinstance(each, torch.Tensor)) // 2)


def _refused(name: str, why: str) -> UsageFault:
    return UsageFault(f"{name} is no language model that this backend can ask: {why}", "take another, or ask it by a server")


def _known(model: Any, text: Any, cache: Any) -> Layout | None:
    """The layout of layers that are full attention or a window; None where there are others, or no positions are told."""
    if type(cache) is not DynamicCache or "position_ids" not in takes(model):
        return None
    if {type(each) for each in cache.layers} - {DynamicLayer, DynamicSlidingWindowLayer}:
        return None
    windows = [each.sliding_window for each in cache.layers if isinstance(each, DynamicSlidingWindowLayer)]
    blocks = _signs(text, _BLOCK)
    return Layout(min([INFINITE, *windows, *_signs(text, _WINDOW), *blocks]), min([INFINITE, *blocks]))


def _signs(text: Any, pattern: re.Pattern[str]) -> list[int]:
    """The numbers above 0 that the config has under names that say so; a window may be in no cache but in the mask alone."""
    return [value for name, value in text.to_dict().items() if type(value) is int and value > 0 and pattern.search(name)]


def _tried(model: Any, pad: int, text: Any, tokens: list[int], brings: bool) -> Layout | None:
    """Padding on the left if it changes nothing here, else none; None if a row goes wrong even so."""
    for left in (min([INFINITE, *_signs(text, _BLOCK)]), 0):
        layout = Layout(0, left, selects=False, brings=brings)
        if _agrees(Reader(model, pad, layout), tokens):
            return layout
    return None


def _agrees(reader: Reader, tokens: list[int]) -> bool:
    """Whether the rows of a batch, as they lie in the layout, and some more tokens of each come out as each does alone."""
    mixed, alike = [tokens[:SHORT], tokens[:LONG]], [tokens[:LONG], tokens[1 : LONG + 1]]
    allowed = ALLOWED if reader.model.dtype == torch.float32 else ALLOWED_HALF
    for rows in [mixed, alike] if reader.mixes(LONG + MORE) else [alike]:
        # One after the other: some models keep what they have read in themselves, and another pass would end it.
        reads = [reader.read(rows, [[len(row) - 1] for row in rows], cached=True, writes=MORE)]
        for token in tokens[:MORE]:
            reads.append(reader.next(torch.tensor([token] * len(rows), device=reader.device), reads[-1]))
        for n, read in enumerate(reads):
            alone = [reader.read([row + tokens[:n]], [[len(row) + n - 1]]).logits[0] for row in rows]
            whole = torch.stack(alone).float()
            if (read.logits.float() - whole).abs().max() > allowed * whole.abs().max():
                return False
    return True
