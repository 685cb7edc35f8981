"""The measurements that decide what a round selects by."""

from collections.abc import Sequence
from typing import Any

import pytest

from humpback.curate.judge import JudgeConfig
from humpback.curate.select import CurateConfig
from humpback.errors import LMError
from humpback.evaluate import competence as c
from humpback.metrics import mean_and_error, metric, paired_change
from humpback.lm import Answer, Completion, Question, Sampling, Usage
from humpback.lm.echo import Echo
from humpback.prompts.forward import TagConfig

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


CLEAN = [
    {"id": f"d{i}", "instruction": f"How do I do the thing number {i}?",
     "response": f"First do the part {i}.\nThen wait for {i} minutes and look.\nAt last, put it back where it was before."}
    for i in range(12)
]  # fmt: skip


class Judge(Echo):
    """Knows what was damaged: an advert, or a text without its last line, is on level `bad`, the rest on `good`."""

    def __init__(self, good: int = 5, bad: int = 1, mass: float = 0.9, gap: float | None = 0.0) -> None:
        super().__init__()
        self.good, self.bad, self.mass, self.gap = good, bad, mass, gap
        self.predicates = 0

    def level(self, text: str) -> int:
        return self.bad if "Sponsored" in text or "where it was before" not in text else self.good

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        self.usage += Usage(1, 100 * len(states), 0)
        self.predicates += len(states) * sum(q.kind == "predicate" for q in questions)
        return [[self._answer(state, q) for q in questions] for state in states]

    def _answer(self, state: str, question: Question) -> Answer:
        if question.kind == "predicate":
            return Answer((0.1, 0.9) if " not " in question.text else (0.9, 0.1), None, None, 0.9)
        level = self.level(state)
        one = tuple(float(i == level - 1) for i in range(5))
        return Answer(one, float(level), 1.0, self.mass, self.gap)

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        moved = [sampling.temperature > 0 and seed % 4 == 0 for seed in seeds]
        return [Completion(f"Score: {self.level(p) - m}", "stop", 3, -1.0) for p, m in zip(prompts, moved, strict=True)]


def of(lm: Any, judge: JudgeConfig | None = None, rows: list | None = None) -> dict[tuple[str, str], dict]:
    made = c.competence(CLEAN if rows is None else rows, lm, TagConfig(), CurateConfig(max_tokens=200), 1, judge)
    listed = list(made)
    assert len({row["id"] for row in listed}) == len(listed)
    return {(row["metric"], row["note"]): row for row in listed}


def value(metrics: dict, name: str, note: str = "") -> Any:
    return next(row["value"] for (n, told), row in metrics.items() if n == name and told.startswith(note))


def test_the_damaged_pairs_are_kept_with_the_scores_that_a_run_would_have() -> None:
    """Precision at a selection's threshold needs the cases; and a score below the floor of label mass selects nothing."""
    kept: list[dict] = []
    for mass in (0.9, 0.3):
        list(c.competence(CLEAN, Judge(mass=mass), TagConfig(), CurateConfig(max_tokens=200), 1, keep=kept.extend))
    sure, unsure = kept[: len(kept) // 2], kept[len(kept) // 2 :]
    assert len({row["id"] for row in sure}) == len(sure) == 5 * len(CLEAN)
    assert {row["method"] for row in sure if row["score"] == 5.0} == {"clean", "shuffled", "copied"}
    assert [row["parent"] for row in sure[:12]] == [row["id"] for row in CLEAN]
    assert {row["score"] for row in unsure} == {None} and all(row["gain"] is not None for row in unsure)


def test_a_judge_that_sees_two_damages_of_four() -> None:
    """One mean over all damage hides that the judge is blind to some of it."""
    metrics = of(Judge())
    aucs = {note: row["value"] for (name, note), row in metrics.items() if name == "judge_auc"}
    assert aucs == {"shuffled": 0.5, "truncated": 1.0, "advert_inserted": 1.0, "copied": 0.5}
    assert all(row["n"] == 12 and row["se"] is not None for (name, _), row in metrics.items() if name.endswith("_auc"))


def test_what_is_undecided_ranks_but_is_not_valid() -> None:
    """A judge with little on its labels may still rank; that it would score nothing must be seen beside it."""
    metrics = of(Judge(mass=0.2))
    assert value(metrics, "judge_auc", "truncated") == 1.0
    assert value(metrics, "judge_valid") == 0.0 and value(metrics, "judge_undecided") == 1.0


def test_level_usage_is_that_of_clean_pairs() -> None:
    """A judge that knows one level ranks nothing, whatever its mean."""
    metrics = of(Judge(good=4))
    assert [value(metrics, "judge_level", f"level {i}") for i in range(1, 6)] == [0, 0, 0, 1, 0]


@pytest.mark.parametrize(("good", "gap", "flips"), [(4, 0.75, 0.0), (4, 1.25, 1.0), (4, None, None)])
def test_order_flips(good: int, gap: float | None, flips: float | None) -> None:
    """Reversing the options flips a quarter of some judges' answers; a server that reads one order says nothing of it."""
    metrics = of(Judge(good=good, gap=gap))
    assert (value(metrics, "judge_order_gap"), value(metrics, "judge_order_flips")) == (gap, flips)


@pytest.mark.parametrize("mode", ["text", "multi"])
def test_a_second_draw(mode: str) -> None:
    """A score that was sampled once has a noise that nobody measured."""
    metrics = of(Judge(), JudgeConfig(mode=mode, samples=3))
    assert 0 < value(metrics, "judge_retest_gap") < 1 and not any(name == "judge_order_gap" for name, _ in metrics)


@pytest.mark.parametrize(("both", "kappa"), [
    ([(1, 1), (5, 5)], 1.0),
    ([(1, 5), (5, 1)], -1.0),
    ([(1, 1), (1, 5), (5, 1), (5, 5)], 0.0),
    ([(4.6, 5), (5.0, 4.5)], None),
])  # fmt: skip
def test_kappa(both: list, kappa: float | None) -> None:
    """Agreement that chance would give is none; on one level alone it is undefined, not perfect."""
    assert c._kappa(both) == kappa


def test_costs_are_those_of_the_judge_alone() -> None:
    """A price per thousand pairs that counts the likelihoods too is another method's."""
    metrics = of(Judge())
    assert value(metrics, "judge_prompt_tokens") == 100_000 and value(metrics, "judge_seconds") > 0


def test_tokens_that_were_not_counted_are_not_zero() -> None:
    """A free judge would be a fine thing."""

    class Uncounted(Judge):
        def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
            return [[self._answer(state, q) for q in questions] for state in states]

    assert value(of(Uncounted()), "judge_prompt_tokens") is None


def test_the_canary_finds_a_judge_that_does_not_read_the_question() -> None:
    """Small models keep 92 to 95 % of their answers when the question is negated."""

    class Yes(Judge):
        def _answer(self, state: str, question: Question) -> Answer:
            made = super()._answer(state, question)
            return made if question.kind == "score" else Answer((0.9, 0.1), None, None, 0.9)

    assert value(of(Judge()), "judge_canary") == 0.0 and value(of(Yes()), "judge_canary") == 1.0


def test_a_judge_that_only_writes_is_measured_too() -> None:
    """A chat server without decisions and log-probabilities must not end the measurement."""

    class Writes(Judge):
        def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
            raise LMError("cannot")

        def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
            raise LMError("cannot")

    metrics = of(Writes(), JudgeConfig(mode="text"))
    assert value(metrics, "judge_auc", "truncated") == 1.0 and value(metrics, "gain_auc", "truncated") is None
    assert value(metrics, "judge_canary") is None


def test_labelled_rows_are_compared_with_their_label() -> None:
    """Human labels are not clean pairs: damaged bad pairs would say nothing."""
    bad = [{**row, "id": "x" + row["id"], "response": "Then wait.", "label": 0} for row in CLEAN]
    metrics = of(Judge(), rows=[*bad, *({**row, "label": 1} for row in CLEAN)])
    assert {value(metrics, f"judge_{name}") for name in ("precision", "recall", "label_auc")} == {1.0}
    assert not any(name == "judge_auc" for name, _ in metrics)


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


CHANCE = {"shuffled": 0.5, "truncated": 0.5, "advert_inserted": 0.5, "copied": 0.0}
BELOW = {"shuffled": 0.4, "truncated": 0.5, "advert_inserted": 0.5, "copied": 1.0}


@pytest.mark.parametrize(
    ("judge", "gain", "by", "stops"),
    [
        (BELOW, BELOW, "auto", True),
        (BELOW, CHANCE, "auto", False),
        (BELOW, GOOD, "auto", False),
        (BELOW, GOOD, "score", True),
        (GOOD, BELOW, "score", False),
        (GOOD, BELOW, "gain", True),
        ({}, {}, "auto", False),
        ({**BELOW, "truncated": None}, {}, "score", True),
    ],
)
def test_below_chance_stops(judge: dict, gain: dict, by: str, stops: bool) -> None:
    """A judge that prefers damaged pairs keeps the worst of the corpus; damage that a guard catches does not redeem it."""
    metrics, config = measured(judge, gain, 1.0), CurateConfig(by=by)  # type: ignore[arg-type]
    assert (c.below_chance(metrics, by) is not None) == stops
    if not stops:
        assert c.choose(metrics, config).why
        return
    with pytest.raises(c.JudgeBelowChance, match=r"0\.4\d.*0\.50") as stop:
        c.choose(metrics, config)
    assert "curate.stop_below_chance=false" in stop.value.hint


def test_one_may_go_on_below_chance() -> None:
    """A reproduction of somebody's bad judge is a legitimate experiment."""
    config = CurateConfig(by="gain", stop_below_chance=False)
    assert c.choose(measured(BELOW, BELOW, 1.0), config).by == "gain"
