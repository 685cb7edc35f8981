"""Can the judge judge? Clean pairs against four kinds of damage, before any of its selections is trusted.

With what else tells how far its scores can be used: agreement with labels where there are any, whether it says the same
twice, whether it uses its levels, whether it reads the question at all, and what it costs.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from humpback import prompts
from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.agreement import agreement
from humpback.curate.calibration import of_damaged
from humpback.curate.damage import CLEAN, DAMAGES, GUARDED, LABELLED, DevPairs, damaged, whole_and_damaged
from humpback.curate.judge import JudgeConfig, forgiving, graded, nearest, valid
from humpback.curate.likelihood import if_it_can
from humpback.curate.rubric import highest, rubric
from humpback.curate.scorers import Bounds, Scorer, gain
from humpback.curate.scoring import ALWAYS, COMBINED, stages, wanted
from humpback.curate.select import Choice, CurateConfig
from humpback.curate.settings import Asking
from humpback.errors import HumpbackError
from humpback.lm import LM, Question
from humpback.lm.spec import ModelName
from humpback.metrics import mean_of, metric
from humpback.metrics.auc import auc_of
from humpback.prompts.judge import CANARY, state
from humpback.run import Run
from humpback.schema import METRIC, PAIR, Row
from humpback.stage import LMStage, Outcome, Stage
from humpback.store import Dataset, DatasetFolder

CANARY_PAIRS = 50


def measured(run: Run, seed: Dataset, asking: Asking) -> Dataset:
    """How well the judge and all scorers of a round tell clean dev pairs of `seed` from damaged ones: metric rows.

    The pairs themselves with their scores are the dataset of the kind "damaged".
    """
    settings, number = asking.settings, asking.round
    dev, about = DevPairs(seed=seed.path, cases=asking.cases), {"round": number, "model": asking.model}
    config = JudgedAnyhow(max_tokens=settings.curate.max_tokens, round=number, judge=settings.judge)
    judged = [LMStage("judged", scorers.schema(), judged_anyhow, config, lm=asking.judge)] if settings.judge.ask else []
    cases = run.put(f"damaged-{number}-pairs", Stage("damaged", PAIR, damaged, dev), kind="damaging", **about)
    # The judge last: it need not be opened again for what follows.
    todo: list[Stage] = [gain.by_forward(asking), *_others(asking), *judged]
    for stage in todo[:-1]:
        name = f"damaged-{number}-{stage.name}"
        cases = run.map(name, stage, cases, may_be_empty=True, kind="damaging", **about)
    made = run.map(f"damaged-{number}", todo[-1], cases, may_be_empty=True, kind="damaged", **about)
    compared = CompetenceStage(
        damaged=made.path, judge_lm=asking.judge, judge=settings.judge, max_tokens=settings.curate.max_tokens,
        k=settings.curate.k, ifd_band=settings.curate.ifd_band, **about,
    )  # fmt: skip
    stage = LMStage("competence", METRIC, competence, compared)
    return run.put(f"competence-{number}", stage, kind="metrics", of="competence", **about)


def _others(asking: Asking) -> list[Stage]:
    """The stages of what the round measures beside judge and likelihoods, and what can be had of single pairs: a rank among
    others would here be one among copies of the same pair.
    """
    known = {name for each in ALWAYS for name in scorers.load(each, asking.settings.curate).columns}
    own = [scorers.load(name, asking.settings.curate) for name in wanted(asking) if name not in known]
    return stages([each.column for each in own if each.of_itself], asking)


def damaged_by(run: Run, chosen: Dataset, asking: Asking) -> Dataset:
    """The damaged pairs of the round with the column that `chosen` was selected by, if it can be had of single pairs."""
    if chosen.about["by"] == COMBINED:
        return of_damaged(run, asking)
    return run.one(kind="damaged", round=asking.round)


class JudgedAnyhow(Config):
    """How damaged pairs are judged."""

    max_tokens: int
    round: int
    judge: JudgeConfig


def judged_anyhow(config: JudgedAnyhow, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Damaged pairs with the judge's columns; a score counts whatever its label mass, its status is then "undecided"."""
    # All copies of a pair are drawn with the same seeds.
    asked = [{**row, "id": row["parent"]} for row in rows]
    made = graded(asked, lm, config.max_tokens, forgiving(config.judge), "competence") if rows else []
    for row, columns in zip(rows, made, strict=True):
        status = "undecided" if columns["score"] is not None and not valid(columns, config.judge) else columns["status"]
        yield {**row, **columns, "status": status, "judge": lm.name, "round": config.round}


def as_in_a_run(row: Row) -> Row:
    """A damaged pair with the score that a run would have of it: none where the judge was undecided."""
    return {**row, "score": None} if row["status"] == "undecided" else row


class CompetenceStage(Config):
    """The damaged pairs as they were judged, and what the judge is asked beside them."""

    damaged: DatasetFolder
    judge_lm: ModelName
    judge: JudgeConfig
    max_tokens: int
    k: float
    ifd_band: tuple[float, float]
    model: str
    round: int

    def reads(self) -> dict[str, str]:
        return prompts.digests(CANARY)


def competence(config: CompetenceStage, open: Callable[[str], LM]) -> Iterator[Row]:
    """Metric rows: AUC of each scorer on each kind of damage, the judge's valid rate, and more. Dev pairs with a `label` are
    compared with it instead, by the scores that a run would have.
    """
    cases = Dataset(config.damaged)
    rows = list(cases.rows())
    labelled, judged = [row for row in rows if row["method"] == LABELLED], whole_and_damaged(rows)
    if labelled and config.judge.ask:
        scores, labels = [as_in_a_run(row)["score"] for row in labelled], [int(row["label"]) for row in labelled]
        top = highest(rubric(config.judge.rubric))
        yield from agreement(scores, labels, config.k, top, config.model, config.round)
    yield from aucs(judged, config, config.model, config.round) if judged else ()
    if judged and config.judge.ask:
        clean = [row for row in judged if row["method"] == CLEAN]
        yield from _answers(config, judged, clean)
        yield from _costs(config, cases)
        yield from _order(config, judged) if config.judge.mode == "expected" else _retest(config, clean, open)
        yield _canary(config, clean[:CANARY_PAIRS], open(config.judge_lm))


def aucs(judged: Sequence[Row], bounds: Bounds, model: str, round: int) -> Iterator[Row]:
    """scorer_auc of each scorer (`against`) on each kind of damage: how far clean pairs rank above the same, damaged so.

    The errors are those of pairs: what makes a pair easy or hard whether it is damaged or not cancels out. Judge and gain
    are told even where they have no value, but a judge that was not asked is not.
    """
    of = {kind: [row for row in judged if row["method"] == kind] for kind in DAMAGES}
    for name in scorers.names():
        scorer = scorers.load(name, bounds)
        asked = name in ALWAYS and (name != "score" or any(row.get("judge") for row in judged))
        # A rank among others would here be one among copies of the same pair.
        if not asked and not scorer.of_itself:
            continue
        for kind in [kind for kind in DAMAGES if kind != CLEAN]:
            good, bad = ([_quality(scorer, row.get(name)) for row in of[each]] for each in (CLEAN, kind))
            if asked or (set(good) - {None} and set(bad) - {None}):
                yield auc_of("scorer_auc", model, good, bad, paired=True, part=kind, against=name, round=round)


def _quality(scorer: Scorer, value: float | None) -> float | None:
    return None if value is None else scorer.quality(value)


def _answers(config: CompetenceStage, judged: Sequence[Row], clean: Sequence[Row]) -> Iterator[Row]:
    """How many answers are scores, and the share of the clean pairs at each level: a judge of one level ranks nothing."""
    about = {"unit": "share", "round": config.round}
    known = [valid(row, config.judge) for row in judged]
    yield mean_of("judge_valid", config.model, [float(each) for each in known], **about)
    undecided = [float(row["score"] is not None and not ok) for row, ok in zip(judged, known, strict=True)]
    yield mean_of("judge_undecided", config.model, undecided, **about, note="label mass below the floor")
    levels = [row["level"] for row in clean if row["level"] is not None]
    for level in range(1, highest(rubric(config.judge.rubric)) + 1):
        yield mean_of("judge_level", config.model, [float(each == level) for each in levels], **about, at=float(level))


def _costs(config: CompetenceStage, cases: Dataset) -> Iterator[Row]:
    """What a thousand answers take, of what the model itself took: a journal is read in no time."""
    spent, n = cases.totals.spent, len(cases)
    for name in ("seconds", "prompt_tokens", "completion_tokens"):
        total = spent[name] if spent.get("calls") else None
        each = None if total is None else 1000 * total / n
        yield metric(f"judge_{name}", config.model, each, n=n, unit="per thousand pairs", round=config.round)


def _order(config: CompetenceStage, judged: Sequence[Row]) -> Iterator[Row]:
    """Does it say the same of the pairs that were also asked with the levels in the other order."""
    for name, unit, note in (
        ("order_gap", "levels", "levels from lowest to highest against the reverse"),
        ("order_flips", "share", "the likeliest level is another"),
    ):
        known = [row[name] for row in judged if row[name] is not None]
        yield mean_of(f"judge_{name}", config.model, known, unit=unit, round=config.round, note=note)


def _retest(config: CompetenceStage, clean: Sequence[Row], open: Callable[[str], LM]) -> Iterator[Row]:
    """Does it say the same when it is drawn with other seeds."""
    model, judge = config.model, config.judge
    about: dict[str, Any] = {"round": config.round}
    # The greedy text of `text` would come out the same; what is asked is how far one draw can be trusted.
    warm = judge.model_copy(update={"mode": "multi", "samples": judge.samples if judge.mode == "multi" else 1})
    asked = [{**row, "id": row["parent"]} for row in clean]
    again = graded(asked, open(config.judge_lm), config.max_tokens, warm, "retest")
    drawn = [(a["score"], b["score"]) for a, b in zip(clean, again, strict=True)]
    pairs = [(a, b) for a, b in drawn if a is not None and b is not None]
    note = f"against texts drawn at temperature {judge.temperature:g} with other seeds"
    yield mean_of("judge_retest_gap", model, [abs(a - b) for a, b in pairs], unit="levels", **about, note=note)
    yield metric("judge_kappa", model, kappa(pairs), n=len(pairs), **about, note="Cohen, of rounded scores")


def kappa(both: Sequence[tuple[float, float]]) -> float | None:
    """Cohen's kappa of the nearest levels; None where both know one level only, which leaves it undefined."""
    first, second = [nearest(a) for a, _ in both], [nearest(b) for _, b in both]
    if len({*first, *second}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score  # half a second, and a finished run needs none of it

    return float(cohen_kappa_score(first, second))


def _canary(config: CompetenceStage, clean: Sequence[Row], lm: LM) -> Row:
    """The share of pairs that are told the same on a question and on its negation: small models keep their answer."""
    asked = [Question("predicate", text) for text in prompts.source(CANARY).split("\n\n")]
    states = [state(row["instruction"], row["response"], lm.clip, config.max_tokens)[0] for row in clean]
    answers = if_it_can(partial(lm.decide, states, asked)) or []
    known = [both for both in answers if all(answer.probabilities for answer in both)]
    same = [float((one.probabilities[0] > 0.5) == (other.probabilities[0] > 0.5)) for one, other in known]
    note = "the same answer to a question and to its negation"
    return mean_of("judge_canary", config.model, same, unit="share", round=config.round, note=note)


# What a round selects by.


class JudgeBelowChance(HumpbackError):
    """What a round would select by ranks damaged pairs above clean ones."""


def choose(metrics: Sequence[Row], curate: CurateConfig) -> Choice:
    """The choice of a round, from what `competence` measured; raises `JudgeBelowChance` if it is worse than chance."""
    below = below_chance(metrics, curate.by)
    if below and curate.stop_below_chance:
        raise JudgeBelowChance(
            below, "judge with a better model, or go on all the same: --set curate.stop_below_chance=false"
        )
    if curate.by != "auto":
        why = f"curate.by = {curate.by}"
        return (
            Choice("score", k=curate.k, why=why) if curate.by == "score" else Choice(curate.by, share=curate.share, why=why)
        )
    judge = [0.0 if value is None else value for value in _unguarded(metrics, "score").values()]
    share = next((row["value"] for row in metrics if row["metric"] == "judge_valid"), None) or 0.0
    worst = min(judge, default=0.0)
    if worst > curate.min_auc and share >= curate.min_valid:
        why = f"the judge ranks clean pairs above all damage that no guard catches (lowest AUC {worst:.2f}, needed "
        return Choice("score", k=curate.k, why=f"{why}{curate.min_auc})")
    why = f"the judge is not competent: lowest AUC {worst:.2f} (needed {curate.min_auc}), valid answers {share:.0%}"
    why = why if judge else "the judge is not asked"
    fit = next((row for row in metrics if row["metric"] == "combined_fit"), None)
    if fit and fit["value"]:
        told = ", ".join(f"{kind.replace('_', ' ') or 'labels'} {value:.2f}" for kind, value in _combined(metrics).items())
        why = f"{why}. So the best share by a combination of scorers is kept, fitted to {fit['note']} (AUC: {told})"
        return Choice(COMBINED, share=curate.share, why=why)
    why = f"{why}, and nothing can be fitted to {fit['note'] if fit else 'no dev pairs'}"
    return Choice("gain", share=curate.share, why=f"{why}. So the best share by likelihood gain is kept")


def below_chance(metrics: Sequence[Row], by: str = "auto") -> str | None:
    """What to say if the scorer `by` (of auto, any that may select) ranks damage that no guard catches above clean pairs.

    None if it does not by two standard errors, or if nothing was measured of it.
    """
    means = _means(metrics)
    asked = [name for name in (("score", "gain", COMBINED) if by == "auto" else (by,)) if name in means]
    if not asked or max(means[name] + 2 * _error(metrics, name) for name in asked) >= 0.5:
        return None
    told = ", ".join(f"{'judge' if name == 'score' else name} {means[name]:.2f}" for name in asked)
    return f"damaged pairs rank above clean ones: mean AUC on damage that no guard catches {told}, and chance is 0.50"


def _means(metrics: Sequence[Row]) -> dict[str, float]:
    """Mean AUC of each scorer over the damage that no guard catches; a scorer of which nothing was measured is left out."""
    names = dict.fromkeys(row["against"] for row in metrics if row["metric"] == "scorer_auc")
    known = {name: [value for value in _unguarded(metrics, name).values() if value is not None] for name in names}
    return {name: sum(values) / len(values) for name, values in known.items() if values}


def _error(metrics: Sequence[Row], scorer: str) -> float:
    """The mean error of these AUCs: that of their mean, if what makes one of them low makes all of them low."""
    own = [row for row in metrics if row["metric"] == "scorer_auc" and row["against"] == scorer]
    known = [row["se"] for row in own if row["part"] not in GUARDED and row["se"] is not None]
    return sum(known) / len(known) if known else 0.0


def _unguarded(metrics: Sequence[Row], scorer: str) -> dict[str, float | None]:
    """The AUC of `scorer` on each kind of damage that no guard catches."""
    own = [row for row in metrics if row["metric"] == "scorer_auc" and row["against"] == scorer]
    return {row["part"]: row["value"] for row in own if row["part"] not in GUARDED}


def _combined(metrics: Sequence[Row]) -> dict[str, float]:
    return {kind: value for kind, value in _unguarded(metrics, COMBINED).items() if value is not None}
