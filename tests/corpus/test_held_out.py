"""Pairs from elsewhere that equal or nearly equal held-out ones."""

from pathlib import Path
from typing import Any

import pytest
from made import rows_in

from humpback.corpus.held_out import UnseenConfig, unseen_rows
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.stage import Drop

CHAIN = (
    "Wipe the dust off with an old cloth first. Then put one drop of oil on each link while you turn the pedals backwards, "
    "wait for some minutes so that it can creep between the rollers, and take off what is left outside, since oil there "
    "only gathers dust. Do this once a month, or after every ride in the rain, and measure the wear twice a year."
)


def pair(name: str, instruction: str, response: str, **more: Any) -> Row:
    return {"id": name, "parent": "f", "instruction": instruction, "response": response, "source": "seed", **more}


SEED = [
    pair("chain", "How do I oil a bicycle chain?", CHAIN, split="test"),
    pair("sum", "What is 7 + 5?", "12", split="test"),
    pair("no", "Can you hack this account?", "I'm sorry, but I can't help with that.", split="dev"),
    pair("trained", "Name a river.", "The Rhine flows through Cologne.", split="train"),
]


@pytest.fixture
def seed(run: Run) -> Path:
    return rows_in(run, SEED, PAIR, "seed").path


@pytest.mark.parametrize(
    ("instruction", "response", "twin"),
    [
        ("How do I oil a bicycle chain?", CHAIN, "chain"),
        ("How do I oil  a bicycle-chain", CHAIN.upper(), "chain"),
        ("How do I oil a bicycle chain?", CHAIN.replace("old cloth", "clean rag"), "chain"),
        ("Write a paragraph on bicycles.", CHAIN, "chain"),
        ("Write a paragraph on bicycles.", CHAIN + " That is all.", "chain"),
        ("How do I oil a bicycle chain?", "With a drop on each link.", None),
        ("How do I oil a bicycle chain?", CHAIN[:150], None),
        ("What is 7 + 5?", "12", "sum"),
        ("What is 6 + 6?", "12", None),
        ("Can you pick this lock?", "I'm sorry, but I can't help with that.", None),
        ("Name a river.", "The Rhine flows through Cologne.", None),
    ],
    ids=["equal", "signs", "two words", "only the answer", "only nearly the answer", "another answer",
         "a third of the answer", "short", "the same short answer", "the same refusal", "a pair of train"],
)  # fmt: skip
def test_what_would_teach_a_held_out_answer(seed: Path, instruction: str, response: str, twin: str | None) -> None:
    """Web text that a seed was taken from came back as a pair to train on, and its loss on the test split as progress."""
    [outcome] = unseen_rows(UnseenConfig(held=seed), [pair("web", instruction, response)])
    found = (outcome.reason, outcome.value) if isinstance(outcome, Drop) else None
    assert found == (("held_out_pair", twin) if twin else None)


def test_each_of_two_that_are_alike_is_looked_for(run: Run) -> None:
    """A pair near the second of two held-out ones need not be near the first."""
    words = [f"word{i}" for i in range(100)]
    near = [" ".join([*words[shift:], *(f"new{i}" for i in range(shift))]) for shift in (0, 8, 16)]
    held = [pair(str(i), "Say something.", text, split="test") for i, text in enumerate(near[:2])]
    config = UnseenConfig(held=rows_in(run, held, PAIR, "seed").path)
    [outcome] = unseen_rows(config, [pair("web", "Say something.", near[2])])
    assert isinstance(outcome, Drop) and outcome.value == "1"


def test_another_seed_in_the_same_place(tmp_path: Path) -> None:
    """What is known of the held-out pairs is kept in a process, for the seed that it was made of."""
    from humpback.config import Empty

    for number, wanted in ((0, True), (1, False)):
        with Run(tmp_path / str(number), "test", Empty()) as run:
            made = rows_in(run, SEED[:1] if wanted else SEED[1:2], PAIR, "seed").path
        link = tmp_path / "seed"
        link.unlink(missing_ok=True)
        link.symlink_to(made)
        [outcome] = unseen_rows(UnseenConfig(held=link), [pair("web", SEED[0]["instruction"], CHAIN)])
        assert isinstance(outcome, Drop) == wanted


def test_a_seed_without_held_out_pairs(run: Run) -> None:
    """Nothing is held out where the shares are nought."""
    config = UnseenConfig(held=rows_in(run, SEED[3:], PAIR, "seed").path)
    rows = [pair("web", "Name a river.", CHAIN)]
    assert list(unseen_rows(config, rows)) == rows
