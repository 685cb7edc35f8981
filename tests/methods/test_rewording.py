"""Rules that change the form of an instruction and not what it asks for."""

import json
from pathlib import Path

import pytest

from humpback.methods.rewording import MEASURED, TAUGHT, rewordings
from humpback.recipes import demo

SEED = [json.loads(line)["instruction"] for line in Path(demo.MATERIAL / "seed.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("How do I oil a chain?", "Explain how to oil a chain."),
        ("What is the boiling point of tin?", "Explain what the boiling point of tin is."),
        ("Explain how to oil a chain.", "How do I oil a chain?"),
        ("Write a poem about rain.", "Could you write a poem about rain?"),
    ],
)
def test_questions_become_commands_and_commands_questions(text: str, wanted: str) -> None:
    """Frames alone would teach to skip a frame."""
    assert wanted in rewordings(text, TAUGHT)


@pytest.mark.parametrize("text", ["What is causing my cough?", "How do birds know the way?", "What is it, and why?"])
def test_what_a_rule_would_garble_it_leaves_alone(text: str) -> None:
    """ "Explain what causing my cough is." is no English."""
    assert not [each for each in rewordings(text, TAUGHT) if each.startswith(("Explain", "Please show"))]


def test_what_is_taught_is_not_what_is_measured() -> None:
    """Measured with the words of the training, robustness would be memory."""
    for text in SEED:
        assert not set(rewordings(text, TAUGHT)) & set(rewordings(text, MEASURED))


def test_the_seed_has_six_wordings_and_none_is_the_instruction() -> None:
    """Fewer wordings than the measurement asks for leave the pair out of its mean."""
    counts = [len(rewordings(text, MEASURED)) for text in SEED]
    assert sum(count >= 5 for count in counts) > 0.95 * len(SEED)
    assert all(text not in rewordings(text, which) for text in SEED for which in (TAUGHT, MEASURED))


def test_other_languages_have_none() -> None:
    """English words around a German question."""
    assert rewordings("Wie öle ich eine Kette?", TAUGHT) == rewordings("如何给链条上油？", MEASURED) == []


def test_a_text_that_was_brought_along_stays_as_it_is() -> None:
    """A rule for one sentence would cut code or a letter at its first full stop."""
    text = "Fix this.\n\ndef f(x): return x.\n"
    assert rewordings(text, TAUGHT) and all(text.strip() in each for each in rewordings(text, TAUGHT))
