"""Scorers combined by a regression that may not turn against them."""

import random

import numpy as np
import pytest

from humpback.curate import combine as c
from humpback.curate import scorers
from humpback.curate.combine import Combination
from humpback.curate.scorers import Scorer
from humpback.curate.select import CurateConfig
from humpback.metrics.auc import auc
from humpback.schema import Row

CURATE = CurateConfig()


def loaded(*names: str, curate: CurateConfig = CURATE) -> list[Scorer]:
    return [scorers.load(name, curate) for name in names]


def cases(count: int = 60, seed: int = 1, **shift: dict[str, float]) -> tuple[list[Row], dict[str, list[Row]]]:
    """Good rows of whole and gain about 0, and bad ones of each kind, whose scorers lie lower by as much as `shift` says."""
    draw = random.Random(seed)

    def row(number: int, kind: str) -> Row:
        lower = shift.get(kind, {})
        values = {name: draw.gauss(0, 1) - lower.get(name, 0.0) for name in ("whole", "gain")}
        return {"id": f"{kind}{number:03d}", "parent": f"p{number:03d}", **values}

    return [row(i, "good") for i in range(count)], {kind: [row(i, kind) for i in range(count)] for kind in shift}


def ranks(good: list[float | None], bad: list[float | None]) -> float:
    found = auc(np.array(good, np.float64), np.array(bad, np.float64))
    assert found is not None
    return found.value


CUT, STRANGE = {"whole": 3.0}, {"gain": 3.0}


def test_it_finds_what_tells_good_from_bad() -> None:
    """A combination worse than its best part is none."""
    good, bad = cases(cut=CUT)
    made = c.fit(good, bad, loaded("whole", "gain"))
    assert made.terms[0].weight > made.terms[1].weight > 0
    assert ranks(made.predict(good), made.predict(bad["cut"])) > 0.9
    assert all(p is not None and 0 < p < 1 for p in made.predict(good))


def test_a_fault_that_no_case_has_is_seen_all_the_same() -> None:
    """A free fit gives the one scorer that sees it no weight at all."""
    good, bad = cases(cut=CUT, strange=STRANGE)
    seen = c.held_out(good, bad, loaded("whole", "gain"), "parent", without={"strange"})
    assert ranks(seen[""], seen["strange"]) > 0.7


def test_no_scorer_counts_against_its_direction() -> None:
    """Chance, and faults that make an answer likelier, would have it that the worse pairs are the better ones."""
    good, bad = cases(300, cut={"gain": -2.0}, strange={"gain": -2.0})
    assert all(term.weight >= 0.0 for term in c.fit(good, bad, loaded("whole", "gain")).terms)
    low, high = c.fit(good, bad, loaded("whole", "gain")).predict([{"whole": 0.0, "gain": gain} for gain in (-2.0, 0.0)])
    assert low is not None and high is not None and low <= high
    ranked = [{**row, "retrieval_rank": 1 + int(row["whole"] < 0)} for row in good]
    worse = [{**row, "retrieval_rank": 8} for row in bad["cut"]]
    assert c.fit(ranked, {"cut": worse}, loaded("retrieval_rank")).terms[0].weight > 0


def test_a_large_kind_does_not_outvote_a_small_one() -> None:
    """Ten labelled pages of one fault, and all weight is on what sees that."""
    good, bad = cases(cut=CUT, strange=STRANGE)
    few = c.fit(good, {**bad, "cut": bad["cut"][:6]}, loaded("whole", "gain"))
    weights = [term.weight for term in few.terms]
    assert max(weights) < 2 * min(weights)


def test_a_null_is_neither_good_nor_bad() -> None:
    """A clipped answer, whose end nobody sees, must not be the best of all, nor the worst."""
    good, bad = cases(cut=CUT)
    made = c.fit(good, bad, loaded("whole", "gain"))
    none, high, low = made.predict([{"whole": value, "gain": 0.0} for value in (None, 1.0, -3.0)])
    assert none and high and low and low < none < high
    assert made.predict([{"whole": None, "gain": None}, {}]) == [None, None] and made.predict([]) == []


def test_outside_its_band_more_is_no_better() -> None:
    """The highest IFD of all is that of a wrong instruction."""
    curate = CurateConfig(ifd_band=(0.2, 1.0))
    good = [{"id": f"g{i}", "ifd": 0.5 + i / 100} for i in range(20)]
    bad = [{"id": f"b{i}", "ifd": (0.1, 1.4)[i % 2]} for i in range(20)]
    made = c.fit(good, {"bad": bad}, loaded("ifd", curate=curate))
    assert ranks(made.predict(good), made.predict(bad)) == 1.0


def test_what_is_better_than_good_makes_up_for_no_fault() -> None:
    """A truncated answer whose sentences are all likely was above whole ones: only that it is cut off speaks against it."""
    good, bad = cases(cut=CUT, strange=STRANGE)
    made = c.fit(good, bad, loaded("whole", "gain"))
    plain, fine, finer, cut, fine_but_cut = made.predict(
        [{"whole": whole, "gain": gain} for whole, gain in ((0, 0), (0, 3), (0, 4), (-4, 0), (-4, 4))]
    )
    assert plain and fine and finer and cut and fine_but_cut
    assert cut < fine_but_cut < plain < fine < finer


def test_a_veto_is_no_vote() -> None:
    """How likely a whole answer's end is tells nothing of its instruction: on labels of generated pairs it was noise."""
    good, bad = cases(cut=CUT, strange=STRANGE)
    made = c.fit(good, bad, loaded("whole", "gain"))
    none, whole, gain = ([{"whole": w, "gain": g}] for w, g in ((0.5, 0.5), (-0.5, 0.5), (0.5, -0.5)))
    [best], [less], [least] = (made.predict(rows) for rows in (none, whole, gain))
    assert best and less and least and best - less < (best - least) / 2


def test_vetoes_are_measured_from_where_the_pool_lies() -> None:
    """The worst of a page's thirty sentences is worse than that of six, and no advert; but a pool of nothing but truncated
    answers is not thereby whole."""
    good, bad = cases(cut=CUT)
    made = c.fit(good, bad, loaded("whole", "gain"))
    pool = [{"whole": -1.5 + i / 100, "gain": 0.0} for i in range(40)]
    before, after = made.predict(pool), made.among(pool).predict(pool)
    assert all(b is not None and a is not None and b < a for b, a in zip(before, after, strict=True))
    assert made.among(pool[:5]) == made and made.among([]) == made
    far = made.among([{**row, "whole": -9.0} for row in pool]).terms[0]
    assert far.mean == pytest.approx(made.terms[0].mean - 2 * made.terms[0].scale)


def test_what_a_model_wrote_is_measured_from_its_own_best() -> None:
    """What the backward model wrote is all likelier to it than what people write: seen from there, all of it is good."""
    good, bad = cases(cut=CUT, strange=STRANGE)
    made = c.fit(good, bad, loaded("whole", "gain"))
    pool = [{"whole": 0.0, "gain": 3.0 + i / 40} for i in range(40)]
    before, after = made.predict(pool), made.among(pool).predict(pool)
    assert before[0] and before[-1] and after[0] and after[-1]
    assert before[-1] - before[0] < 0.05 < after[-1] - after[0] and after == sorted(after)  # type: ignore[type-var]


def test_the_farthest_value_is_like_one_that_is_far_enough() -> None:
    """Generated pairs lie elsewhere than human ones: sixty deviations below are no worse than six."""
    good, bad = cases(cut=CUT, strange=STRANGE)
    made = c.fit(good, bad, loaded("whole", "gain"))
    six, sixty = made.predict([{"whole": value, "gain": 0.0} for value in (-7.0, -60.0)])
    assert six == sixty


def test_what_is_told_is_of_unseen_pairs() -> None:
    """Fitted to noise and measured on the same pairs, any combination looks good."""
    names = [name for name in scorers.names() if scorers.load(name, CURATE).of_itself and name != "combined"]
    draw = random.Random(5)
    noise = [{"id": f"n{i}", **{name: draw.random() for name in names}} for i in range(60)]
    good, bad = noise[:30], noise[30:]
    seen = c.held_out(good, {"bad": bad}, loaded(*names), "id")
    made = c.fit(good, {"bad": bad}, loaded(*names))
    assert ranks(made.predict(good), made.predict(bad)) > ranks(seen[""], seen["bad"]) < 0.65


def test_copies_of_a_pair_are_never_fitted_to() -> None:
    """A pair that was fitted to clean is told from its own damage by heart."""
    good, bad = cases(20, cut=CUT)
    folds: list[set[str]] = []
    whole = c.fit

    def noted(up: list[Row], down: dict[str, list[Row]], using: list[Scorer]) -> Combination:
        folds.append({row["parent"] for rows in (up, *down.values()) for row in rows})
        return whole(up, down, using)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(c, "fit", noted)
        c.held_out(good, bad, loaded("whole"), "parent")
    assert len(folds) == c.FOLDS and all(len(fold) == 16 for fold in folds)


def test_the_order_of_the_cases_changes_nothing() -> None:
    """Folds by place would give other figures for the same pairs."""
    good, bad = cases(cut=CUT)
    one = c.held_out(good, bad, loaded("whole", "gain"), "parent")
    turned = c.held_out(good[::-1], {"cut": bad["cut"][::-1]}, loaded("whole", "gain"), "parent")
    assert turned["cut"][::-1] == pytest.approx(one["cut"], abs=1e-4)


def test_what_no_seed_pair_has_counts_in_a_pool_that_has_it() -> None:
    """Seeds seldom have headings and pages do: what tells most of their instructions was left out. It changes nothing on
    the cases themselves, and nothing of what is fitted to them."""
    good, bad = cases(cut=CUT, strange=STRANGE)
    blind, made = (c.fit(good, bad, loaded("whole", "gain", *more)) for more in ((), ("heading_overlap",)))
    assert [term.weight for term in made.terms[:2]] == [term.weight for term in blind.terms] and made.terms[2].weight > 0
    assert made.predict(good) == pytest.approx(blind.predict(good))
    pool = [{**row, "heading_overlap": float(i % 2)} for i, row in enumerate(good)]
    told = made.among(pool).predict(pool)
    assert ranks(told[1::2], told[::2]) > 0.8 > 0.6 > abs(ranks(blind.predict(pool)[1::2], blind.predict(pool)[::2]) - 0.5)
    bare = made.among(pool).predict([{**row, "heading_overlap": None} for row in pool])
    assert ranks(told[1::2], bare[1::2]) > 0.5 > ranks(told[::2], bare[::2])
    even = [{**row, "heading_overlap": 0.5} for row in good]
    other = {kind: [{**row, "heading_overlap": 0.5} for row in rows] for kind, rows in bad.items()}
    assert c.fit(even, other, loaded("whole", "gain", "heading_overlap")).terms[2].weight == 0


def test_a_scorer_of_one_value_says_nothing() -> None:
    """Its deviations are nothing divided by nothing."""
    good, bad = cases(cut=CUT)
    same = [{**row, "specificity": 0.5} for row in good]
    made = c.fit(same, bad, loaded("whole", "specificity"))
    assert made.terms[1].weight == 0.0 and made.predict(same)[0] == pytest.approx(
        made.predict([{**same[0], "specificity": 9.0}])[0]
    )


@pytest.mark.parametrize(
    ("good", "bad", "told"), [(10, 10, None), (4, 90, "4 good and 90 bad"), (9, 10, "9 good and 10 bad")]
)
def test_too_few_are_not_fitted_to(good: int, bad: int, told: str | None) -> None:
    """Three labels give coefficients too, and a perfect fit."""
    said = c.lacking(range(good), range(bad))
    assert said is None if told is None else said is not None and told in said
