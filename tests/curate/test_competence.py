"""The measurements that decide what a round selects by."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import TestSettings, rows_in
from scripted import Opens

from humpback.curate import competence as c
from humpback.curate.damage import DAMAGES
from humpback.curate.judge import JudgeConfig
from humpback.curate.scorers.gain import LikelihoodStage
from humpback.curate.scorers.gain import measured as likelihoods_of
from humpback.curate.select import Choice, CurateConfig
from humpback.curate.settings import Asking, CurationSettings
from humpback.errors import LMError
from humpback.lm import LM, Answer, Completion, Question, Sampling, Usage
from humpback.lm.echo import Echo
from humpback.metrics import metric
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import PAIR

CLEAN = [
    {"id": f"d{i}", "instruction": f"How do I do the thing number {i}?",
     "response": f"First do the part {i}.\nThen wait for {i} minutes and look.\nAt last, put it back where it was before.",
     "split": "dev"}
    for i in range(12)
]  # fmt: skip


class Asked(Echo):
    """Keeps the prompts under which it was asked for log-probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.asked += prompts
        return super().logprob(prompts, targets, ended)


class Judge(Echo):
    """Knows what was damaged: an advert, or a text without its last line, is on level `bad`, the rest on `good`."""

    def __init__(
        self, good: int = 5, bad: int = 1, mass: float = 0.9, gap: float | None = 0.0, flips: bool | None = False
    ) -> None:
        super().__init__()
        self.good, self.bad, self.mass, self.gap, self.flips = good, bad, mass, gap, flips
        self.predicates = 0

    def level(self, text: str) -> int:
        return self.bad if "Sponsored" in text or "where it was before" not in text else self.good

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        self.usage += Usage(1, 100 * len(states), 0, seconds=2.0)
        self.predicates += len(states) * sum(q.kind == "predicate" for q in questions)
        return [[self._answer(state, q) for q in questions] for state in states]

    def _answer(self, state: str, question: Question) -> Answer:
        if question.kind == "predicate":
            return Answer((0.1, 0.9) if " not " in question.text else (0.9, 0.1), None, None, 0.9)
        level = self.level(state)
        one = tuple(float(i == level - 1) for i in range(5))
        told = question.orders != "forward"
        return Answer(
            one, float(level), 1.0, self.mass, self.gap if told else None, order_flips=self.flips if told else None
        )

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        moved = [sampling.temperature > 0 and seed % 4 == 0 for seed in seeds]
        return [Completion(f"Score: {self.level(p) - m}", "stop", 3, -1.0) for p, m in zip(prompts, moved, strict=True)]


def measured(
    folder: Path, lm: LM, judge: JudgeConfig | None = None, rows: list | None = None, forward: LM | None = None
) -> tuple[list[dict], list[dict]]:
    """(metric rows, damaged pairs) by the judge `lm`; `forward` is the model in training, unset: the judge."""
    settings = CurationSettings(judge=judge or JudgeConfig(), curate=CurateConfig(max_tokens=200))
    asking = Asking(1, "M_0", "openai:judge" if forward else "echo", "echo", "", settings)
    models = {"echo": forward or lm, "openai:judge": lm}
    with Run(folder / str(len(list(folder.iterdir()))), "test", TestSettings(), engine=Opens(**models)) as run:
        seed = rows_in(run, CLEAN if rows is None else rows, PAIR, kind="seed")
        made = list(c.measured(run, seed, asking).rows())
        damaged = list(run.one(kind="damaged", round=1).rows())
    assert len({row["id"] for row in made}) == len(made) and {row["model"] for row in made} <= {"M_0"}
    return made, damaged


def of(folder: Path, lm: LM, judge: JudgeConfig | None = None, rows: list | None = None) -> dict[tuple, dict]:
    found = measured(folder, lm, judge, rows)[0]
    return {(row["metric"].replace("scorer", row["against"]), row["part"] or row["at"]): row for row in found}


def value(metrics: dict, name: str, part: Any = None) -> Any:
    return metrics[name, part]["value"]


def test_the_damaged_pairs_are_kept_with_their_scores(tmp_path: Path) -> None:
    """Precision at a selection's threshold needs the cases; and a score below the floor of label mass selects nothing."""
    sure, unsure = (measured(tmp_path, Judge(mass=mass))[1] for mass in (0.9, 0.3))
    assert len({row["id"] for row in sure}) == len(sure) == len(DAMAGES) * len(CLEAN)
    assert {row["method"] for row in sure if row["score"] == 5.0} == {"clean", "shuffled", "generic", "copied"}
    assert [row["parent"] for row in sure[:12]] == [row["id"] for row in CLEAN]
    assert [row["score"] for row in unsure] == [row["score"] for row in sure] and all(
        row["gain"] is not None for row in unsure
    )
    assert {row["status"] for row in unsure} == {"undecided"}
    assert {c.as_in_a_run(row)["score"] for row in unsure} == {None}
    assert [c.as_in_a_run(row) for row in sure] == sure


def test_gains_are_of_the_same_tag_as_those_of_the_pool(tmp_path: Path) -> None:
    """Precision by gain held gains under the seed's tag against a threshold of gains under that of web texts."""
    forward = Asked()
    damaged = measured(tmp_path, Judge(), forward=forward)[1]
    assert {tag for prompt in forward.asked for tag in (TagConfig().seed, TagConfig().web) if tag in prompt} == {
        TagConfig().web
    }
    pool = list(likelihoods_of(LikelihoodStage(max_tokens=200), damaged, Echo()))
    assert [row["gain"] for row in damaged] == [row["gain"] for row in pool]  # type: ignore[index]


def test_errors_are_those_of_pairs() -> None:
    """A clean and a damaged pair of one text are hard or easy together: as independent cases, their AUC had 3.8 times the
    variance that it has when pairs are drawn anew."""
    draw = np.random.default_rng(3)
    text, n = draw.normal(0, 2.0, 80), 80
    clean, bad = text + 0.8 + draw.normal(0, 0.5, n), text + draw.normal(0, 0.5, n)
    rows = [
        {"method": kind, "score": value, "gain": value} for kind in DAMAGES for value in (clean if kind == "clean" else bad)
    ]
    ranked = [{**row, "retrieval_rank": 1} for row in rows]
    [found, *others] = c.aucs(ranked, CurateConfig(), "M_0", 1)
    assert {row["against"] for row in others} == {"gain", "score"}
    again = [draw.integers(0, n, n) for _ in range(1500)]
    spread = np.var([(clean[i][:, None] > bad[i]).mean() for i in again])
    assert found["value"] == pytest.approx((clean[:, None] > bad).mean())
    assert found["se"] ** 2 == pytest.approx(spread, rel=0.15)
    assert independent(found["value"], n) > 3 * found["se"] ** 2


def independent(auc: float, n: int) -> float:
    """The variance of an AUC of n good and n bad cases (Hanley and McNeil 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    return (auc * (1 - auc) + (n - 1) * (q1 + q2 - 2 * auc * auc)) / n**2


def test_a_judge_that_sees_two_damages_of_four(tmp_path: Path) -> None:
    """One mean over all damage hides that the judge is blind to some of it."""
    metrics = of(tmp_path, Judge())
    aucs = {part: row["value"] for (name, part), row in metrics.items() if name == "score_auc"}
    assert aucs == {"shuffled": 0.5, "generic": 0.5, "truncated": 1.0, "advert_inserted": 1.0, "copied": 0.5}
    assert all(row["n"] == 12 and row["se"] is not None for (name, _), row in metrics.items() if name.endswith("_auc"))


def test_what_is_undecided_ranks_but_is_not_valid(tmp_path: Path) -> None:
    """A judge with little on its labels may still rank; that it would score nothing must be seen beside it."""
    metrics = of(tmp_path, Judge(mass=0.2))
    assert value(metrics, "score_auc", "truncated") == 1.0
    assert value(metrics, "judge_valid") == 0.0 and value(metrics, "judge_undecided") == 1.0


def test_level_usage_is_that_of_clean_pairs(tmp_path: Path) -> None:
    """A judge that knows one level ranks nothing, whatever its mean."""
    metrics = of(tmp_path, Judge(good=4))
    assert [value(metrics, "judge_level", float(i)) for i in range(1, 6)] == [0, 0, 0, 1, 0]


@pytest.mark.parametrize(("gap", "flips"), [(0.75, False), (1.25, True), (None, None)])
def test_order_flips(tmp_path: Path, gap: float | None, flips: bool | None) -> None:
    """Reversing the options flips a quarter of some judges' answers; a server that reads one order says nothing of it."""
    metrics = of(tmp_path, Judge(gap=gap, flips=flips))
    assert (value(metrics, "judge_order_gap"), value(metrics, "judge_order_flips")) == (gap, flips)


def test_the_order_is_checked_on_a_share(tmp_path: Path) -> None:
    """Pairs that were shown in one order have no gap, and are not pairs whose gap is 0."""
    metrics = of(tmp_path, Judge(gap=2.0, flips=True), JudgeConfig(reverse=0.3))
    for name, told in (("judge_order_gap", 2.0), ("judge_order_flips", 1.0)):
        # The copies of a pair are asked alike.
        assert value(metrics, name) == told and 0 < metrics[name, None]["n"] == 6 * len(DAMAGES) < 12 * len(DAMAGES)


@pytest.mark.parametrize("mode", ["text", "multi"])
def test_a_second_draw(tmp_path: Path, mode: str) -> None:
    """A score that was sampled once has a noise that nobody measured."""
    metrics = of(tmp_path, Judge(), JudgeConfig(mode=mode, samples=3))
    assert 0 < value(metrics, "judge_retest_gap") < 1 and not any(name == "judge_order_gap" for name, _ in metrics)


@pytest.mark.parametrize(("both", "kappa"), [
    ([(1, 1), (5, 5)], 1.0),
    ([(1, 5), (5, 1)], -1.0),
    ([(1, 1), (1, 5), (5, 1), (5, 5)], 0.0),
    ([(4.6, 5), (5.0, 4.5)], None),
])  # fmt: skip
def test_kappa(both: list, kappa: float | None) -> None:
    """Agreement that chance would give is none; on one level alone it is undefined, not perfect."""
    assert c.kappa(both) == kappa


def test_costs_are_those_of_the_judge_alone(tmp_path: Path) -> None:
    """A price per thousand pairs that counts the likelihoods too is another method's."""
    metrics = of(tmp_path, Judge())
    assert value(metrics, "judge_prompt_tokens") == 100_000
    assert value(metrics, "judge_seconds") == pytest.approx(1000 * 2.0 / (12 * len(DAMAGES)))


def test_tokens_that_were_not_counted_are_not_zero(tmp_path: Path) -> None:
    """A free judge would be a fine thing."""

    class Uncounted(Judge):
        def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
            return [[self._answer(state, q) for q in questions] for state in states]

    assert value(of(tmp_path, Uncounted()), "judge_prompt_tokens") is None


def test_the_canary_finds_a_judge_that_does_not_read_the_question(tmp_path: Path) -> None:
    """Small models keep 92 to 95 % of their answers when the question is negated."""

    class Yes(Judge):
        def _answer(self, state: str, question: Question) -> Answer:
            made = super()._answer(state, question)
            return made if question.kind == "score" else Answer((0.9, 0.1), None, None, 0.9)

    assert value(of(tmp_path, Judge()), "judge_canary") == 0.0 and value(of(tmp_path, Yes()), "judge_canary") == 1.0


def test_a_judge_that_only_writes_is_measured_too(tmp_path: Path) -> None:
    """A chat server without decisions and log-probabilities must not end the measurement."""

    class Writes(Judge):
        def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
            raise LMError("cannot")

        def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
            raise LMError("cannot")

    metrics = of(tmp_path, Writes(), JudgeConfig(mode="text"))
    assert value(metrics, "score_auc", "truncated") == 1.0 and value(metrics, "gain_auc", "truncated") is None
    assert value(metrics, "judge_canary") is None


def test_labelled_rows_are_compared_with_their_label(tmp_path: Path) -> None:
    """Human labels are not clean pairs: damaged bad pairs would say nothing."""
    bad = [{**row, "id": "x" + row["id"], "response": "Then wait.", "label": 0} for row in CLEAN]
    metrics = of(tmp_path, Judge(), rows=[*bad, *({**row, "label": 1} for row in CLEAN)])
    assert {value(metrics, f"judge_{name}", 4.5) for name in ("precision", "recall")} == {1.0}
    assert value(metrics, "judge_label_auc") == 1.0
    assert not any(name == "score_auc" for name, _ in metrics)


def known(judge: dict, gain: dict, valid: float, combined: dict | None = None) -> list:
    of = {"score": judge, "gain": gain, "combined": combined or {}}
    rows = [metric("scorer_auc", "M_0", v, n=9, part=k, against=name) for name, own in of.items() for k, v in own.items()]
    fit = metric("combined_fit", "M_0", float(combined is not None), n=9, note="9 clean pairs")
    return [*rows, metric("judge_valid", "M_0", valid, n=9), fit]


GOOD = {"shuffled": 0.9, "truncated": 0.85, "advert_inserted": 0.9, "copied": 0.9}


@pytest.mark.parametrize(
    ("judge", "combined", "valid", "by", "rule"),
    [
        (GOOD, GOOD, 1.0, "score", {"k": 4.5}),
        ({**GOOD, "truncated": 0.5}, GOOD, 1.0, "combined", {"share": 0.5}),
        ({**GOOD, "truncated": 0.5}, None, 1.0, "gain", {"share": 0.5}),
        (GOOD, GOOD, 0.3, "combined", {"share": 0.5}),
        ({**GOOD, "copied": 0.1}, GOOD, 1.0, "score", {"k": 4.5}),
        ({**GOOD, "copied": None}, GOOD, 1.0, "score", {"k": 4.5}),
    ],
    ids=[
        "competent judge",
        "blind to one kind",
        "nothing fitted",
        "a judge that does not answer",
        "a judge that is blind to copies",
        "no copy has a score",
    ],
)
def test_what_selects_is_chosen_and_named(judge: dict, combined: dict | None, valid: float, by: str, rule: dict) -> None:
    """A judge at chance that selects anyway is how M_1 came out below M_0. Damage that a guard catches decides nothing: it
    never reaches the judge, and yet it made a judge incompetent that told all other damage."""
    choice = c.choose(known(judge, GOOD, valid, combined), CurateConfig())
    assert choice == Choice(by, **rule, why=choice.why) and choice.why
    assert ("truncated 0.85" in choice.why) == (by == "combined") and ("nothing can be fitted" in choice.why) == (
        by == "gain"
    )


def test_the_user_may_insist() -> None:
    """curate.by=score selects at k whatever was measured: the faithful reproduction."""
    choice = c.choose([], CurateConfig(by="score", k=4.0))
    assert (choice.by, choice.k, choice.share) == ("score", 4.0, None)


CHANCE = {"shuffled": 0.5, "generic": 0.5, "truncated": 0.5, "advert_inserted": 0.5, "copied": 0.0}
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
    metrics, config = known(judge, gain, 1.0), CurateConfig(by=by)  # type: ignore[arg-type]
    assert (c.below_chance(metrics, by) is not None) == stops
    if not stops:
        assert c.choose(metrics, config).why
        return
    with pytest.raises(c.JudgeBelowChance, match=r"0\.4\d.*0\.50") as stop:
        c.choose(metrics, config)
    assert "curate.stop_below_chance=false" in stop.value.hint


def test_below_chance_is_by_more_than_an_error() -> None:
    """A mean AUC of .4996 over ten pairs ended a run."""
    rows = [{**row, "se": 0.06} for row in known({}, BELOW, 1.0)]
    assert c.below_chance(rows, "gain") is None
    assert c.below_chance([{**row, "se": 0.01} for row in rows], "gain") is not None


def test_one_may_go_on_below_chance() -> None:
    """A reproduction of somebody's bad judge is a legitimate experiment."""
    config = CurateConfig(by="gain", stop_below_chance=False)
    assert c.choose(known(BELOW, BELOW, 1.0), config).by == "gain"
