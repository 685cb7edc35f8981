"""What kinds of texts and requests are kept."""

import pytest

from humpback.evaluate.selection.kinds import measure, request_kind, text_kind


@pytest.mark.parametrize(("text", "kind"), [
    ("Do this:\n\n```\nls -l\n```", "code"), ("1. Wash it.\n2. Dry it.", "steps"),
    ("Step 1 wash it\nStep 2 dry it", "steps"), ("- a\n- b\n- c", "list"), ("| a | b |\n| 1 | 2 |", "table"),
    ("I went home, and my dog was there. We ate.", "told by somebody"),
    ("The tide turns twice a day, 50 minutes later each time.", "prose"), ("In 1. FC Köln, a club.", "prose"),
])  # fmt: skip
def test_texts_by_their_form(text: str, kind: str) -> None:
    assert text_kind(text) == kind


@pytest.mark.parametrize(("asked", "kind"), [
    ("How do I oil a chain?", "how"), ("Please explain tides.", "tell"), ("Could you please write a poem?", "write"),
    ("Can you swim?", "yes or no"), ("What is a tide?", "what"), ("Which is best?", "which, who, when, where"),
    ("WHY is it so", "why"), ("Tides.", "other"), ("", "other"), ("However it is", "other"), ("Is it true?", "yes or no"),
])  # fmt: skip
def test_requests_by_how_they_begin(asked: str, kind: str) -> None:
    assert request_kind(asked) == kind


def test_the_yield_of_each_cell() -> None:
    """Whether a judge keeps one kind of request alone (paper's reviewer 2), beside what the seed asks."""

    def row(asked: str, text: str = "Prose alone.") -> dict[str, str]:
        return {"instruction": asked, "response": text}

    kept = [row("How?")] * 6 + [row("Write a poem.", "- a\n- b\n- c")]
    dropped = [row("How?")] * 2 + [row("What?")] * 9
    found = {
        (row["metric"], row["part"], row["split"]): row
        for row in measure([row("How?")] * 4, kept, dropped, {"model": "M_0"})
    }
    assert (found["yield", "prose, how", ""]["value"], found["yield", "prose, how", ""]["n"]) == (0.75, 8)
    assert found["yield", "prose, what", ""]["value"] == 0 and ("yield", "list, write", "") not in found
    assert found["request_share", "how", "seed"]["value"] == 1 and found["request_share", "how", "kept"]["value"] == 6 / 7
    assert (
        sum(row["value"] for (metric, _, split), row in found.items() if metric == "request_share" and split == "dropped")
        == 1
    )
