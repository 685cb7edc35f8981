"""Scorers compared: AUCs with errors of their differences, selections, agreement and cost."""

import math
from typing import Any

import numpy as np
import pytest

from humpback.curate.combine import SCORERS, Scorer
from humpback.curate.judge import JudgeConfig
from humpback.evaluate import comparison as c
from humpback.evaluate.agreement import auc_error
from humpback.lm import Usage
from humpback.lm.echo import Echo

INF = math.inf


def array(*values: float) -> c.Values:
    return np.array(values, dtype=np.float64)


def found(rows: Any, *names: str) -> dict[tuple[str, ...], Any]:
    """(metric, and the columns named) -> row; no two rows share an id."""
    listed = list(rows)
    assert len({row["id"] for row in listed}) == len(listed)
    return {tuple(row[name] for name in ("metric", "model", *names)): row for row in listed}


def rows_of(column: str, *values: float | None) -> list[dict[str, Any]]:
    return [{"id": str(i), column: value} for i, value in enumerate(values)]


@pytest.mark.parametrize(("column", "given", "ranked"), [
    ("gain", [0.2, -0.1, 0.0, None], [0.2, -INF, -INF, -INF]),
    ("ifd", [0.5, 0.95, 0.1, math.nan], [0.5, -INF, -INF, -INF]),
    ("retrieval_rank", [1, 4, None], [-1, -4, -INF]),
    ("score", [4.5, None], [4.5, -INF]),
])  # fmt: skip
def test_what_is_never_kept_ranks_last(column: str, given: list, ranked: list) -> None:
    """An IFD above its band would pass for the best of pairs, and a pair without a score for no pair at all."""
    assert c.ranking(rows_of(column, *given), column, SCORERS[column]).tolist() == ranked


def test_values_are_turned_and_null_is_not_a_number() -> None:
    """A rank of 1 is the best there is; correlated as it stands it would oppose every other scorer."""
    assert c.values(rows_of("retrieval_rank", 1, None), "retrieval_rank", SCORERS["retrieval_rank"])[0] == -1
    assert np.isnan(c.values(rows_of("x", None), "x", Scorer()))[0]


@pytest.mark.parametrize(("ranked", "share", "kept"), [
    ([1, 3, 2, 3], 0.5, [1, 3]),
    ([1, 1, 1, 1], 0.5, [0, 1]),
    ([-INF, 5, -INF, -INF], 0.5, [1]),
    ([1, 2, 3], 0.01, [2]),
])  # fmt: skip
def test_the_best_share(ranked: list, share: float, kept: list) -> None:
    """A budget filled with pairs that the scorer rules out measures another scorer."""
    assert np.flatnonzero(c.chosen(array(*ranked), share)).tolist() == kept


@pytest.mark.parametrize(("good", "bad", "value"), [
    ([3, 4], [1, 2], 1.0), ([1, 2], [3, 4], 0.0), ([2, 3], [2, 1], 0.875), ([1, -INF], [-INF, 0], 0.625),
])  # fmt: skip
@pytest.mark.parametrize("paired", [True, False])
def test_auc(good: list, bad: list, value: float, paired: bool) -> None:
    """Sides swapped, or ties counted as won, praise the worst scorer."""
    made = c.auc(array(*good), array(*bad), paired=paired)
    assert made and (made.value, made.n) == (value, 2)


def test_nothing_ranked_is_no_auc() -> None:
    """0.5 of a scorer that has no value at all would look like chance, and it is nothing."""
    assert c.auc(array(-INF, -INF), array(-INF)) is None and c.auc(array(), array(1)) is None


def test_one_pair_has_no_error() -> None:
    """An error of zero would make one pair the surest of findings."""
    made = c.auc(array(1), array(0), paired=True)
    assert made and made.error is None


def drawn(seed: int, n: int = 60) -> tuple[c.Values, c.Values]:
    draw = np.random.default_rng(seed)
    bad = draw.normal(size=n)
    return bad + draw.normal(0.8, 0.5, size=n), bad


@pytest.mark.parametrize("paired", [True, False])
def test_errors_are_those_of_repeated_draws(paired: bool) -> None:
    """An error that is off by the root of two tells scorers apart that are not."""
    samples = [drawn(seed) for seed in range(400)]
    if not paired:
        samples = [(good, samples[i - 1][1]) for i, (good, _) in enumerate(samples)]
    made = [auc for good, bad in samples if (auc := c.auc(good, bad, paired=paired))]
    spread = float(np.std([each.value for each in made], ddof=1))
    assert np.mean([each.error for each in made]) == pytest.approx(spread, rel=0.1)
    if not paired:
        assert made[0].error == pytest.approx(auc_error(made[0].value, 60, 60), rel=0.2)


def test_the_error_of_a_lead_leaves_out_what_two_scorers_share() -> None:
    """Two scorers that rank alike differ by nothing, however few the pairs."""
    good, bad = drawn(1)
    one, same, other = (c.auc(good, bad), c.auc(2 * good, 2 * bad), c.auc(*drawn(2)))
    assert one and same and other
    [row] = c.lead_rows("label_auc", {"a": one, "b": same})
    assert (row["model"], row["note"], row["value"]) == ("a", "b", 0) and row["se"] == 0
    [far] = c.lead_rows("label_auc", {"a": one, "b": other})
    assert far["se"] == pytest.approx(math.hypot(one.error or 0, other.error or 0), rel=0.5)
    assert list(c.lead_rows("label_auc", {"a": one})) == []


def damaged_metrics() -> dict[tuple[str, ...], Any]:
    kinds = [kind for kind in c.DAMAGES for _ in range(4)]
    good = [5, 4, 3, 2]
    sees = [*good, *([1, 1, 1, 0] * 3), *([9] * 4)]
    blind = [*good, *(good * 3), *([0] * 4)]
    return found(c.damage_rows({"sees": array(*sees), "blind": array(*blind)}, kinds), "note")


def test_the_mean_is_over_damage_that_no_guard_catches() -> None:
    """Copied instructions are dropped before any scorer sees them: who is good at these alone is good for nothing."""
    made = damaged_metrics()
    assert made["corruption_auc", "sees", "copied"]["value"] == 0 and made["corruption_auc", "blind", "copied"]["value"] == 1
    assert made["mean_auc", "sees", c.UNGUARDED]["value"] == 1 and made["mean_auc", "blind", c.UNGUARDED]["value"] == 0.5
    assert made["mean_auc_lead", "sees", "blind"]["value"] == 0.5


def test_a_scorer_that_is_blind_to_one_kind_altogether_has_no_mean() -> None:
    """A mean over the kinds that happen to be there is another mean than its neighbour's."""
    some = c.auc(array(1, 2), array(0, 0), paired=True)
    assert c.mean_auc([some, None]) is None and c.mean_auc([]) is None


def test_labels_at_the_budget() -> None:
    """Precision without its interval is believed; a recall over what was kept is always 1."""
    made = found(c.label_rows({"a": array(9, 8, 1, 0), "none": array(-INF, -INF, -INF, -INF)}, [1, 0, 1, 0], 0.5))
    assert made["label_precision", "a"]["value"] == 0.5 and "Wilson 0.095 to 0.905" in made["label_precision", "a"]["note"]
    assert made["label_recall", "a"]["value"] == 0.5 and made["label_auc", "a"]["value"] == 0.75
    assert made["label_precision", "none"]["value"] is None and made["label_recall", "none"]["value"] == 0
    assert made["label_base_rate", ""]["value"] == 0.5 and made["label_auc", "none"]["value"] is None


def test_spearman_over_the_pairs_that_both_have() -> None:
    """A null taken for a number correlates two scorers that are null of the same pairs."""
    columns = {"a": array(1, 2, 3, 4, math.nan), "b": array(10, 30, 20, math.nan, 1), "flat": array(1, 1, 1, 1, 1)}
    made = found(c.spearman_rows(columns), "note")
    assert made["spearman", "a", "b"]["value"] == pytest.approx(0.5) and made["spearman", "a", "b"]["n"] == 3
    assert made["spearman", "a", "flat"]["value"] is None and made["spearman", "a", "flat"]["n"] == 0


def test_spearman_with_ties_against_scipy() -> None:
    """Ties broken by order invent agreement."""
    stats = pytest.importorskip("scipy.stats")
    draw = np.random.default_rng(0)
    one, other = draw.integers(0, 6, 50).astype(float), draw.integers(0, 6, 50).astype(float)
    [row] = c.spearman_rows({"a": one, "b": other})
    assert row["value"] == pytest.approx(stats.spearmanr(one, other).statistic)
    # Bonett and Wright 2000: close to the root of 1 / (n - 3) where there is no correlation.
    assert row["se"] == pytest.approx(1 / math.sqrt(47), rel=0.1)


def test_overlap() -> None:
    """Two empty selections have nothing in common, and an index of 1 would say that they are one."""
    made = found(c.overlap_rows({"a": {"1", "2"}, "b": {"2", "3"}, "e": set(), "f": set()}), "note")
    assert made["overlap", "a", "b"]["value"] == pytest.approx(1 / 3) and made["overlap", "e", "f"]["value"] is None


def test_a_cost_is_the_sum_of_what_must_be_run() -> None:
    """A combination is as dear as all its parts, and tokens that nobody counted are not free."""
    parts = {"judge": c.Cost(2.0, 100, 10), "near": c.Cost(1.0, None, 20)}
    made = found(c.cost_rows("both", parts))
    assert made["seconds", "both"]["value"] == 250 and made["seconds", "both"]["note"] == "judge + near"
    assert made["prompt_tokens", "both"]["value"] is None
    assert found(c.cost_rows("one", {"judge": parts["judge"]}))["prompt_tokens", "one"]["value"] == 10_000


def test_judge_and_likelihood_are_timed_apart() -> None:
    """They are one stage: the judge's tokens on the bill of the gain would make the cheapest scorer the dearest."""

    class Counts(Echo):
        def decide(self, *asked: Any) -> Any:
            self.usage += Usage(0, 1000, 0)
            return super().decide(*asked)

    rows = [{"id": "1", "instruction": "How do I oil a chain?", "response": "With oil."}]
    made = found(c.timed(rows, Counts(), JudgeConfig(), "", 50))
    assert made["prompt_tokens", "judge"]["value"] > 1000 > made["prompt_tokens", "likelihood"]["value"] > 0
    assert made["seconds", "judge"]["value"] > 0


@pytest.mark.parametrize("kind", list(c.DAMAGES))
def test_each_kind_has_ids_of_its_own(kind: str) -> None:
    """Clean and damaged pairs under one id would be one pair to every stage."""
    rows = [{"id": f"p{i}", "instruction": f"How do I do {i}?", "response": f"Do {i} first. Then wait."} for i in range(3)]
    made = list(c.damaged(kind, rows))
    assert [row["parent"] for row in made] == ["p0", "p1", "p2"] and not {row["id"] for row in made} & {"p0", "p1", "p2"}
    assert (made[0]["response"], made[0]["instruction"]) == (rows[0]["response"], rows[0]["instruction"]) or kind != c.CLEAN


@pytest.mark.parametrize(("se", "told"), [(0.2, "is more than two"), (0.3, "is not more than two"), (None, "too few pairs")])
def test_the_verdict_says_whether_it_can_tell(se: float | None, told: str) -> None:
    """A winner by noise is the comparison's most expensive mistake."""
    made = damaged_metrics()
    lead = {**made["mean_auc_lead", "sees", "blind"], "se": se}
    [line] = c.verdicts([*(row for row in made.values() if row["metric"] == "mean_auc"), lead])
    assert "sees 1.000" in line and "blind 0.500" in line and told in line


def test_without_seed_and_labels_nothing_is_called_best() -> None:
    """Scorers that merely differ cannot be ranked."""
    assert ["nothing says" in line for line in c.verdicts([])] == [True]


def test_the_tables_show_every_scorer_and_what_fell_out() -> None:
    """What is measured and not shown was measured for nobody."""
    rows = [*damaged_metrics().values()]
    for name in ("sees", "blind"):
        rows += c.kept_rows(name, array(1, -INF), 1, 2, {"unscored": 1})
    rows += [*c.overlap_rows({"sees": {"a"}, "blind": {"a"}}), *c.cost_rows("sees", {"judge": c.Cost(1, 5000, 2)})]
    text = c.as_text(rows)
    for word in ("truncated", "1 unscored", "2,500,000", "1.00", "ranks best"):
        assert word in text
    assert c.as_text([]) == ""
