"""Thresholds and shares."""

import pytest

from humpback.curate.select import at_random, by_score, by_share
from humpback.stage import Drop


def rows(scores: list[float | None], gains: list[float | None] | None = None) -> list[dict]:
    gains = gains or [0.1] * len(scores)
    return [{"id": f"p{i}", "score": s, "gain": g, "status": "ok" if s is not None else "undecided"}
            for i, (s, g) in enumerate(zip(scores, gains, strict=True))]  # fmt: skip


def kept(outcomes) -> list[str]:  # type: ignore[no-untyped-def]
    return [o["id"] for o in outcomes if not isinstance(o, Drop)]


def test_k_is_a_float_and_inclusive() -> None:
    """4.5 on integer ratings meant exactly 5; on expected scores it means 4.5."""
    assert kept(by_score(4.5, rows([4.49, 4.5, 4.51]))) == ["p1", "p2"]


def test_a_higher_k_keeps_a_subset() -> None:
    """A_5 must lie in A_4."""
    scores = [3.9, 4.0, 4.4, 4.6, None]
    assert set(kept(by_score(4.5, rows(scores)))) <= set(kept(by_score(4.0, rows(scores))))


def test_unscored_pairs_are_dropped_as_such() -> None:
    """Data-Juicer keeps a row that got no score."""
    drops = [o for o in by_score(4.0, rows([None, 5.0])) if isinstance(o, Drop)]
    assert [(d.reason, d.value) for d in drops] == [("unscored", "undecided")]


def test_the_share_keeps_the_highest() -> None:
    """Rank, not threshold: a likelihood gain has no scale of its own."""
    assert kept(by_share("gain", 0.5, rows([1.0] * 4, [0.1, 0.4, 0.3, 0.2]))) == ["p1", "p2"]


@pytest.mark.parametrize(("gain", "reason"), [(0.0, "negative_gain"), (-0.1, "negative_gain"), (None, "unscored")])
def test_an_instruction_that_does_not_help_is_never_kept(gain: float | None, reason: str) -> None:
    """IFD above 1: the instruction makes its answer less likely."""
    out = list(by_share("gain", 1.0, rows([1.0, 1.0], [0.5, gain])))
    assert isinstance(out[1], Drop) and out[1].reason == reason


def test_the_random_control_is_seeded_and_of_the_size_asked() -> None:
    """Uncurated of equal size is the arm that curation must beat."""
    pool = rows([1.0] * 20)
    assert kept(at_random(7, 1, pool)) == kept(at_random(7, 1, pool[::-1]))[::-1]
    assert len(kept(at_random(7, 1, pool))) == 7 and kept(at_random(7, 1, pool)) != kept(at_random(7, 2, pool))
