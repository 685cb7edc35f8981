"""Rewrites that are none."""

from typing import Any

import pytest

from humpback.guards.rewrites import RewriteGuards, rewrite_fault
from humpback.schema import Row

DRAFT = (
    "Sharpen the chisel on a stone of 1000 grit. Hold it at 25 degrees, and draw it towards you. Then hone it on leather, "
    "ten times."
)


def row(response: str, draft: str = DRAFT, **more: Any) -> Row:
    return {"instruction": "How do I sharpen a chisel in Leeds?", "response": response, "draft": draft, "lang": "en", **more}


@pytest.mark.parametrize(("response", "reason"), [
    ("Use a stone of 1000 grit, held at 25 degrees and drawn towards you, then hone the chisel on leather.", None),
    ("In Leeds as elsewhere: a stone of 1000 grit, at 25 degrees, and leather.", None),
    ("I'm sorry, but I can't help with that request, as it is about a sharp tool.", "refused"),
    ("On a stone.", "rewrite_too_short"), (f"{DRAFT} {DRAFT}", "rewrite_too_long"),
    ("Schärfen Sie das Stemmeisen auf einem Stein und ziehen Sie es zu sich. Danach wird es auf Leder abgezogen.",
     "other_language"),
    ("Sharpen the chisel on a stone of 3000 grit, at 25 degrees, and hone it.", "fact_added"),
    ("Sharpen the chisel as Stanley says, on a stone of 1000 grit, and hone it.", "fact_added"),
])  # fmt: skip
def test_each_fault_has_its_reason(response: str, reason: str | None) -> None:
    """A rewrite is taken for what its page says; what it adds, leaves out or says in another language is not that."""
    found = rewrite_fault(row(response), RewriteGuards())
    assert (found and found[0]) == reason and (found is None or found[1])


def test_bounds_are_settings_and_what_is_given_is_no_addition() -> None:
    """Headings are part of the page; a draft that refuses is a text about refusing."""
    named = row("As Stanley says, sharpen it on a stone of 1000 grit at 25 degrees.", header_path=["Tools", "Stanley's way"])
    assert rewrite_fault(named, RewriteGuards()) is None
    long = row(f"{DRAFT} {DRAFT}")
    assert rewrite_fault(long, RewriteGuards(longest=3.0)) is None
    assert rewrite_fault(row("It is 5 km. " * 8), RewriteGuards(facts=False)) is None
    sorry = "I'm sorry, but I can't help with that request. That is what it said, and no more, on that day."
    assert rewrite_fault(row(sorry, sorry), RewriteGuards()) is None
