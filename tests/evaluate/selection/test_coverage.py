"""How much of the pages was used, and how often the same thing is asked."""

from typing import Any

import pytest

from humpback.evaluate.selection import coverage
from humpback.schema import Row


def pair(number: int, text: str, page: str | None, instruction: str) -> Row:
    return {"id": f"p{number}", "parent": text, "url": page, "instruction": instruction, "response": "So."}


def told(kept: list[Row], dropped: list[Row]) -> dict[tuple[str, str], Any]:
    made = coverage.measure([], kept, dropped, {"model": "M_0", "round": 1})
    return {(row["metric"], row["part"]): (row["value"], row["n"]) for row in made}


def test_texts_and_pages_with_a_pair() -> None:
    """Several pairs of a text cover it once; pairs of no page, as those made up, say nothing of pages."""
    kept = [pair(0, "a", "x", "Why is the sea salt?"), pair(1, "a", "x", "How do I oil a chain?")]
    dropped = [
        pair(2, "a", "x", "What?"),
        pair(3, "b", "x", "What?"),
        pair(4, "c", "y", "What?"),
        pair(5, "d", None, "What?"),
    ]
    found = told(kept, dropped)
    assert found["covered", "text"] == (0.25, 4) and found["covered", "page"] == (0.5, 2)
    assert ("covered", "page") not in told([pair(0, "a", None, "Why?")], [])


def test_near_copies_are_one_question() -> None:
    asked = ["How do I oil a chain?", "How do I oil the chain?", "How do I oil my chain?", "Why is the sea salt?"]
    value, n = told([pair(n, f"t{n}", None, text) for n, text in enumerate(asked)], [])["different", "instruction"]
    assert n == 4 and value == pytest.approx(0.5)
