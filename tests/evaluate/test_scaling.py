"""The law w = alpha log N + C: recovered where it is known, honest about its error, and tested for saturation."""

import math

import numpy as np
import pytest
from made import rows_in

from humpback.evaluate import scaling
from humpback.metrics import metric
from humpback.run import Run
from humpback.schema import METRIC
from humpback.stage import Stage

PAPER = (100, 800, 1600, 3200, 6400, 12800, 25600, 51200)


@pytest.mark.parametrize("alpha", [6.95, 5.69, 1.99, 0.22, -1.5])
@pytest.mark.parametrize("errors", [None, tuple(range(1, 9))])
def test_a_known_law_is_recovered(alpha: float, errors: tuple[int, ...] | None) -> None:
    """The paper's alphas (table 2) on its grid: with the wrong logarithm they come out 2.3 times too small or large."""
    line = scaling.fit(PAPER, [alpha * math.log(n) - 3.0 for n in PAPER], errors)
    assert line.alpha == pytest.approx(alpha, abs=1e-10) and line.constant == pytest.approx(-3.0, abs=1e-9)


def test_the_closed_form_of_the_paper() -> None:
    """Least squares without weights is sum (L - mean L)(w - mean w) / sum (L - mean L)^2."""
    logs, values = np.log(PAPER), np.array([1.0, 4.0, 3.5, 6.0, 6.5, 8.0, 7.0, 9.0])
    alpha = ((logs - logs.mean()) * (values - values.mean())).sum() / ((logs - logs.mean()) ** 2).sum()
    assert scaling.fit(PAPER, values).alpha == pytest.approx(alpha)


def test_the_base_of_the_logarithm_is_known() -> None:
    """Per decade of N, alpha is ln 10 times as large: who compares with the paper needs both."""
    line = scaling.fit((10, 100, 1000), [1.0, 2.0, 3.0])
    assert line.alpha * scaling.PER_DECADE == pytest.approx(1.0)


def test_a_point_with_a_large_error_counts_little() -> None:
    """A size measured on three pairs must not turn the line."""
    values = [math.log(n) for n in PAPER]
    values[-1] += 5.0
    errors = [0.1] * 7 + [100.0]
    assert scaling.fit(PAPER, values, errors).alpha == pytest.approx(1.0, abs=1e-3)
    assert abs(scaling.fit(PAPER, values).alpha - 1.0) > 0.1


@pytest.mark.parametrize(("seeds", "spread"), [(1, 0.0), (3, 0.15)])
def test_the_band_covers_the_truth(seeds: int, spread: float) -> None:
    """A band of 95 % that misses the true line in more than a tenth of all experiments is no band of 95 %."""
    random = np.random.default_rng(3)
    sizes, truth = (100, 200, 400, 800, 1600), np.array([0.5 * math.log(n) - 2 for n in (100, 200, 400, 800, 1600)])
    inside, alphas = np.zeros(5), 0
    for trial in range(200):
        cases = random.normal(0, 1, 80)
        own = random.normal(0, spread, (5, seeds))
        measured = [truth[i] + cases + own[i][:, None] + random.normal(0, 0.8, (seeds, 80)) for i in range(5)]
        found = scaling.band(sizes, measured, sizes, draws=400, seed=trial)
        inside += (found.low <= truth) & (truth <= found.high)
        alphas += found.alpha[0] <= 0.5 <= found.alpha[1]
    assert (inside / 200 >= 0.9).all() and alphas / 200 >= 0.9
    assert inside.min() / 200 < 0.999


def test_cases_are_shared_by_all_sizes() -> None:
    """What makes a prompt hard is the same at each size: it moves the whole line, and must not blur its slope."""
    random = np.random.default_rng(4)
    cases = random.normal(0, 5, 100)
    measured = [(math.log(n) + cases)[None, :] for n in PAPER]
    found = scaling.band(PAPER, measured, PAPER, draws=500)
    assert found.alpha[1] - found.alpha[0] < 1e-6 and (found.high - found.low).min() > 1


def test_residuals_are_what_the_line_leaves() -> None:
    """A sign the wrong way round turns saturation into acceleration."""
    assert scaling.residuals((1, 10), [1.0, 5.0], scaling.Line(0.0, 2.0)).tolist() == [-1.0, 3.0]


def noisy(values: list[float], size: float = 0.02) -> list[float]:
    return [value + size * each for value, each in zip(values, (1, -1, -1, 1, 1, -1, 1, -1), strict=True)]


@pytest.mark.parametrize(
    ("law", "saturates"),
    [
        (lambda n: 2 * math.log(n) + 1, False),
        (lambda n: 8 - 20 * n**-0.5, True),
        (lambda n: 5 * math.log(n) - 0.3 * math.log(n) ** 2, True),
        (lambda n: 0.3 * math.log(n) ** 2, False),
    ],
)
def test_saturation_is_told_from_the_line_and_from_its_opposite(law, saturates: bool) -> None:
    """A curve that bends up fits a quadratic better too; that is no saturation."""
    found = scaling.saturation(PAPER, noisy([law(n) for n in PAPER]))
    assert any(each.p < 0.05 and each.bends_down for each in found) is saturates, found


def test_the_asymptote_is_found() -> None:
    """Where the curve ends is the answer to whether more data pays."""
    [_, asymptote] = scaling.saturation(PAPER, [8 - 20 * n**-0.5 for n in PAPER])
    assert asymptote.limit == pytest.approx(8.0, abs=0.1) and asymptote.bend == pytest.approx(0.5, abs=0.01)


def test_the_f_test_keeps_its_level() -> None:
    """Of true lines, one in twenty may seem to bend: more, and saturation is found where there is none."""
    random = np.random.default_rng(5)
    hits = sum(
        scaling.saturation(PAPER, [math.log(n) + e for n, e in zip(PAPER, random.normal(0, 1, 8), strict=True)])[0].p < 0.05
        for _ in range(300)
    )
    assert 4 <= hits <= 30


def test_too_few_sizes_are_told() -> None:
    """Three sizes have no residual left under three parameters: no p-value may be made of them."""
    assert scaling.saturation((100, 200, 400), [1.0, 2.0, 2.5]) == []
    with pytest.raises(ValueError, match="1 size"):
        scaling.fit((100, 100), [1.0, 2.0])


def test_an_exact_law_has_no_evidence_against_it() -> None:
    """Nothing left by the line divided by nothing left by the curve is no F value."""
    assert all(each.p == 1.0 or not each.bends_down or each.p > 0.05 for each in scaling.saturation(PAPER, np.log(PAPER)))


def test_the_rows_say_everything_once() -> None:
    """Two rows of one id are refused when they are written, after hours of training."""
    random = np.random.default_rng(6)
    measured = [math.log(n) + random.normal(0, 0.3, (2, 30)) for n in PAPER]
    made = list(scaling.law_rows("curated", PAPER, measured))
    assert len({row["id"] for row in made}) == len(made)
    of = {row["metric"]: row for row in made}
    assert of["alpha"]["value"] == pytest.approx(1.0, abs=0.1) and "natural" in of["alpha"]["note"]
    assert of["alpha"]["low"] < of["alpha"]["value"] < of["alpha"]["high"]
    assert of["bend"]["low"] < of["bend"]["value"] < of["bend"]["high"] and of["bend"]["part"] == "quadratic"
    assert of["alpha_per_decade"]["value"] == pytest.approx(of["alpha"]["value"] * math.log(10))


def test_what_belongs_to_a_size_stands_at_it() -> None:
    """A curve is drawn from numbers: a size in a sentence has to be read back out of it."""
    random = np.random.default_rng(6)
    made = list(scaling.law_rows("curated", PAPER, [math.log(n) + random.normal(0, 0.3, (2, 30)) for n in PAPER]))
    assert [row["at"] for row in made if row["metric"] == "improvement"] == list(PAPER)
    band = [row for row in made if row["metric"] == "band"]
    assert len(band) == scaling.POINTS and (band[0]["at"], band[-1]["at"]) == pytest.approx((100, 51200))
    assert all(row["low"] < row["value"] < row["high"] for row in band)


def test_the_laws_of_a_run_are_those_of_its_cases(run: Run) -> None:
    """A source of one size has no line, and improvement is loss that is gone: a sign soon turns round."""
    losses = {"M_0": 5.0, "seed-10": 4.0, "seed-100": 3.0, "web-10": 4.5}
    rows = [metric("nll", arm, loss + case / 10, n=1, parent=f"c{case}", split="test", seed=0)
            for arm, loss in losses.items() for case in range(4)]  # fmt: skip
    cases = rows_in(run, rows, METRIC, "cases")
    points = tuple(scaling.Point(source=arm.split("-")[0], size=int(arm.split("-")[1]), arm=arm)
                   for arm in losses if arm != "M_0")  # fmt: skip
    config = scaling.Laws(cases=cases.path, reference="M_0", points=points)
    made = list(run.put("laws", Stage("laws", METRIC, scaling.laws, config)).rows())
    assert {row["model"] for row in made} == {"seed"}
    [alpha] = [row["value"] for row in made if row["metric"] == "alpha_per_decade"]
    assert alpha == pytest.approx(1.0)
