"""The measurements that decide what a round selects by."""

import pytest

from humpback.curate.select import CurateConfig
from humpback.evaluate import competence as c
from humpback.evaluate.metrics import mean_and_error, metric, paired_change

PAIRS = [
    ("How do I oil a chain?", "Wipe it.\n\nThen put a drop of oil on each link. Wait an hour."),
    ("Why tides?", "The moon pulls.\nSo does the sun."),
]


def test_each_damage_changes_every_pair() -> None:
    """A corruption that leaves a pair clean makes the best judge look like a coin."""
    for corrupt in c.CORRUPTIONS:
        assert all(a != b for a, b in zip(PAIRS, corrupt(PAIRS), strict=True)), corrupt.__name__


def test_shuffled_instructions_come_from_another_pair() -> None:
    """A derangement: nobody keeps his own."""
    assert [x for x, _ in c.shuffled(PAIRS)] == ["Why tides?", "How do I oil a chain?"]


@pytest.mark.parametrize(("good", "bad", "auc"), [([3, 4], [1, 2], 1.0), ([1, 2], [3, 4], 0.0), ([1, 1], [1, 1], 0.5)])
def test_auc(good: list, bad: list, auc: float) -> None:
    """An AUC with its sides swapped praises the worst judge."""
    assert c.auc_of("judge_auc", "x", good, bad, 1)["value"] == auc


def test_auc_error_against_the_published_formula() -> None:
    """Hanley and McNeil 1982: AUC 0.8 with 50 and 50 cases."""
    assert c.auc_error(0.8, 50, 50) == pytest.approx(0.0445, abs=5e-5)


def measured(judge: dict, gain: dict, valid: float) -> list:
    rows = [metric("judge_auc", "M_0", v, n=9, note=k) for k, v in judge.items()]
    rows += [metric("gain_auc", "M_0", v, n=9, note=k) for k, v in gain.items()]
    return [*rows, metric("judge_valid", "M_0", valid, n=9)]


GOOD = {"shuffled": 0.9, "truncated": 0.85, "advert_inserted": 0.9, "copied": 0.9}


@pytest.mark.parametrize(
    ("judge", "gain", "valid", "by", "rule"),
    [
        (GOOD, GOOD, 1.0, "score", {"k": 4.5}),
        ({**GOOD, "truncated": 0.5}, {**GOOD, "shuffled": 0.99}, 1.0, "gain", {"share": 0.5}),
        ({**GOOD, "truncated": 0.7}, {**GOOD, "shuffled": 0.2}, 1.0, "score", {"share": 0.5}),
        (GOOD, GOOD, 0.3, "gain", {"share": 0.5}),
        ({**GOOD, "truncated": 0.5}, {**GOOD, "shuffled": 0.99, "copied": 0.0}, 1.0, "gain", {"share": 0.5}),
    ],
    ids=[
        "competent judge",
        "gain is better",
        "a poor judge is better still",
        "a judge that does not answer",
        "the guards see copies",
    ],
)
def test_the_better_measure_is_chosen_and_named(judge: dict, gain: dict, valid: float, by: str, rule: dict) -> None:
    """A judge at chance that selects anyway is how M_1 came out below M_0."""
    choice = c.choose(measured(judge, gain, valid), CurateConfig())
    assert (choice.by, choice.rule) == (by, rule) and choice.why


def test_the_user_may_insist() -> None:
    """curate.by=score selects at k whatever was measured: the faithful reproduction."""
    assert c.choose([], CurateConfig(by="score", k=4.0)).rule == {"k": 4.0}


def test_standard_error_of_a_mean() -> None:
    """Sample deviation (n - 1) over the root of n, as pandas' sem."""
    assert mean_and_error([1.0, 2.0, 3.0, 4.0]) == (2.5, pytest.approx(0.6454972))
    assert mean_and_error([1.0]) == (1.0, None) and mean_and_error([]) == (None, None)


def test_a_paired_change_leaves_out_cases_that_one_side_lacks() -> None:
    """Means over different cases are not a comparison."""
    row = paired_change("d", "M_1", [3.0, None, 2.0], [2.5, 1.0, 2.0])
    assert row["value"] == -0.25 and row["n"] == 2
