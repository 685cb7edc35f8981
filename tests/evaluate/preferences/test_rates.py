"""Win rates: AlpacaEval's published figures, and what must hold of any preferences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.evaluate.preferences.rates import change, is_extreme, win_rate

PREFERENCES = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60)


@pytest.mark.parametrize(("wins", "losses", "draws", "rate", "error"), [
    (734, 69, 1, 91.3557, 0.98973), (366, 435, 4, 45.7143, 1.75247), (761, 32, 12, 95.2795, 0.71628),
])  # fmt: skip
def test_the_published_rows_of_alpaca_eval(wins: int, losses: int, draws: int, rate: float, error: float) -> None:
    """claude-2, falcon-40b-instruct and gpt4 on its first leaderboard: another deviation, or draws as losses, is another
    error."""
    found = win_rate([1.0] * wins + [0.0] * losses + [0.5] * draws)
    assert found.value is not None and found.se is not None
    assert (100 * found.value, 100 * found.se) == (pytest.approx(rate, abs=5e-5), pytest.approx(error, abs=5e-6))
    assert (found.wins, found.losses, found.draws, found.n) == (wins, losses, draws, wins + losses + draws)


@given(PREFERENCES)
def test_the_other_way_round_is_the_rest(preferences: list[float | None]) -> None:
    """A over B and B over A make one; what has no preference is missing from both."""
    forth, back = win_rate(preferences), win_rate([None if p is None else 1 - p for p in preferences])
    assert forth.missing == back.missing and forth.n == back.n
    if forth.value is not None and back.value is not None:
        assert forth.value + back.value == pytest.approx(1)


@given(PREFERENCES, st.randoms())
def test_the_order_of_rows_says_nothing(preferences: list[float | None], random: object) -> None:
    shuffled = list(preferences)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = win_rate(preferences), win_rate(shuffled)
    assert (one.wins, one.losses, one.draws, one.missing) == (other.wins, other.losses, other.draws, other.missing)
    assert one.value == other.value or one.value == pytest.approx(other.value)


def test_what_has_no_preference_is_told_by_its_bounds() -> None:
    """Rows that fall out unseen have moved a published rate by seven points."""
    found = win_rate([1.0, 1.0, 0.0, None, None])
    assert found.value == pytest.approx(2 / 3) and found.missing == 2
    assert found.bounds == (pytest.approx(0.4), pytest.approx(0.8))


def test_nothing_is_no_rate() -> None:
    found = win_rate([None])
    assert (found.value, found.se, found.discrete, found.n) == (None, None, None, 0)
    assert win_rate([]).bounds == (0.0, 1.0)


def test_two_models_on_the_same_prompts() -> None:
    """Paired: what both have in common cancels out; a prompt that one lacks counts for neither."""
    first = [0.0, 0.0, 1.0, 0.0, None, 1.0, 0.0, 0.0]
    second = [1.0, 1.0, 1.0, 1.0, 1.0, None, 1.0, 1.0]
    found = change(first, second)
    assert found is not None
    assert (found.better, found.worse, found.equal) == (5, 0, 1)
    assert found.value == pytest.approx(5 / 6) and found.sign_p == pytest.approx(2 * 0.5**5)
    assert found.low <= found.value <= found.high and found.se is not None and found.se > 0
    assert change([None], [1.0]) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40))
def test_a_change_turned_round_has_the_other_sign(pairs: list[tuple[float, float]]) -> None:
    forth, back = change([a for a, _ in pairs], [b for _, b in pairs]), change([b for _, b in pairs], [a for a, _ in pairs])
    assert forth is not None and back is not None
    assert forth.value == pytest.approx(-back.value) and forth.sign_p == pytest.approx(back.sign_p)


@pytest.mark.parametrize(("rate", "controlled", "extreme"), [
    (0.2, 0.09, True), (0.2, 0.11, False), (0.5, 0.37, True), (0.5, 0.63, True), (0.5, 0.6, False), (0.05, 0.0, False),
])  # fmt: skip
def test_a_rate_that_moved_too_far_at_equal_lengths(rate: float, controlled: float, extreme: bool) -> None:
    """AlpacaEval's bounds: min(w - w/4, w - 10) and max(w + (100 - w)/4, w + 10)."""
    assert is_extreme(rate, controlled) is extreme
