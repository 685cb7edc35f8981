"""How much a text says, by the scripts that it is written in: 150 Chinese characters say what 600 Latin ones say."""

from collections.abc import Mapping
from typing import Literal

from humpback.text.sentences import blocks

# What a character of a script says, in Latin characters: least squares over the 3,697 paragraphs of the Debian
# handbook that are translated into Chinese, Japanese or Korean; Arabic is the mean of Arabic (1.29) and Persian (1.10).
# Cyrillic and Greek (0.9), and German or French, differ from English by less than a text differs from the next.
Script = Literal["han", "kana", "hangul", "arabic"]
SCRIPT_SCALE: dict[Script, float] = {"han": 4.0, "kana": 1.3, "hangul": 2.5, "arabic": 1.2}
_SCRIPT_BLOCKS: dict[Script, bytes] = {
    "han": bytes([0x2E, 0x2F, *range(0x34, 0xA0), 0xF9, 0xFA]),
    "kana": bytes([0x30, 0x31]),
    "hangul": bytes([0x11, *range(0xAC, 0xD8)]),
    "arabic": bytes([0x06, 0x07, 0x08, *range(0xFB, 0xFF)]),
}
_LIGHT_BLOCKS = bytes([*range(6), *range(0x1E, 0x28)])


def latin_length(text: str, n_chars: int, scale: Mapping[Script, float] = SCRIPT_SCALE) -> int:
    """`n_chars`, with each character of a denser script counted as the Latin ones that say as much."""
    if text.isascii():
        return n_chars
    dense = blocks(text).translate(None, _LIGHT_BLOCKS)
    if not dense:
        return n_chars
    worth = sum((scale.get(script, 1.0) - 1) * count_bytes(dense, found) for script, found in _SCRIPT_BLOCKS.items())
    return n_chars + round(worth)


def count_bytes(data: bytes, wanted: bytes) -> int:
    """How many bytes of `data` are among the `wanted` ones."""
    return len(data) - len(data.translate(None, wanted))


def density(text: str) -> float:
    """How many Latin characters one of `text` is worth on average; 1 for an empty text."""
    size = len(text)
    return latin_length(text, size) / size if size else 1.0
