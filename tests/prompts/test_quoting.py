"""Quoted text stays quoted."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.prompts.quoting import quoted


def test_each_line_is_marked() -> None:
    """A line without its mark reads as the prompt's own words."""
    assert quoted("a\n\nb\tc") == "> a\n> \n> b\tc"
    assert quoted("") == "> "


@pytest.mark.parametrize("code", [c for c in range(sys.maxunicode) if len(f"a{chr(c)}b".splitlines()) > 1])
def test_every_line_break_is_one(code: int) -> None:
    """Some readers see a line where others see a character: the text could leave its quotation for one of them."""
    assert quoted(f"a{chr(code)}b") == "> a\n> b"
    assert quoted("a\r\nb") == "> a\n> b"


@pytest.mark.parametrize("code", [0, 8, 0x1B, 0x7F, 0x9B, 0xAD, 0x200B, 0x200F, 0x202E, 0x2066, 0xFEFF, 0xE0041])
def test_what_cannot_be_seen_is_removed(code: int) -> None:
    """Hidden characters can carry orders that no reader of the prompt sees."""
    assert quoted(f"a{chr(code)}b") == "> ab"


@given(st.text())
def test_nothing_leaves_the_quotation(text: str) -> None:
    """Whatever is quoted, by whatever definition of a line."""
    assert all(line.startswith("> ") for line in quoted(text).splitlines())
