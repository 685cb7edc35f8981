"""The length-controlled win rate: what is planted is found again, and published figures come out."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from humpback.evaluate.preferences.length_control import Gamed, controlled


def planted(theta: float, phi: float, n: int = 600) -> tuple[list[float | None], list[int], list[int]]:
    """Preferences that follow the model of AlpacaEval, of lengths that go with them."""
    random = np.random.default_rng(7)
    own, other = random.integers(100, 4000, n), random.integers(100, 4000, n)
    gap = (other - own) / (other - own).std(ddof=1)
    p = 1 / (1 + np.exp(-(theta + phi * np.tanh(gap))))
    return p.tolist(), own.tolist(), other.tolist()


@pytest.mark.parametrize(("theta", "phi"), [(0.8, -1.5), (-1.2, -2.0), (0.0, 1.0)])
def test_what_is_planted_is_found(theta: float, phi: float) -> None:
    """A judge that likes long answers: the rate is what it is at equal lengths, whatever the lengths are."""
    found = controlled(*planted(theta, phi))
    assert found is not None and found.difficulty is None
    assert found.value == pytest.approx(1 / (1 + np.exp(-theta)), abs=0.01)
    assert found.length == pytest.approx(phi, abs=0.15) and found.model == pytest.approx(theta, abs=0.06)
    assert 0 <= found.se < 0.05


def test_missing_preferences_do_not_count() -> None:
    p, own, other = planted(0.8, -1.5)
    some = [None if i % 3 == 0 else each for i, each in enumerate(p)]
    found = controlled(some, own, other)
    assert found is not None and found.value == pytest.approx(1 / (1 + np.exp(-0.8)), abs=0.02)


def test_difficulties_are_a_third_feature() -> None:
    """Of AlpacaEval's own prompts: the mean over prompts, each at its difficulty, and the rows of the gamed baseline."""
    random = np.random.default_rng(3)
    p, own, other = planted(0.0, -1.0)
    difficulty = random.normal(size=len(p))
    logits = np.log(np.array(p, float) / (1 - np.array(p, float))) + 0.5 + 0.9 * difficulty
    harder: list[float | None] = (1 / (1 + np.exp(-logits))).tolist()
    rows = tuple((place, float(1 / (1 + np.exp(-0.9 * each))), 0.0) for place, each in enumerate(difficulty))
    found = controlled(harder, own, other, Gamed(difficulty, rows))
    assert found is not None and found.difficulty == pytest.approx(0.9, abs=0.1)
    assert found.value == pytest.approx(float((1 / (1 + np.exp(-(0.5 + 0.9 * difficulty)))).mean()), abs=0.02)


def test_nothing_to_fit_is_no_rate() -> None:
    """Equal lengths everywhere, or hardly a preference: a fit to them would be made up."""
    assert controlled([1.0, 0.0] * 10, [5] * 20, [5] * 20) is None
    assert controlled([1.0, None, None], [5, 6, 7], [7, 6, 5]) is None
    assert controlled([1.0] * 40 + [0.0] * 3, list(range(43)), list(range(43, 0, -1))) is None


@pytest.mark.parametrize(("model", "published"), [("humpback-llama2-70b", 16.249164231428974),
                                                  ("humpback-llama-65b", 12.799859995893623)])  # fmt: skip
def test_the_published_rates_of_humpback(data: Path, model: str, published: float) -> None:
    """The weights that AlpacaEval fitted to Humpback, and a spread of difficulties that the 198 other models' published
    rates tell: neither is fitted to the figure that comes out."""
    folder = data / "alpaca_eval"
    _, *weighed = table(folder / "length_controlled_v1_weights.csv")
    weights = {row[0]: (float(row[2]), float(row[3])) for row in weighed}
    heads, *board = table(folder / "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv")
    place = heads.index("length_controlled_winrate")
    rates = {row[0]: float(row[place]) / 100 for row in board if row[place]}
    others = [name for name in weights if name in rates and name != model]
    grid = np.linspace(-8, 8, 161)
    spread = spread_of([weights[name] for name in others], [rates[name] for name in others], grid)
    assert spread.sum() == pytest.approx(1) and len(others) == 198
    psi, theta = weights[model]
    found = 100 * float(spread @ (1 / (1 + np.exp(-(theta + psi * grid)))))
    assert found == pytest.approx(published, abs=0.005) and rates[model] == pytest.approx(published / 100)


def spread_of(weights: list[tuple[float, float]], rates: list[float], difficulty: Any) -> Any:
    """How difficulties are spread over the grid `difficulty`: each rate is a mean over prompts, which is linear in it."""
    from scipy.optimize import nnls

    psi, theta = np.array(weights).T
    predicted = 1 / (1 + np.exp(-(theta[:, None] + psi[:, None] * difficulty)))
    heavy = 100.0
    left, right = np.vstack([predicted, np.full(len(difficulty), heavy)]), np.append(np.array(rates), heavy)
    found = nnls(left, right)[0]
    return found / found.sum()


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_few_wins_in_one_corner_are_no_majority() -> None:
    """Drawn or left out, a sample without a win has one label alone, which the solver takes for the other."""
    p = [0.0] * 200
    for place in range(0, 60, 5):
        p[place] = 1.0
    random = np.random.default_rng(1)
    lengths = random.integers(100, 900, (2, 200)).tolist()
    found = controlled(p, *lengths)
    assert found is not None and found.value < 0.15 and 0 < found.se < 0.05


def test_a_fit_that_is_held_to_nought_has_an_error() -> None:
    """Where lengths tell nothing and both are equally good, the strongest bound wins, and 50 +- 0 would be certainty."""
    random = np.random.default_rng(4)
    p = random.uniform(0.3, 0.7, 60).tolist()
    found = controlled(p, *random.integers(100, 900, (2, 60)).tolist())
    assert found is not None and found.value == pytest.approx(0.5, abs=0.05) and found.se > 0.01
