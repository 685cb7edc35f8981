"""Whether what was kept only looks like the seed."""

import random

import pytest

from humpback.evaluate.selection.likeness import distinct_2, measure
from humpback.schema import METRIC, Row

ASSISTANT = "First take the {0} and clean it well. Then let the {0} dry. Finally put the {0} back, and enjoy it."
BLOG = "lol so i bought a {0} yesterday!!! my {0} totally broke haha, anyone else hate their {0}???"
TOLD = {"model": "M_0", "round": 1}
THINGS = "pan sofa kettle lamp bicycle carpet mirror clock drawer fence ladder boot scarf mug shelf tent oar drum".split()


def rows(count: int, style: str, salt: str, asks: str = "How do I look after a {0}?") -> list[Row]:
    draw = random.Random(salt)
    out = []
    for i in range(count):
        thing = f"{draw.choice(THINGS)} {draw.choice(THINGS)}"
        out.append({"id": f"{salt}{i}", "instruction": asks.format(thing), "response": style.format(thing)})
    return out


def measured(seed: list[Row], kept: list[Row], dropped: list[Row]) -> dict[tuple[str, str], Row]:
    return {(row["metric"], row["part"]): row for row in measure(seed, kept, dropped, TOLD)}


def test_a_selection_of_what_looks_like_the_seed_is_seen() -> None:
    """A judge that keeps its own style alone, at full marks."""
    found = measured(rows(40, ASSISTANT, "s"), rows(40, ASSISTANT, "k"), rows(40, BLOG, "d"))
    assert found["seed_like_auc", "response"]["value"] > 0.95
    difference = found["seed_similarity_change", "response"]
    assert difference["value"] > 0.1 and difference["value"] > 5 * difference["se"] and difference["n"] == 80
    # The instructions are of one kind, and must not be blamed.
    own = found["seed_like_auc", "instruction"]
    assert abs(own["value"] - 0.5) < 4 * own["se"]


def test_a_selection_at_random_is_not_blamed() -> None:
    """A classifier that was fitted to the pairs it judges finds a difference in any selection."""
    pool = rows(60, ASSISTANT, "a") + rows(60, BLOG, "b")
    random.Random(2).shuffle(pool)
    found = measured(rows(40, ASSISTANT, "s"), pool[:60], pool[60:])
    for column in ("instruction", "response"):
        auc = found["seed_like_auc", column]
        assert abs(auc["value"] - 0.5) < 3 * auc["se"]
        difference = found["seed_similarity_change", column]
        assert abs(difference["value"]) < 3 * difference["se"]


def test_the_difference_is_that_of_the_means_with_its_error() -> None:
    """An error of paired cases is too small for two groups."""
    kept = [{"id": f"k{i}", "instruction": "x" * n, "response": "y"} for i, n in enumerate((10, 20, 30))]
    dropped = [{"id": f"d{i}", "instruction": "x" * n, "response": "y"} for i, n in enumerate((1, 3))]
    found = measured(rows(6, ASSISTANT, "s"), kept, dropped)
    assert found["length_kept", "instruction"]["value"] == 20 and found["length_dropped", "instruction"]["value"] == 2
    difference = found["length_change", "instruction"]
    # Variances 100 and 2 over n = 3 and 2.
    assert difference["value"] == 18 and difference["se"] == pytest.approx((100 / 3 + 2 / 2) ** 0.5)


def test_variety_is_compared_over_equally_many() -> None:
    """The share of different pairs of words falls with the number of texts, whatever they are."""
    many, few = rows(200, ASSISTANT, "k"), rows(20, ASSISTANT, "d")
    found = measured(rows(10, ASSISTANT, "s"), many, few)
    kept, dropped = (found[f"distinct_2_{name}", "instruction"] for name in ("kept", "dropped"))
    assert kept["n"] == dropped["n"] == 20 and abs(kept["value"] - dropped["value"]) < 0.1
    one = measured(rows(10, ASSISTANT, "s"), rows(20, ASSISTANT, "k", "How do I cook rice?"), few)
    assert one["distinct_2_kept", "instruction"]["value"] == pytest.approx(4 / 80)


@pytest.mark.parametrize(
    ("text", "share"), [("a b c", 1.0), ("a b a b", 2 / 3), ("A b a B", 2 / 3), ("one", None), ("", None)]
)
def test_distinct_2(text: str, share: float | None) -> None:
    """Against the definition, by hand."""
    assert distinct_2([text]) == (pytest.approx(share) if share is not None else None)


@pytest.mark.parametrize(("seed", "kept", "dropped"), [(0, 9, 9), (9, 0, 9), (9, 9, 0), (0, 0, 0), (3, 9, 9)])
def test_what_cannot_be_measured_is_null_with_n_0(seed: int, kept: int, dropped: int) -> None:
    """A round that keeps everything is a case of every test run, and no error."""
    found = list(measure(rows(seed, ASSISTANT, "s"), rows(kept, ASSISTANT, "k"), rows(dropped, BLOG, "d"), TOLD))
    assert len(found) == 16 and len({row["id"] for row in found}) == 16
    assert all(set(row) == set(METRIC.names) for row in found)
    auc = next(row for row in found if row["metric"] == "seed_like_auc")
    assert auc["value"] is None and auc["n"] == 0


def test_texts_of_nothing() -> None:
    """Blank texts have no grams, and a vocabulary of none is an error of the library."""
    blank = [{"id": f"b{i}", "instruction": " ", "response": ""} for i in range(6)]
    found = measured(blank, blank, blank)
    assert found["seed_similarity_kept", "response"]["value"] == 0


def test_the_order_of_the_rows_changes_nothing() -> None:
    """Shards that were read in another order are the same selection."""
    groups = [rows(30, ASSISTANT, "s"), rows(30, BLOG, "k"), rows(30, ASSISTANT, "d")]
    found, turned = (list(measure(*each, TOLD)) for each in (groups, [group[::-1] for group in groups]))
    for one, other in zip(found, turned, strict=True):
        assert (one["id"], one["n"]) == (other["id"], other["n"])
        assert one["value"] == pytest.approx(other["value"]), one["metric"]
