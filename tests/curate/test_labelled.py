"""The labelled pool that scorers are compared on: what a small model wrote, graded by docs/how-to/label-pairs.md."""

import hashlib
import json
from collections import Counter
from pathlib import Path

POOL = Path(__file__).parent / "labelled.jsonl"
ROWS = [json.loads(line) for line in POOL.read_text(encoding="utf-8").splitlines()]
WHY = {"", "wrong topic", "not answered", "part", "needs the text", "ungrammatical", "clumsy", "no request"}


def test_every_pair_has_a_grade_and_a_reason() -> None:
    """A grade without a reason cannot be argued with, and one that is spelt otherwise is counted nowhere."""
    assert len({row["id"] for row in ROWS}) == len(ROWS) == 1051
    assert all((row["grade"] == "good") == (row["why"] == "") and row["why"] in WHY for row in ROWS)
    assert all(row["label"] == {"good": 1, "partly": None, "bad": 0}[row["grade"]] for row in ROWS)
    assert Counter(row["grade"] for row in ROWS) == {"good": 169, "partly": 309, "bad": 573}


def test_second_readings_agree() -> None:
    """Grades on which two readings differ measure the reader and not the scorers."""
    both = [(row["grade"], row["again"]) for row in ROWS if "again" in row]
    assert len(both) >= 138 and sum(one == other for one, other in both) / len(both) >= 0.9


def test_a_pair_of_the_demo_holds_the_text_that_it_names() -> None:
    """Pages of others are not ours to pass on: of their texts the digest is here, by which they are found again."""
    for row in ROWS:
        assert ("response" in row) == (row["source"] == "demo")
        if "response" in row:
            assert hashlib.blake2b(row["response"].encode(), digest_size=8).hexdigest() == row["text"]
