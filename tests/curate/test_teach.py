"""Lessons for the judge, made of the seed."""

import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from humpback.curate import teach
from humpback.curate.damage import CLEAN, DAMAGES
from humpback.curate.rubric import PREDICATES, rubric, rubric_text
from humpback.curate.teach import SPOILINGS, Spoiling, TeachConfig, lessons, nearest
from humpback.lm import decisions
from humpback.lm.echo import Echo
from humpback.prompts.forward import Example
from humpback.prompts.judge import state

ROWS = [
    {
        "id": f"s{i}",
        "instruction": f"How do I clean bridge number {i}?",
        "response": f"Start at pillar {i}. Then brush the arch {i} twice. Rinse it with water. Let it dry before noon.",
        "source": "seed",
    }
    for i in range(40)
]
LEVELS, ASPECTS = TeachConfig(share=0.5), TeachConfig(share=0.5, rubric=PREDICATES)
OTHER = {**ROWS[1], "response": "First we look. Then we wait a while. We all go home."}


def test_there_are_as_many_lessons_as_pairs_whatever_they_weigh() -> None:
    """A lesson costs as much as a pair: their number is not what makes them count."""
    assert len(lessons(ROWS, 30, LEVELS, 1)) == len(lessons(ROWS, 30, TeachConfig(share=0.1), 1)) == 30
    assert len(lessons(ROWS, 400, LEVELS, 1)) == 2 * len(ROWS), "more than a seed pair's two"
    assert lessons(ROWS, 40, TeachConfig(), 1) == [] == lessons(ROWS[:1], 40, LEVELS, 1)
    assert all(each.lesson for each in lessons(ROWS, 30, LEVELS, 1))


@pytest.mark.parametrize("config", [LEVELS, ASPECTS], ids=["levels", "predicates"])
def test_each_pair_is_once_decided_for_and_once_against(config: TeachConfig) -> None:
    """Lessons without sound pairs breed a judge that always says no; a question that is always no needs no pair."""
    made = lessons(ROWS, 80, config, 1)
    for once, again in zip(made[:40], made[40:], strict=True):
        assert _pair(once) == _pair(again) and _is_good(once) != _is_good(again)
    said = Counter((_question(each), _is_good(each)) for each in made)
    assert len(said) == 2 * len(rubric(config.rubric)) and max(said.values()) - min(said.values()) <= 1


def test_the_labels_are_spread() -> None:
    """Fixed labels breed a judge that knows letters alone."""
    labels = Counter(each.completion for each in lessons(ROWS, 80, LEVELS, 1))
    assert labels["A"] > 20 and labels["E"] > 20


def _pair(made: Example) -> str:
    return re.findall(r"number (\d+)\?", made.prompt)[0]


def _question(made: Example) -> str:
    return next(
        question.text for name in ("rubric-v1", PREDICATES) for question in rubric(name) if question.text in made.prompt
    )


def _is_good(made: Example) -> bool:
    [question] = rubric()
    return made.completion in ("yes", "A" if f"A: {question.options[-1]}" in made.prompt else "E")


@pytest.mark.parametrize("config", [LEVELS, ASPECTS], ids=["levels", "predicates"])
def test_a_lesson_shows_the_pair_as_the_judge_will_see_it(config: TeachConfig) -> None:
    """A judge taught under one prompt and asked under another has learnt nothing."""
    blank = state("", "", Echo().clip, 99)[0]
    for made in lessons(ROWS, 40, config, 1):
        question = next(each for each in rubric(config.rubric) if each.text == _question(made))
        asked = [decisions.prompt(blank, question, reverse) for reverse in (False, True)]
        said = [line for line in made.prompt.splitlines() if not line.startswith(">")]
        assert said in [[line for line in each.splitlines() if not line.startswith(">")] for each in asked]
        assert "> How do I clean bridge" in made.prompt


def test_lessons_are_the_same_every_time_and_others_with_another_seed() -> None:
    """A training that was killed must begin again with the same data."""
    assert lessons(ROWS, 40, LEVELS, 1) == lessons(ROWS, 40, LEVELS, 1) != lessons(ROWS, 40, LEVELS, 2)


def test_spoiling_that_changes_nothing_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of one sentence, in another order, is what it was: calling it bad teaches noise."""
    kept = [each for each in SPOILINGS if each.spoil in (teach.as_it_is, teach.out_of_order, teach.only_asked_again)]
    monkeypatch.setattr(teach, "SPOILINGS", kept)
    made = lessons([{**row, "response": "Rinse it."} for row in ROWS], 80, LEVELS, 1)
    assert all(("> Rinse it." in each.prompt) == _is_good(each) for each in made)
    monkeypatch.setattr(teach, "SPOILINGS", kept[:2])
    assert all(map(_is_good, lessons([{**row, "response": "Rinse it."} for row in ROWS], 80, LEVELS, 1)))


def test_predicates_of_ones_own_are_about_the_pair_as_a_whole(tmp_path: Path) -> None:
    """What a question of somebody else asks for is not known: that part of a pair is sound does not make it a yes.

    A copy of ours has the same plan, so that it has to have the same lessons.
    """
    own = tmp_path / "own.txt"
    own.write_text(rubric_text(PREDICATES))
    assert lessons(ROWS, 80, TeachConfig(share=0.5, rubric=str(own)), 1) == lessons(ROWS, 80, ASPECTS, 1)
    own.write_text("Would you send it?")
    made = lessons(ROWS, 80, TeachConfig(share=0.5, rubric=str(own)), 1)
    for each in made:
        sound = f"The candidate answer:\n> {ROWS[int(_pair(each))]['response']}\n\n" in each.prompt
        assert (each.completion == "yes") == sound


@pytest.mark.parametrize("spoiling", SPOILINGS[1:], ids=lambda each: each.spoil.__name__)
def test_spoiling_changes_the_answer(spoiling: Spoiling) -> None:
    """A lesson that calls a sound pair bad teaches the opposite."""
    made = spoiling.spoil(ROWS[0], ROWS[2], OTHER, random.Random(3))
    assert made and made != ROWS[0]["response"] and spoiling.height < 1


LIST = {**ROWS[0], "response": "You need a brush.\n\n1. Wet it. Brush it.\n2. Rinse it.\n\nThen let it dry."}


@pytest.mark.parametrize(
    ("spoil", "shown"),
    [
        (teach.half_answer, "You need a brush.\n\n1. Wet it."),
        (teach.other_end, "You need a brush.\n\n1. Wet it. Then we wait a while. We all go home."),
        (
            teach.foreign_sentence,
            "You need a brush.\n\n1. Wet it. We all go home. Brush it.\n2. Rinse it.\n\nThen let it dry.",
        ),
        (teach.out_of_order, "Wet it.\n\n1. Brush it. You need a brush.\n2. Then let it dry.\n\nRinse it."),
        (teach.repeated, "Wet it.\n\n1. Wet it. Wet it.\n2. Wet it.\n\nWet it."),
    ],
)
def test_a_spoilt_answer_keeps_its_lines(spoil: teach.Spoil, shown: str) -> None:
    """Where only sound answers have lists, a judge learns to look for lists."""
    assert spoil(LIST, ROWS[2], OTHER, random.Random(4)) == shown


def test_the_nearest_question_is_about_the_same() -> None:
    """An answer about something else altogether is told from its words alone: the hard ones share them."""
    rows = [
        {"instruction": "Pruning tomatoes", "response": "Pinch out the suckers."},
        {"instruction": "How do I read a CSV file?", "response": "Use the csv module."},
        {"instruction": "Why do my tomatoes split?", "response": "Rain after drought."},
        {"instruction": "How do I write a CSV file?", "response": "Use a writer."},
        {"instruction": "Pruning tomatoes", "response": "Take off the suckers."},
    ]
    assert nearest(rows) == [2, 3, 0, 1, 2], "one asked the same, or one of another topic"
    assert nearest([{"instruction": "?", "response": "!"}] * 3) == [1, 2, 0]


def test_what_competence_measures_with_is_not_taught() -> None:
    """Measured on the faults that it was trained on, a judge looks able and is not."""
    pairs = [(row["instruction"], row["response"]) for row in ROWS]
    tested = {response for kind in DAMAGES.keys() - {CLEAN} for _, response in DAMAGES[kind](pairs)} - {
        row["response"] for row in ROWS
    }
    taught = {each.spoil(row, near, near, random.Random(1)) for row, near in pairwise(ROWS) for each in SPOILINGS}
    assert not tested & taught
    assert all(DAMAGES["truncated"]([(row["instruction"], row["response"])])[0][1][-1] != "." for row in ROWS)
    assert all(teach.half_answer(row, row, row, random.Random(1))[-1] == "." for row in ROWS)


def test_of_three_grades_the_middle_one_is_taught_too() -> None:
    """Half a level was rounded down, so that an answer with a flaw was as bad as one to another question."""
    config = TeachConfig(share=0.5, rubric="rubric-grades-v1")
    rows = [{"id": str(i), "instruction": f"How do I oil chain {i}?", "response": f"Wipe it {i}. Oil it {i}. Ride on {i}."}
            for i in range(60)]  # fmt: skip
    made = [(each.completion, each.prompt) for each in lessons(rows, 120, config, 1)]
    middle = {completion for completion, _ in made}
    assert len(middle) == 3, "labels of all three grades"
