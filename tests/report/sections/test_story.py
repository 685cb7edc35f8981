"""The run for someone who was not there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report.rendered import section
from worlds import World, pair, segment

from humpback.curate import scorers
from humpback.metrics import metric
from humpback.report.composed import composed
from humpback.report.section import Pairs, Text, Word
from humpback.schema import METRIC, SEGMENT

Made = Callable[[str], Path]
ABOUT = {"round": 1, "model": "M_0"}


def run(folder: Path, change: float = -0.1, kept: int = 8, outranked: tuple[int, ...] = ()) -> Path:
    """Twenty pairs, a guard's drop, the best `kept` of them, and models that were measured."""
    rows = [{**pair(i), "combined": 1 - i / 20, "relevance": 1 - i / 20, "gain": i / 20, "status": "ok"} for i in range(20)]
    with World(folder) as world:
        world.put("segments", [segment(i) for i in range(3)], SEGMENT, kind="segments")
        every = world.put("scored", rows, scorers.schema(), kind="scored", **ABOUT)
        fell = {row["id"]: ("below_share", f"{row['combined']:.2f}") for row in rows[kept:]}
        fell |= {rows[i]["id"]: ("text_full", "t") for i in outranked}
        world.select("selected", every, fell, "combined", share=0.4, **ABOUT)
        told: Any = {"se": 0.02, "unit": "nats/token", "split": "test"}
        measured = [
            metric("nll_change", "M_1", -0.2, n=30, against="M_0", **told),
            metric("nll_change", "M_uncurated", -0.1, n=30, against="M_0", **told),
            metric("nll_change", "M_1", change, n=30, against="M_uncurated", **told),
        ]
        stopped = metric("stopped", "M_0", 1.0, n=1, round=2, note="nothing can change")
        world.put("iteration", [stopped], METRIC, kind="metrics", of="iteration", round=2, model="M_0")
        world.put("model-quality", measured, METRIC, kind="metrics", of="models")
    return folder


def bodies(folder: Path, kind: Any) -> list[Any]:
    return [body for body in section(folder, "story").bodies if isinstance(body, kind)]


def test_five_from_the_best_to_the_lowest_and_what_was_thrown_away_with_why(tmp_path: Path) -> None:
    """Five best ones alone would flatter; and a value below a share tells nobody what is wrong with a pair."""
    kept, thrown = bodies(run(tmp_path / "a"), Pairs)
    assert [each.instruction for each in kept.pairs] == [pair(i)["instruction"] for i in (0, 2, 4, 5, 7)]
    assert kept.caption == "5 of the 8 that were kept" and kept.every and thrown.every
    assert [each.instruction for each in thrown.pairs] == [pair(i)["instruction"] for i in (8, 18, 19)]
    assert thrown.pairs[0].fault == "below_share: 0.60; lowest by gain: 55% of the pairs are better"
    assert thrown.pairs[-1].fault.endswith("lowest by relevance: 95% of the pairs are better")


def test_what_another_candidate_of_its_text_outranks_is_no_example_of_what_was_thrown_away(tmp_path: Path) -> None:
    """The best that is not kept is then nearly always one of a text that is kept, by a better instruction."""
    _, thrown = bodies(run(tmp_path / "a", outranked=(8, 9)), Pairs)
    assert [each.instruction for each in thrown.pairs] == [pair(i)["instruction"] for i in (10, 18, 19)]


def test_a_guards_drop_stands_among_what_was_thrown_away(made: Made) -> None:
    """Most of what is thrown away falls before any judge sees it."""
    thrown = bodies(made("loop"), Pairs)[-1]
    assert any(each.fault.startswith("a guard: ") for each in thrown.pairs)


@pytest.mark.parametrize(
    ("change", "word", "tone"),
    [(-0.1, "better", "good"), (0.1, "worse", "bad"), (-0.03, "neither better nor worse, as far as can be told,", "")],
)
def test_whether_it_helped_is_said_beside_a_blind_draw(change: float, word: str, tone: str, tmp_path: Path) -> None:
    """Better than the seed alone is what any text is; and a change within its error is none."""
    blind, seed = bodies(run(tmp_path / "a", change), Text)
    assert [(each.text, each.tone) for each in blind.parts if isinstance(each, Word)] == [(word, tone)]
    assert "M_uncurated" in blind.parts[0] and "M_0" in seed.parts[0]


def test_its_figures_are_not_shown_again_as_unknown(tmp_path: Path) -> None:
    """What is said in a sentence stood once more in the table of what no section knows."""
    assert "other" not in [each.key for each in composed(run(tmp_path / "a")).sections]


def test_with_nothing_kept_it_says_what_fell(tmp_path: Path) -> None:
    """A run of which nothing was kept ended in a division by nought."""
    [thrown] = bodies(run(tmp_path / "a", kept=0), Pairs)
    assert len(thrown.pairs) == 3
