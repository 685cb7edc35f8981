"""How much a text says by its scripts."""

import pytest

from humpback.text.scripts import count_bytes, density, latin_length


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("", 1, 1), ("Bees fly late.", 1, 1), ("Größe, déjà vu", 1, 1), ("Пчёлы летают", 1, 1),
     ("蜂箱要放在阳光下", 3.9, 4), ("蜂の巣箱はひ", 1.2, 4),
     ("벌통은 햇볕이", 2, 2.5), ("蜂 bee", 1.5, 2)],
)  # fmt: skip
def test_what_a_character_is_worth(text: str, least: float, most: float) -> None:
    """Bounds in Latin characters dropped nearly the whole of Chinese pages."""
    assert least <= density(text) <= most


def test_lengths_in_latin_characters() -> None:
    """Only what is of a denser script counts more, and by what the caller says it is worth."""
    assert latin_length("蜂箱 in the sun", 13) == 13 + 2 * 3
    assert latin_length("蜂箱", 2, {"han": 2.0}) == 4
    assert count_bytes(b"abcab", b"ab") == 4
