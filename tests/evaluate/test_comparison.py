"""Scorers compared: AUCs with errors of their differences, selections, agreement and cost."""

import math
from typing import Any

import numpy as np
import pytest
from made import rows_in
from scipy import stats

from humpback.curate import scorers
from humpback.curate.damage import DAMAGES
from humpback.curate.select import CurateConfig
from humpback.evaluate import comparison as c
from humpback.metrics import metric
from humpback.metrics.auc import Auc, Values
from humpback.run import Run
from humpback.schema import METRIC, PAIR
from humpback.stage import Stage
from humpback.store import Dataset

INF = math.inf


def array(*values: float) -> Values:
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
    assert c.ranking(rows_of(column, *given), scorers.load(column, CurateConfig())).tolist() == ranked


def test_values_are_turned_and_null_is_not_a_number() -> None:
    """A rank of 1 is the best there is; correlated as it stands it would oppose every other scorer."""
    found = c.values(rows_of("retrieval_rank", 1, None), scorers.load("retrieval_rank", CurateConfig()))
    assert found[0] == -1 and np.isnan(found[1])


@pytest.mark.parametrize(("ranked", "share", "kept"), [
    ([1, 3, 2, 3], 0.5, [1, 3]),
    ([1, 1, 1, 1], 0.5, [0, 1]),
    ([-INF, 5, -INF, -INF], 0.5, [1]),
    ([1, 2, 3], 0.01, [2]),
])  # fmt: skip
def test_the_best_share(ranked: list, share: float, kept: list) -> None:
    """A budget filled with pairs that the scorer rules out measures another scorer."""
    assert np.flatnonzero(c.chosen(array(*ranked), share)).tolist() == kept


def test_a_lead_has_the_error_of_the_difference() -> None:
    """The error of the best alone says nothing about whether it is the best."""
    units = np.linspace(-1, 1, 20)
    one, other = Auc(0.9, units / 10, 20), Auc(0.8, units / 10 + 0.01, 20)
    [row] = c.lead_rows("label_auc", {"b": other, "a": one})
    assert (row["model"], row["against"], row["value"]) == ("a", "b", pytest.approx(0.1))
    assert row["se"] == pytest.approx(0.01 * math.sqrt(20))
    assert list(c.lead_rows("label_auc", {"a": one})) == []


def damaged_metrics() -> dict[tuple[str, ...], Any]:
    kinds = [kind for kind in DAMAGES for _ in range(4)]
    good = [5, 4, 3, 2]
    sees = [*good, *([1, 1, 1, 0] * 4), *([9] * 4)]
    blind = [*good, *(good * 4), *([0] * 4)]
    return found(c.damage_rows({"sees": array(*sees), "blind": array(*blind)}, kinds), "part")


def test_the_mean_is_over_damage_that_no_guard_catches() -> None:
    """Copied instructions are dropped before any scorer sees them: who is good at these alone is good for nothing."""
    made = damaged_metrics()
    assert made["corruption_auc", "sees", "copied"]["value"] == 0 and made["corruption_auc", "blind", "copied"]["value"] == 1
    assert made["mean_auc", "sees", ""]["value"] == 1 and made["mean_auc", "blind", ""]["value"] == 0.5
    assert made["mean_auc_lead", "sees", ""]["value"] == 0.5 and made["mean_auc_lead", "sees", ""]["against"] == "blind"


def test_labels_at_the_budget() -> None:
    """Precision without its interval is believed; a recall over what was kept is always 1."""
    made = found(c.label_rows({"a": array(9, 8, 1, 0), "none": array(-INF, -INF, -INF, -INF)}, [1, 0, 1, 0], 0.5))
    precision = made["label_precision", "a"]
    assert precision["value"] == 0.5 and (precision["low"], precision["high"]) == pytest.approx((0.095, 0.905), abs=5e-4)
    assert made["label_recall", "a"]["value"] == 0.5 and made["label_auc", "a"]["value"] == 0.75
    assert made["label_precision", "none"]["value"] is None and made["label_recall", "none"]["value"] == 0
    assert made["label_base_rate", ""]["value"] == 0.5 and made["label_auc", "none"]["value"] is None


def test_spearman_over_the_pairs_that_both_have() -> None:
    """A null taken for a number correlates two scorers that are null of the same pairs."""
    columns = {"a": array(1, 2, 3, 4, math.nan), "b": array(10, 30, 20, math.nan, 1), "flat": array(1, 1, 1, 1, 1)}
    made = found(c.spearman_rows(columns), "against")
    assert made["spearman", "a", "b"]["value"] == pytest.approx(0.5) and made["spearman", "a", "b"]["n"] == 3
    assert made["spearman", "a", "flat"]["value"] is None and made["spearman", "a", "flat"]["n"] == 0


def test_spearman_with_ties() -> None:
    """Ties broken by order invent agreement."""
    draw = np.random.default_rng(0)
    one, other = draw.integers(0, 6, 50).astype(float), draw.integers(0, 6, 50).astype(float)
    [row] = c.spearman_rows({"a": one, "b": other})
    ranks = stats.rankdata(one), stats.rankdata(other)
    assert row["value"] == pytest.approx(np.corrcoef(*ranks)[0, 1])
    # Bonett and Wright 2000: close to the root of 1 / (n - 3) where there is no correlation.
    assert row["se"] == pytest.approx(1 / math.sqrt(47), rel=0.1)


def test_overlap() -> None:
    """Two empty selections have nothing in common, and an index of 1 would say that they are one."""
    made = found(c.overlap_rows({"a": {"1", "2"}, "b": {"2", "3"}, "e": set(), "f": set()}), "against")
    assert made["overlap", "a", "b"]["value"] == pytest.approx(1 / 3) and made["overlap", "e", "f"]["value"] is None


# As an origin of a run.


def scored(run: Run, name: str, gains: list[float | None], **more: list[Any]) -> Dataset:
    """Pairs with a gain, and an IFD in the opposite order."""
    rows = [{"id": f"{name}{i}", "parent": f"s{i % 2}", "instruction": f"How do I oil {i}?", "response": f"With {i}.",
             "gain": gain, "ifd": None if gain is None else 0.5 - gain / 10, **{key: each[i] for key, each in more.items()}}
            for i, gain in enumerate(gains)]  # fmt: skip
    return rows_in(run, rows, scorers.schema(), name)


@pytest.fixture
def compared(run: Run) -> dict[tuple[str, str], Any]:
    """Gain and IFD on a pool of four, on two clean and two shuffled pairs, and on four labelled ones."""
    pool = scored(run, "pool", [4.0, 3.0, 2.0, None])
    damage = scored(run, "damage", [2.0, 1.0, 0.5, 0.4], method=["clean", "clean", "shuffled", "shuffled"])
    labelled = scored(run, "labelled", [4.0, 3.0, 2.0, 1.0], label=[1, 1, 0, 0])
    seed = rows_in(run, [{"id": "s", "instruction": "How?", "response": "So.", "split": "train"}] * 1, PAIR, "seed")
    took = [metric(name, "", value, n=50, part="likelihood") for name, value in (("seconds", 5.0), ("prompt_tokens", 500))]
    contender = {"parts": ("likelihood",), "scored": pool.path, "damage": damage.path, "labelled": labelled.path}
    kept = {"gain": scored(run, "pool", [4.0, 3.0]).path, "random": scored(run, "pool", [4.0]).path}
    config = c.ScorersCompared(
        contenders={name: c.Contender(column=name, **contender) for name in ("gain", "ifd")},
        kept=kept, seed=seed.path, costs={}, timed=rows_in(run, took, METRIC, "cost").path, share=0.5, curate=CurateConfig(),
    )  # fmt: skip
    rows = run.put("comparison", Stage("comparison", METRIC, c.comparison, config), kind="metrics", of="comparison").rows()
    return found(rows, "part", "against")


def test_all_is_said_of_all_scorers(compared: dict[tuple[str, ...], Any]) -> None:
    """What is measured and not told was measured for nobody."""
    assert compared["corruption_auc", "gain", "shuffled", ""]["value"] == 1
    assert compared["corruption_auc", "ifd", "shuffled", ""]["value"] == 0
    assert compared["label_precision", "gain", "", ""]["value"] == 1
    assert compared["spearman", "gain", "", "ifd"]["value"] == pytest.approx(-1)
    assert compared["ranked", "gain", "", ""]["value"] == 3 and compared["kept", "random", "", ""]["value"] == 1
    assert compared["overlap", "gain", "", "random"]["value"] == 0.5
    assert compared["seconds", "ifd", "", ""]["value"] == 100
    assert compared["length_kept", "gain", "response", ""]["n"] == 2
    assert ("ranked", "random", "", "") not in compared


def test_the_damage_of_a_seed_is_one_kind_by_itself(run: Run) -> None:
    """A rank among damaged copies of the same pair is no rank."""
    rows = [
        {"id": f"p{i}", "instruction": f"How do I do {i}?", "response": f"Do {i}. Wait.", "split": "dev"} for i in range(3)
    ]
    seed = rows_in(run, rows, PAIR, "seed")
    made = list(
        run.put("damage", Stage("damage", PAIR, c.damaged, c.Damaged(seed=seed.path, cases=2, kind="copied"))).rows()
    )
    assert [(row["parent"], row["method"], row["instruction"]) for row in made] == [
        (f"p{i}", "copied", f"Do {i}. Wait.") for i in range(2)
    ]
