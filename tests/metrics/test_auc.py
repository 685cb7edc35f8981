"""AUCs with errors of pairs and of differences."""

import math

import numpy as np
import pytest

from humpback.metrics.auc import Values, auc, auc_of, mean_auc

INF = math.inf


def array(*values: float) -> Values:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(("good", "bad", "value"), [
    ([3, 4], [1, 2], 1.0), ([1, 2], [3, 4], 0.0), ([1, 1], [1, 1], 0.5), ([2, 3], [2, 1], 0.875),
    ([1, -INF], [-INF, 0], 0.625),
])  # fmt: skip
@pytest.mark.parametrize("paired", [True, False])
def test_auc(good: list, bad: list, value: float, paired: bool) -> None:
    """Sides swapped, or ties counted as won, praise the worst scorer."""
    made = auc(array(*good), array(*bad), paired=paired)
    assert made and (made.value, made.n) == (value, 2)


@pytest.mark.parametrize("paired", [True, False])
def test_cases_without_a_value_are_left_out(paired: bool) -> None:
    """None is no rank: taken for the lowest it would make a silent judge a good one."""
    row = auc_of("scorer_auc", "M_0", [3, None, 4], [None, 1, 2], paired=paired)
    assert (row["value"], row["n"]) == (1.0, 2) and row["se"] == 0


def test_nothing_ranked_is_no_auc() -> None:
    """0.5 of a scorer that has no value at all would look like chance, and it is nothing."""
    assert auc(array(-INF, -INF), array(-INF)) is None and auc(array(), array(1)) is None
    row = auc_of("scorer_auc", "M_0", [None], [1], part="shuffled")
    assert (row["value"], row["se"], row["n"], row["part"]) == (None, None, 0, "shuffled")


def test_one_pair_has_no_error() -> None:
    """An error of zero would make one pair the surest of findings."""
    made = auc(array(1), array(0), paired=True)
    assert made and made.error is None


def drawn(seed: int, n: int = 60) -> tuple[Values, Values]:
    draw = np.random.default_rng(seed)
    bad = draw.normal(size=n)
    return bad + draw.normal(0.8, 0.5, size=n), bad


def hanley_mcneil(value: float, good: int, bad: int) -> float:
    """The standard error of an AUC of independent cases (Hanley and McNeil 1982)."""
    q1, q2 = value / (2 - value), 2 * value * value / (1 + value)
    spread = value * (1 - value) + (good - 1) * (q1 - value * value) + (bad - 1) * (q2 - value * value)
    return math.sqrt(spread / (good * bad))


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("paired", [True, False])
def test_errors_are_those_of_repeated_draws(paired: bool, missing: bool) -> None:
    """An error that takes a pair and the same pair damaged for independent is too large, and tells apart too little."""
    samples = [drawn(seed) for seed in range(400)]
    if missing:
        for good, bad in samples:
            good[:10], bad[-20:] = np.nan, np.nan
    if not paired:
        samples = [(good, samples[i - 1][1]) for i, (good, _) in enumerate(samples)]
    made = [found for good, bad in samples if (found := auc(good, bad, paired=paired))]
    spread = float(np.std([each.value for each in made], ddof=1))
    assert np.mean([each.error for each in made]) == pytest.approx(spread, rel=0.1)
    if not paired and not missing:
        assert made[0].error == pytest.approx(hanley_mcneil(made[0].value, 60, 60), rel=0.2)


def test_the_error_of_a_difference_leaves_out_what_two_scorers_share() -> None:
    """Two scorers that rank alike differ by nothing, however few the pairs."""
    good, bad = drawn(1)
    one, same, other = auc(good, bad), auc(2 * good, 2 * bad), auc(*drawn(2))
    assert one and same and other and one.error_against(same) == 0
    assert one.error_against(other) == pytest.approx(math.hypot(one.error or 0, other.error or 0), rel=0.5)


def test_a_mean_needs_all_of_its_kinds() -> None:
    """A mean over the kinds that happen to be there is another mean than its neighbour's."""
    some, all_ = (auc(array(1, 2), array(0, other), paired=True) for other in (0, 3))
    assert some and all_ and mean_auc([some, None]) is None and mean_auc([]) is None
    made = mean_auc([some, all_])
    assert made and made.value == pytest.approx((1 + 0.5) / 2) and made.parts == pytest.approx((some.parts + all_.parts) / 2)
