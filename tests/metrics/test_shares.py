"""Shares and their intervals."""

import pytest

from humpback.metrics.shares import share_of, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]
)
def test_wilson_against_published_intervals(hits: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3: with few cases the usual interval leaves 0 to 1."""
    assert wilson(hits, n) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_a_share_has_its_interval_in_columns() -> None:
    """An interval in a sentence has to be read back out of it."""
    row = share_of("label_precision", "gain", 2, 4, part="kept", round=2)
    assert (row["value"], row["n"], row["unit"], row["part"], row["round"]) == (0.5, 4, "share", "kept", 2)
    assert (row["low"], row["high"]) == (pytest.approx(0.150, abs=5e-4), pytest.approx(0.850, abs=5e-4))


def test_a_share_of_nothing_is_null() -> None:
    """A judge that selects nothing is not always wrong."""
    row = share_of("label_precision", "gain", 0, 0)
    assert row["value"] is None and row["low"] is None and row["n"] == 0
