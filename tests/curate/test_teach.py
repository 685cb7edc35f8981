"""Lessons for the judge, made of the seed."""

import random
from collections import Counter
from itertools import pairwise

import pytest

from humpback.curate import teach
from humpback.curate.damage import CLEAN, DAMAGES
from humpback.curate.rubric import rubric
from humpback.curate.teach import SPOILINGS, Spoiling, TeachConfig, lessons
from humpback.lm.echo import Echo

CLIP = Echo().clip
ROWS = [
    {
        "id": f"s{i}",
        "instruction": f"How do I clean bridge number {i}?",
        "response": f"Start at pillar {i}. Then brush the arch {i} twice. Rinse it with water. Let it dry before noon.",
        "source": "seed",
    }
    for i in range(40)
]


def test_lessons_are_a_share_of_all_examples() -> None:
    """A share that is counted of the pairs instead of the whole drowns the task that the model is for."""
    made = lessons(ROWS, 40, TeachConfig(share=0.2), 2000, CLIP, 1)
    assert len(made) / (len(made) + len(ROWS)) == pytest.approx(0.2, abs=0.01)
    assert len(lessons(ROWS, 400, TeachConfig(share=0.2), 2000, CLIP, 1)) == 100
    assert (
        lessons(ROWS, 40, TeachConfig(), 2000, CLIP, 1) == [] == lessons(ROWS[:1], 40, TeachConfig(share=0.5), 2000, CLIP, 1)
    )


def test_half_of_the_lessons_are_sound_and_the_labels_are_spread() -> None:
    """Lessons without sound pairs breed a judge that always says no, fixed labels one that knows letters alone."""
    made = lessons(ROWS, 40, TeachConfig(share=0.9), 2000, CLIP, 1)
    labels = Counter(example.completion for example in made)
    top = [e for e in made if e.completion == ("A" if _is_reversed(e.prompt) else "E")]
    assert 0.4 < len(top) / len(made) < 0.6 and labels["A"] > 60 and labels["E"] > 60


def _is_reversed(prompt: str) -> bool:
    [question] = rubric()
    return f"A: {question.options[-1]}" in prompt


def test_a_lesson_shows_the_pair_as_the_judge_will_see_it() -> None:
    """A judge taught under one prompt and asked under another has learnt nothing."""
    made = lessons(ROWS, 40, TeachConfig(share=0.5), 2000, CLIP, 1)
    assert all("> How do I clean bridge" in e.prompt and "Answer with A or B or C or D or E only." in e.prompt for e in made)


def test_a_lesson_fits_the_length_of_an_example() -> None:
    """A prompt that is cut off has lost the question at its end."""
    long = [{**row, "response": row["response"] * 50} for row in ROWS]
    made = lessons(long, 40, TeachConfig(share=0.5), 400, CLIP, 1)
    assert all(len(e.prompt.split()) <= 400 and "Answer with A" in e.prompt for e in made)


def test_lessons_are_the_same_every_time_and_others_with_another_seed() -> None:
    """A training that was killed must begin again with the same data."""
    config = TeachConfig(share=0.5)
    assert (
        lessons(ROWS, 40, config, 900, CLIP, 1)
        == lessons(ROWS, 40, config, 900, CLIP, 1)
        != lessons(ROWS, 40, config, 900, CLIP, 2)
    )


def test_spoiling_that_changes_nothing_leaves_a_sound_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of one sentence, in another order, is what it was: calling it bad teaches noise."""
    monkeypatch.setattr(teach, "SPOILINGS", ((teach.out_of_order, 0.25),))
    made = lessons([{**row, "response": "Rinse it."} for row in ROWS], 40, TeachConfig(share=0.9), 2000, CLIP, 1)
    assert all(e.completion == ("A" if _is_reversed(e.prompt) else "E") for e in made)


@pytest.mark.parametrize(("spoil", "height"), SPOILINGS, ids=lambda each: getattr(each, "__name__", str(each)))
def test_spoiling_changes_the_answer(spoil: Spoiling, height: float) -> None:
    """A lesson that calls a sound pair bad teaches the opposite."""
    made = spoil(ROWS[0], {**ROWS[1], "response": "First look. Then wait. Go home."}, random.Random(3))
    assert made and made != ROWS[0]["response"] and height < 1


def test_what_competence_measures_with_is_not_taught() -> None:
    """Measured on the faults that it was trained on, a judge looks able and is not."""
    pairs = [(row["instruction"], row["response"]) for row in ROWS]
    tested = {response for kind in DAMAGES.keys() - {CLEAN} for _, response in DAMAGES[kind](pairs)} - {
        row["response"] for row in ROWS
    }
    taught = {spoil(row, other, random.Random(1)) for row, other in pairwise(ROWS) for spoil, _ in SPOILINGS}
    assert not tested & taught
