"""A seeded sample that more input refines."""

from humpback.corpus.rules.sample import SampleConfig, sample
from humpback.schema import Row
from humpback.stage import Drop

ROWS: list[Row] = [{"id": f"r{i}"} for i in range(100)]


def kept(size: int | None, seed: int, rows: list[Row]) -> list[str]:
    return [outcome["id"] for outcome in sample(SampleConfig(size=size, seed=seed), rows) if not isinstance(outcome, Drop)]


def test_size_and_drops() -> None:
    """Ten of a hundred stay, and the ninety are accounted for."""
    out = list(sample(SampleConfig(size=10, seed=1), ROWS))
    assert sum(not isinstance(outcome, Drop) for outcome in out) == 10
    assert [drop.reason for drop in out if isinstance(drop, Drop)] == ["not_sampled"] * 90
    assert {o.row["id"] if isinstance(o, Drop) else o["id"] for o in out} == {row["id"] for row in ROWS}


def test_the_order_of_the_input_does_not_matter() -> None:
    """Workers deliver in any order: the sample and its order are the same."""
    assert kept(10, 1, ROWS) == kept(10, 1, ROWS[::-1])


def test_no_size_keeps_all_as_they_come() -> None:
    """A million rows must not be held to put them in an order that nobody asked for."""
    endless = ({"id": str(i)} for i in range(10**12))
    drawn = sample(SampleConfig(size=None, seed=1), endless)
    assert [row["id"] for row, _ in zip(drawn, range(3), strict=False)] == ["0", "1", "2"]


def test_another_seed_is_another_sample() -> None:
    """Two seeds share ten of fifty only by chance."""
    assert set(kept(50, 1, ROWS)) != set(kept(50, 2, ROWS))


def test_a_larger_sample_holds_the_smaller() -> None:
    """Paid work on a small sample is not lost when the sample grows."""
    assert kept(30, 1, ROWS)[:10] == kept(10, 1, ROWS)


def test_more_input_only_displaces() -> None:
    """New pages push some rows out and bring none back that had fallen."""
    before, after = set(kept(20, 1, ROWS[:60])), set(kept(20, 1, ROWS))
    assert after & {row["id"] for row in ROWS[:60]} <= before


def test_a_sample_of_none() -> None:
    """Nought is a size."""
    assert kept(0, 1, ROWS) == []
