"""What is done to clean pairs."""

from pathlib import Path

import pytest
from made import rows_in

from humpback.curate.damage import CLEAN, DAMAGES, LABELLED, DevPairs, damaged, damaged_as, shuffled, whole_and_damaged
from humpback.run import Run
from humpback.schema import PAIR

PAIRS = [
    ("How do I oil a chain?", "Wipe it.\n\nThen put a drop of oil on each link. Wait an hour."),
    ("Why tides?", "The moon pulls.\nSo does the sun."),
]


@pytest.mark.parametrize("kind", DAMAGES)
def test_each_damage_changes_every_pair(kind: str) -> None:
    """A corruption that leaves a pair clean makes the best judge look like a coin."""
    changed = [a != b for a, b in zip(PAIRS, DAMAGES[kind](PAIRS), strict=True)]
    assert changed == [kind != CLEAN] * 2


def test_shuffled_instructions_come_from_another_pair() -> None:
    """A derangement: nobody keeps his own."""
    assert [x for x, _ in shuffled(PAIRS)] == ["Why tides?", "How do I oil a chain?"]


def test_damaged_pairs_are_pairs_of_their_own() -> None:
    """Five rows of one id would be one row to everything that joins by it."""
    rows = [{"id": f"p{i}", "instruction": x, "response": y, "url": "u"} for i, (x, y) in enumerate(PAIRS)]
    made = [row for kind in DAMAGES for row in damaged_as(kind, rows)]
    assert len({row["id"] for row in made}) == 2 * len(DAMAGES) and {row["parent"] for row in made} == {"p0", "p1"}
    assert {row["method"] for row in made} == set(DAMAGES) and {row["url"] for row in made} == {"u"}


def test_only_dev_pairs_without_a_label_are_damaged(run: Run) -> None:
    """A pair that was trained on is ranked first because it is known; one that is labelled bad is not clean."""
    rows = [{"id": f"p{i}", "instruction": "Why?", "response": "So it is. Then rest.", "split": ("dev", "train")[i % 2],
             "label": 0 if i == 0 else None} for i in range(12)]  # fmt: skip
    seed = rows_in(run, rows, PAIR)
    made = list(damaged(DevPairs(seed=seed.path)))
    assert {row["parent"] for row in whole_and_damaged(made)} == {"p2", "p4", "p6", "p8", "p10"}
    assert [(row["id"], row["label"]) for row in made if row["method"] == LABELLED] == [("p0", 0)]
    assert {row["parent"] for row in whole_and_damaged(list(damaged(DevPairs(seed=seed.path, cases=3))))} == {"p2", "p4"}
    assert not list(damaged(DevPairs(seed=rows_in(run, rows[1:2], PAIR, "none").path))) and seed.path != Path()
