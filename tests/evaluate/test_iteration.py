"""Rounds, one against another: what is promoted, what stops, and what is measured of a selection."""

from typing import Any

import pytest
from made import rows_in

from humpback.curate import scorers
from humpback.curate.select import CurateConfig
from humpback.evaluate import iteration as it
from humpback.metrics import metric
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import METRIC, PAIR, Row
from humpback.stage import LMStage, Stage
from humpback.store import Dataset

PAIRS = [{"id": f"p{i}"} for i in range(8)]
SETTINGS = it.IterateConfig()


def of(name: str, losses: list[float | None], ended: list[float] | None = None) -> list[Row]:
    pairs = PAIRS[: len(losses)]
    return list(it.cases(name, pairs, losses, ended or [1.0] * len(losses)))


def compared(after: list[float | None], z: float = 2.0, **ended: Any) -> list[Row]:
    before: list[float | None] = [3.0 + 0.1 * i for i in range(len(after))]
    return it.compared(of("M_0", before), of("M_1", after, **ended), z, 1)


def verdict(after: list[float | None], z: float = 2.0, **ended: Any) -> it.Verdict:
    return it.verdict(compared(after, z, **ended))


def figures(rows: list[Row]) -> dict[str, Any]:
    return {row["metric"]: row["value"] for row in rows}


def test_better_is_by_the_pairs_and_not_by_the_means() -> None:
    """Pairs differ by far more than models do: unpaired, a gain of 0.05 on each of them would be lost among them."""
    rows = compared([3.0 + 0.1 * i - 0.05 for i in range(8)])
    found = it.verdict(rows)
    assert found.better and "better than M_0 by more than 2 standard errors" in found.why
    change = next(row for row in rows if row["metric"] == "gate_nll_change")
    assert change["value"] == pytest.approx(-0.05)
    assert [change[name] for name in ("model", "against", "split", "round")] == ["M_1", "M_0", "dev", 1]


@pytest.mark.parametrize(
    ("changes", "z", "better"),
    [
        ([-0.1, -0.1, 0.1, 0.08], 2.0, False),  # as often worse
        ([-0.2, -0.1, -0.15, 0.02], 2.0, True),  # mean -0.1075, error 0.047
        ([-0.2, -0.1, -0.15, 0.02], 3.0, False),
        ([0.2, 0.2, 0.2, 0.2], 2.0, False),  # surely worse
        ([0.0, 0.0, 0.0, 0.0], 0.0, False),  # the same model again
    ],
)
def test_a_model_is_better_by_z_standard_errors(changes: list[float], z: float, better: bool) -> None:
    """A gate that lets chance through promotes every second model of equals."""
    assert verdict([3.0 + 0.1 * i + change for i, change in enumerate(changes)], z).better is better


def test_one_pair_proves_nothing_and_pairs_that_do_not_fit_are_left_out() -> None:
    """A difference without an error is no test."""
    assert "1 dev pairs could be compared" in verdict([1.0, None]).why and not verdict([1.0, None]).better
    assert not verdict([None, None]).better


def test_pairs_are_matched_by_id() -> None:
    """Datasets may come in any order."""
    before, after = of("M_0", [3.0, 1.0, 2.0]), of("M_1", [2.9, 0.9, 1.9])
    assert figures(it.compared(before, after[::-1], 2.0, 1))["gate_nll_change"] == pytest.approx(-0.1)


def test_a_fall_of_the_stop_rate_refuses() -> None:
    """Answers without end are worse, whatever the loss; a fall within the noise is none."""
    lower: list[float | None] = [2.0 + 0.1 * i for i in range(8)]
    assert not verdict(lower, ended=[0.0] * 6 + [1.0] * 2).better
    assert verdict(lower, ended=[0.0] + [1.0] * 7).better


# Selections.

CASES = [
    {"method": kind, "score": score, "gain": gain}
    for kind, score, gain in [
        ("clean", 5.0, 0.3), ("clean", 4.0, -0.1), ("clean", None, 0.2), ("shuffled", 4.6, 0.1), ("truncated", 1.0, 0.25),
        ("copied", 5.0, 0.9),
    ]
]  # fmt: skip


def quality(by: str, k: float | None) -> tuple[Row, Row]:
    precision, recall = it.selection_quality(CASES, by, scorers.load(by, CurateConfig()), k, "M_0", 1)
    return precision, recall


def test_precision_and_recall_at_the_selections_own_threshold() -> None:
    """At another threshold they tell of another selection. What a guard drops is left out, what has no score not chosen."""
    precision, recall = quality("score", 4.5)
    assert (precision["value"], precision["n"], recall["value"], recall["n"]) == (0.5, 2, pytest.approx(1 / 3), 3)
    precision, recall = quality("gain", 0.2)
    assert (precision["value"], recall["value"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_a_share_has_no_threshold_for_other_pairs() -> None:
    """What a model wrote is likelier to it than what people did: by the lowest value that is kept of a pool, no human pair
    is right. So the best are taken, as many as are clean; of equal ones the damaged first, or one level would be perfect."""
    precision, recall = quality("gain", None)
    assert (precision["value"], precision["n"], recall["n"]) == (pytest.approx(2 / 3), 3, 3) and "of 4" in precision["note"]
    lower = [{**case, "gain": case["gain"] / 100} for case in CASES]
    scorer = scorers.load("gain", CurateConfig())
    assert [row["value"] for row in it.selection_quality(lower, "gain", scorer, None, "M_0", 1)] == [
        pytest.approx(2 / 3)
    ] * 2
    even = [{"method": kind, "gain": 0.1} for kind in ("clean", "shuffled", "truncated")]
    assert [row["value"] for row in it.selection_quality(even, "gain", scorer, None, "M_0", 1)] == [0.0, 0.0]


def test_a_scorer_by_which_less_is_better_and_one_that_rules_out() -> None:
    """By the first place 1 is chosen, 3 is not; a gain that is not positive is never kept, whatever the threshold."""
    rows = [{"method": "clean", "retrieval_rank": 1}, {"method": "shuffled", "retrieval_rank": 3}]
    rank = scorers.load("retrieval_rank", CurateConfig())
    [precision, _] = it.selection_quality(rows, "retrieval_rank", rank, 2, "M_0", 1)
    assert precision["value"] == 1.0 and quality("gain", -1.0)[1]["value"] == pytest.approx(2 / 3)


def test_nothing_chosen_has_no_precision() -> None:
    """Zero would be a figure."""
    assert quality("score", 6.0)[0]["value"] is None and quality("score", 6.0)[1]["value"] == 0.0


def test_overlap_counts_what_is_new_and_what_left() -> None:
    """Two selections of four with three in common: 3 of 5."""
    found = figures(list(it.overlap("abcd", "bcde", "M_1", 2)))
    assert found == {"selection_overlap": 0.6, "selection_new": 1.0, "selection_left": 1.0}


def test_drift_is_of_the_same_pairs_with_the_same_instruction() -> None:
    """A mean over other pairs moves though no judge has."""
    before = {
        "a": {"instruction": "x", "score": 3.0, "gain": 0.1},
        "b": {"instruction": "old", "score": 1.0, "gain": 0.1},
    }
    now = [
        {"id": "a", "instruction": "x", "score": 4.0, "gain": 0.3},
        {"id": "b", "instruction": "new", "score": 5.0, "gain": 0.9},
        {"id": "c", "instruction": "z", "score": 5.0, "gain": 0.9},
    ]
    rows = {row["metric"]: row for row in it.drift(now, before, "M_1", 2)}
    assert (rows["score_drift"]["value"], rows["score_drift"]["n"]) == (1.0, 1)
    assert rows["gain_drift"]["value"] == pytest.approx(0.2) and rows["selected_score"]["value"] == pytest.approx(14 / 3)
    assert {row["metric"] for row in it.drift(now, {}, "M_0", 1)} == {"selected_score", "selected_gain"}


def test_of_a_new_pool_the_copies_and_the_repeated_are_told() -> None:
    """A backward model that writes the answer over again, or the same again, adds nothing."""
    pool = figures(list(it.pool_rows({"a": "What is it?", "b": "Why so?"}, {"a": "What is it?", "b": "How?"}, "M_1", 2)))
    assert pool == {"pool_unchanged": 0.5, "pool_distinct_2": 1.0}
    guards = figures(list(it.guard_rows(10, {"copied_answer": 2, "same_as_response": 1, "refusal": 1}, "M_1", 2)))
    assert guards == {"guards_passed": 0.6, "copy_rate": 0.3}


# When to stop.


def measured(overlap: float | None, precision: float | None, se: float = 0.05) -> list[Row]:
    return [
        metric("selection_overlap", "M_1", overlap, n=10),
        metric("selection_precision", "M_1", precision, n=10, se=se if precision is not None else None),
    ]


@pytest.mark.parametrize(
    ("overlap", "precision", "change", "stops"),
    [
        (0.95, 0.8, {}, "the selection is nearly that of the round before: overlap 0.95"),
        (0.9, 0.8, {}, None),
        (1.0, 0.8, {"stop_overlap": None}, None),
        (0.5, 0.72, {}, "precision on damaged dev pairs fell from 0.80 to 0.72"),
        (0.5, 0.74, {}, None),  # 0.06 of an error of 0.07
        (0.5, 0.3, {"stop_precision": None}, None),
        (0.5, 0.95, {}, None),
        (None, None, {}, None),
    ],
)
def test_rounds_stop_where_they_change_nothing_or_for_the_worse(
    overlap: float | None, precision: float | None, change: dict[str, Any], stops: str | None
) -> None:
    """Another training on the same pairs is wasted, and one on worse pairs does harm."""
    config = it.IterateConfig(**change)
    why = it.settled(measured(overlap, precision), measured(None, 0.8), config)
    assert why is None if stops is None else (why or "").startswith(stops)


# As origins of a run.


def test_models_are_measured_and_compared_on_dev_pairs(run: Run) -> None:
    """The test split has no say in which model goes on."""
    pairs = [{"id": f"p{i}", "instruction": f"How {i}?", "response": f"So {i}.", "split": split}
             for i, split in enumerate(["dev", "test", "dev", "train"])]  # fmt: skip
    seed = rows_in(run, pairs, PAIR, "seed")
    made = []
    for name in ("M_0", "M_1"):
        config = it.DevCases(seed=seed.path, cases=9, name=name, model="echo", tags=TagConfig(), max_tokens=9, stop_tokens=9)
        made.append(run.put(f"cases-{name}", LMStage("dev-cases", METRIC, it.dev_cases, config)))
    assert [{row["parent"] for row in each.rows()} for each in made] == [{"p0", "p2"}] * 2
    gate = it.Gate(best=made[0].path, new=made[1].path, z=2.0, round=1)
    rows = list(run.put("gate", Stage("gate", METRIC, it.gate, gate)).rows())
    found = it.verdict(rows)
    assert not found.better and found.why.startswith("M_1 is not better than M_0")


def scored(run: Run, name: str, scores: dict[str, float]) -> Dataset:
    rows = [{"id": each, "parent": f"of {each}", "instruction": f"How {each}?", "score": score, "gain": 0.1}
            for each, score in scores.items()]  # fmt: skip
    return rows_in(run, rows, scorers.schema(), name)


def selected(run: Run, **change: Any) -> dict[str, Row]:
    """The figures of a selection of a and b of a, b, c and d, against one of b and c before it."""
    pool = scored(run, "pool", {"a": 5.0, "b": 4.0, "c": 1.0, "d": 1.0})
    judged = [{"id": f"{i}", "method": method, "score": score, "status": status} for i, (method, score, status) in
              enumerate([("clean", 5.0, "ok"), ("shuffled", 4.5, "undecided"), ("truncated", 3.0, "ok")])]  # fmt: skip
    last = rows_in(run, measured(None, 0.8), METRIC, "last")
    before = it.Earlier(
        chosen=scored(run, "before", {"b": 3.0, "c": 5.0}).path,
        scored=scored(run, "scored", {"a": 1.0, "b": 3.0, "c": 5.0, "d": 1.0}).path, pairs=pool.path, metrics=last.path,
    )  # fmt: skip
    plain = {
        "model": "M_1", "round": 2, "by": "score", "k": None, "curate": CurateConfig(), "iterate": SETTINGS,
        "chosen": scored(run, "chosen", {"a": 5.0, "b": 4.0}).path, "pairs": pool.path,
        "damaged": rows_in(run, judged, scorers.schema(), "damaged").path, "before": before,
    }  # fmt: skip
    stage = Stage("iteration", METRIC, it.selection, it.OfRound(**{**plain, **change}))
    rows = list(run.put("iteration", stage).rows())
    assert {(row["model"], row["round"]) for row in rows} == {("M_1", 2)}
    return {row["metric"]: row for row in rows}


def test_a_selection_is_measured_at_its_own_threshold_and_against_the_last(run: Run) -> None:
    """What the judge was undecided about has no score in a run, and may have none here. Of the last selection b is left."""
    found = selected(run)
    assert found["selection_precision"]["value"] == 1.0 and found["selection_precision"]["part"] == "score"
    assert found["acceptance"]["value"] == 0.5 and found["selection_overlap"]["value"] == pytest.approx(1 / 3)
    assert found["score_drift"]["value"] == 2.5 and found["selected_score"]["value"] == 4.5
    assert "stopped" not in found and "pool_distinct_2" not in found
    assert selected(run.beside("at k"), k=3.0)["selection_precision"]["value"] == 0.5


def test_of_a_pool_that_is_written_anew_it_is_told_what_came_of_it(run: Run) -> None:
    """A pool of which all is as it was stops nothing by itself, and must be seen; overlap is then by the text."""
    config = SETTINGS.model_copy(update={"pool": "regenerated", "stop_overlap": 0.2})
    found = selected(run, iterate=config, written=scored(run, "written", {"a": 1.0}).path)
    assert found["pool_unchanged"]["value"] == 1.0 and found["guards_passed"]["value"] == 1.0
    assert found["stopped"]["note"].startswith("the selection is nearly that of the round before")


def test_the_first_selection_has_none_before_it(run: Run) -> None:
    """Nothing can be settled by one selection."""
    assert not {"selection_overlap", "score_drift", "stopped"} & set(selected(run, before=None))
