"""Different questions stay, however many words they share; the same question in other words does not."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.curate.alike import unlike, words
from humpback.curate.select import Choice, CurateConfig, SelectStage, pick
from humpback.stage import Drop

LONG = (
    "I have a file with the readings of one year, one line a day, and every line holds a date and forty numbers that are "
    "parted by blanks. Write a program {} that reads it, finds the days on which {} of them are above the mean, and prints "
    "these days sorted by date, together with the number of readings{}."
)


def kept(*instructions: str, threshold: float = 0.5) -> list[int]:
    rows = [{"id": str(i), "instruction": text} for i, text in enumerate(instructions)]
    return [int(o["id"]) for o in unlike(threshold, rows) if not isinstance(o, Drop)]


DIFFERENT = [
    (
        "How do I sort a list in C?",
        "How do I sort a list in C++?",
        "How do I sort a list in C#?",
        "How do I sort a list in C++17?",
    ),
    ("What is 7 + 5?", "What is 7 - 5?", "What is 7 * 5?", "What is 7 / 5?", "What is 7^5?", "What is 75?"),
    ("For which x is x > 3?", "For which x is x < 3?", "For which x is x = 3?", "For which x is x >= 3?"),
    ("What is the root of 5?", "What is the root of -5?", "What is the root of 5.5?", "What is the root of 5!?"),
    ("Is a == b?", "Is a != b?", "Is a = b?"),
    ("What is 2*(3+4)?", "What is 2*3+4?", "What is 2**3+4?"),
    ("Draw y = x.", "Draw y = x².", "Draw y = x³."),
    ("What is f(2)?", "What is f'(2)?"),
    ("What do I get for $5?", "What do I get for €5?", "What do I get for 5%?", "What do I get for § 5?"),
    ("How do I bake bread with sugar?", "How do I bake bread without sugar?"),
    ("Can dogs eat grapes?", "Can't dogs eat grapes?", "Why can dogs eat grapes?"),
    ("What does vitamin A do?", "What does vitamin D do?", "What does a vitamin do?"),
    ("How do I get from Rome to Paris?", "How do I get from Paris to Rome?"),
    ("What does 😀 mean?", "What does 😢 mean?"),
    ("Wie spät ist es um 12:30?", "Wie spät ist es um 12:45?"),
    ("人工知能は必要ですか", "人工知能は不要ですか"),
]


@pytest.mark.parametrize("instructions", DIFFERENT, ids=lambda each: each[0])
def test_different_questions_stay(instructions: tuple[str, ...]) -> None:
    """Signs were no words, so that "in C" and "in C++" were one question, and the pair with the lower score was lost."""
    assert kept(*instructions) == list(range(len(instructions)))
    rows = [{"id": str(i), "instruction": text, "score": 5.0} for i, text in enumerate(instructions)]
    stay = list(pick(SelectStage.of(Choice("score", k=4.5), CurateConfig()), rows))
    assert stay == rows


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("in C", "two", ""), ("in C++", "two", "")),
        (("in Python", "two", ""), ("in Java", "two", "")),
        (("in C", "two", ""), ("in C", "30", "")),
        (("in C", "two", ""), ("in C", "two", " > 3")),
        (("with a loop", "two", ""), ("without a loop", "two", "")),
        (("in C", "all", ""), ("in C", "none", "")),
    ],
)
def test_one_word_in_sixty_can_be_the_question(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Of what two long instructions share, the word that they do not share is a fiftieth."""
    assert kept(LONG.format(*one), LONG.format(*other), threshold=0.1) == [0, 1]


@pytest.mark.parametrize(
    "other",
    [
        "what are the benefits of riding a bicycle to work every day",
        "Please, what are the benefits of riding a bicycle to work every day?",
        "Can you tell me what are the benefits of riding a bicycle to work every day?",
        "What're the benefits of riding a bicycle to work every day?",
        "**What are the benefits of riding a bicycle to work every day?**",
        "What are the benefits of riding a bicycle to work every day? Thank you very much in advance!",
        "What are the benefits of riding a bicycle-to-work - every day ...?",
    ],
)
def test_the_same_question_in_other_words_does_not(other: str) -> None:
    """Two answers to one question teach the worse one too."""
    first = "What are the benefits of riding a bicycle to work every day?"
    assert kept(first, other) == [0] == kept(other, first)


def test_the_drop_names_the_nearest() -> None:
    """Whoever looks why a pair is gone must find the one that stands for it."""
    texts = ["How do I clean a pan?", "Why?", "Please, how do I clean a pan?"]
    [drop] = [o for o in unlike(0.5, [{"id": str(i), "instruction": t} for i, t in enumerate(texts)]) if isinstance(o, Drop)]
    assert (drop.reason, drop.value) == ("near_duplicate_instruction", "0 0.80")


def test_formatting_is_no_difference() -> None:
    """Bullets, headings, rules and emphasis are the page's, not the question's."""
    assert words("# Title\n=====\n- 5 **red** apples\n- well-known (really)") == words(
        "title 5 red apples well known really"
    )
    assert words("1,000 eggs") == words("1000 eggs") and words("7−5") == words("7-5")


def changed(text: str, draw: random.Random) -> list[str]:
    """What is asked for is another thing in each."""
    said, number = list(re.finditer(r"\b[a-z]{4,}\b", text)), re.search(r"\d+", text)
    out = [f"{text} in C", f"{text} in C++"]
    if said:
        at = draw.choice(said)
        out.append(f"{text[: at.start()]}penguins{text[at.end() :]}")
    if number:
        out.append(f"{text[: number.start()]}{int(number[0]) + 1}{text[number.end() :]}")
    for short, other in (("with", "without"), ("and", "or"), ("is", "is not"), ("before", "after"), ("more", "less")):
        out += [re.sub(rf"\b{short}\b", other, text, count=1)] if re.search(rf"\b{short}\b", text) else []
    return out


def test_real_instructions_changed_in_one_word_stay_and_reworded_ones_fall(data: Path) -> None:
    """Of 1,943 real ones a third has 29 words or more: there one other word in the middle was a near duplicate."""
    lines = (data / "instructions" / "lima_train.jsonl").read_text(encoding="utf-8").splitlines()
    texts, draw = [json.loads(line)["conversations"][0] for line in lines[:400]], random.Random(1)
    different = [kept(text, other) for text in texts for other in changed(text, draw)]
    assert sum(found == [0, 1] for found in different) >= 0.995 * len(different) > 1000
    reworded = [(f"Please, {text[0].lower()}{text[1:]}", text.lower(), f"{text} Thanks in advance!") for text in texts]
    same = [kept(text, other) for text, others in zip(texts, reworded, strict=True) for other in others]
    assert sum(found == [0] for found in same) >= 0.98 * len(same)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_every_row_is_answered_and_equal_texts_are_one(texts: list[str]) -> None:
    """Nothing but signs, nothing at all, half an emoji: each is a question to somebody."""
    rows = [{"id": str(i), "instruction": text} for i, text in enumerate([*texts, *texts])]
    out = list(unlike(0.5, rows))
    assert len(out) == len(rows) and all(isinstance(o, Drop) for o in out[len(texts) :])
