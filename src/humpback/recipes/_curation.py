"""The stages around the judge, for the recipes that use them: scorers, competence, selection, likeness to the seed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import Field

from humpback import prompts
from humpback.config import Config, digest
from humpback.curate import judge, select
from humpback.curate.combine import SCORERS, Calibrated, combine
from humpback.curate.contrast import BaseLikelihood, SeedGain
from humpback.curate.judge import JudgeConfig
from humpback.curate.relevance import RelevanceConfig, relevance
from humpback.curate.rubric import rubric_digest
from humpback.curate.specificity import BackwardLikelihood, Retrieval
from humpback.errors import UsageFault
from humpback.evaluate import competence, injection
from humpback.evaluate.likeness import likeness
from humpback.guards.checks import GuardConfig
from humpback.lm.spec import ModelName, fingerprint
from humpback.methods import backtranslate
from humpback.methods.round_trip import RoundTrip
from humpback.prompts.backward import BACKWARD, PROMPTED, BackwardConfig
from humpback.prompts.forward import FORWARD, TagConfig
from humpback.prompts.judge import CANARY
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SCORED, Row
from humpback.stage import LMStage, Stage
from humpback.store import Dataset


class CurationSettings(Config):
    """What every recipe that selects pairs can set."""

    base: ModelName = Field("", description="the base of the model in training, which seed_gain asks too")
    tags: TagConfig = TagConfig()
    backward: BackwardConfig = BackwardConfig()
    augment: backtranslate.AugmentConfig = backtranslate.AugmentConfig()
    guards: GuardConfig = GuardConfig()
    judge: JudgeConfig = JudgeConfig()
    curate: select.CurateConfig = select.CurateConfig()
    relevance: RelevanceConfig = RelevanceConfig()
    combine: tuple[str, ...] = Field(
        ("score", "gain", "specificity"), description="the scorers whose mean rank is curate.by=combined (ours)"
    )
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


@dataclass(frozen=True)
class Judging:
    """Who judges in a round: `lm` is the judge, `forward` and `backward` the models of the run that other scorers ask.

    `model` is what `forward` is called, empty: M_0 in round 1, M_1 in round 2 and so on.
    """

    round: int
    lm: str
    forward: str
    backward: str
    columns: tuple[str, ...] = field(default=())
    model: str = ""

    @property
    def name(self) -> str:
        return self.model or f"M_{self.round - 1}"


def plain(config: Config) -> dict[str, Any]:
    return config.model_dump(mode="json")


def augment_stage(settings: CurationSettings, lm: str) -> LMStage:
    """Texts to pairs. How a candidate is chosen afterwards is no part of its plan: choosing anew draws nothing anew."""
    ask = backtranslate.Augment(settings.backward, settings.augment, settings.tags, settings.guards, settings.random_seed)
    config = {
        "backward": plain(settings.backward),
        "augment": settings.augment.model_dump(mode="json", exclude={"choose", "weight"}),
        "tags": plain(settings.tags),
        "guards": plain(settings.guards),
        "random_seed": settings.random_seed,
    }
    shown = (BACKWARD, PROMPTED)
    return LMStage("augmented", PAIR, config=config, prompts=shown, lm=lm, ask=ask)


def round_trip_stage(settings: CurationSettings, lm: str) -> LMStage:
    """The candidates of each text chosen again, by what they gain the forward model `lm` as well."""
    weight, width = settings.augment.weight, settings.curate.max_tokens
    ask = RoundTrip(settings.tags, settings.guards, weight, width)
    config = {"tags": plain(settings.tags), "guards": plain(settings.guards), "weight": weight, "max_tokens": width}
    return LMStage("round-trip", PAIR, config=config, prompts=(FORWARD,), lm=lm, ask=ask)


def score_stage(settings: CurationSettings, who: Judging) -> LMStage:
    """Every pair with the judge's score, and with the likelihood gain if the judge is the forward model."""
    width, own = settings.curate.max_tokens, who.lm == who.forward
    ask = judge.Score(settings.tags, width, who.round, settings.judge, own)
    config = {"tags": plain(settings.tags), "max_tokens": width, "round": who.round, "likelihood": own}
    names = (*judge.prompt_names(settings.judge), *((FORWARD,) if own else ()))
    plan = {**config, **judge_plan(settings.judge)}
    return LMStage("scored", SCORED, config=plan, prompts=names, lm=who.lm, ask=ask)


def _likelihood_stage(who: Judging, settings: CurationSettings) -> LMStage:
    width = settings.curate.max_tokens
    config = {"tags": plain(settings.tags), "max_tokens": width}
    ask = judge.Likelihoods(settings.tags, width)
    return LMStage("likelihood", SCORED, config=config, prompts=(FORWARD,), lm=who.forward, ask=ask)


def judge_plan(config: JudgeConfig) -> dict[str, Any]:
    return {"judge": plain(config), "rubric": rubric_digest(config.rubric)}


NEEDS = {
    "backward_logprob": "backward_lm",
    "specificity": "backward_lm",
    "seed_gain": "base",
    "relevance": "relevance.embedding",
    "embedding_rank": "relevance.embedding",
    "entailment": "relevance.entailment",
}


def check_scorers(columns: Iterable[str], settings: CurationSettings, backward: str) -> None:
    """Raises `UsageFault` for a scorer that there is not, or whose model no setting names; `backward` is the one."""
    wanted = [name for name in columns if name != "auto"]
    for name in [*wanted, *(settings.combine if "combined" in wanted else ())]:
        if name not in SCORERS:
            raise UsageFault(f"there is no scorer {name!r}", f"choose of: {', '.join(SCORERS)}")
        lack = lacks(name, settings, backward)
        if lack:
            raise UsageFault(f"the scorer {name} needs {lack}, which is empty", f"--set {lack}=MODEL")


def lacks(name: str, settings: CurationSettings, backward: str) -> str | None:
    """The empty setting that the scorer needs."""
    if name == "combined":
        return next((lack for each in settings.combine if (lack := lacks(each, settings, backward))), None)
    given = {
        "backward_lm": backward,
        "base": settings.base,
        "relevance.embedding": settings.relevance.embedding,
        "relevance.entailment": settings.relevance.entailment,
    }
    lack = NEEDS.get(name)
    return lack if lack and not given[lack] else None


def scored(run: Run, name: str, pairs: Dataset, who: Judging, settings: CurationSettings) -> Dataset:
    """`pairs` under every scorer whose column is in `who.columns`; judge and gain always."""
    return scored_together(run, {name: pairs}, who, settings)[name]


def scored_together(run: Run, sets: dict[str, Dataset], who: Judging, settings: CurationSettings) -> dict[str, Dataset]:
    """Each dataset as `scored` makes it, one stage after the other, so that a model is opened once for all of them."""
    out = {name: run.map(name, score_stage(settings, who), pairs) for name, pairs in sets.items()}
    for title, stage in _others(who, settings):
        out = {name: run.map(f"{name}-{title}", stage, pairs) for name, pairs in out.items()}
    return out


def _others(who: Judging, settings: CurationSettings) -> Iterator[tuple[str, Stage]]:
    wanted = {*who.columns, *(settings.combine if "combined" in who.columns else ())}
    if who.lm != who.forward:
        yield "likelihood", _likelihood_stage(who, settings)
    if "seed_gain" in wanted:
        yield "base", _contrast_stage("base", BaseLikelihood, settings.base, settings)
        yield "contrast", _contrast_stage("contrast", SeedGain, who.forward, settings)
    if wanted & {"backward_logprob", "specificity"}:
        yield "backward", _backward_stage(who, settings)
    if "retrieval_rank" in wanted:
        yield "retrieval", _retrieval_stage(who, settings)
    if wanted & {"relevance", "entailment", "embedding_rank"}:
        near = partial(relevance, settings.relevance)
        yield "relevance", Stage("relevance", SCORED, near, plain(settings.relevance), scope="dataset")
    if "combined" in wanted:
        yield "combined", combined_stage(settings.combine)


def combined_stage(columns: tuple[str, ...], calibrated: Calibrated | None = None) -> Stage:
    """Every pair with `combined`: the mean rank over `columns`, or p(good) of `calibrated`."""
    config: dict[str, Any] = {"columns": list(columns)}
    if calibrated:
        config["calibrated"] = calibrated.to_json()
    return Stage("combined", SCORED, partial(combine, columns, calibrated), config, scope="dataset")


def _contrast_stage(name: str, kind: type[BaseLikelihood | SeedGain], lm: str, settings: CurationSettings) -> LMStage:
    width = settings.curate.max_tokens
    config = {"tags": plain(settings.tags), "max_tokens": width}
    ask = kind(settings.tags, width)
    return LMStage(name, SCORED, config=config, prompts=(FORWARD,), lm=lm, ask=ask)


def _backward_stage(who: Judging, settings: CurationSettings) -> LMStage:
    ask = BackwardLikelihood(settings.backward, settings.tags)
    config = {"backward": plain(settings.backward), "tags": plain(settings.tags)}
    shown = (BACKWARD, PROMPTED)
    return LMStage("backward", SCORED, config=config, prompts=shown, lm=who.backward, ask=ask)


def _retrieval_stage(who: Judging, settings: CurationSettings) -> LMStage:
    width, seed = settings.curate.max_tokens, settings.random_seed
    ask = Retrieval(settings.tags, width, seed=seed)
    config = {"tags": plain(settings.tags), "max_tokens": width, "seed": seed}
    return LMStage("retrieval", SCORED, config=config, prompts=(FORWARD,), lm=who.forward, ask=ask)


def measured(run: Run, dev: list[Row], seed: str, who: Judging, settings: CurationSettings) -> Dataset:
    """How well the judge of the round tells clean pairs from damaged ones, and what text that speaks to it gains by that.

    `dev` are pairs that nothing was trained on, `seed` what identifies them.
    """
    config = settings.curate
    plan = {"seed": seed, "lm": fingerprint(who.lm), "forward": fingerprint(who.forward),
            "max_tokens": config.max_tokens, "k": config.k, "cases": len(dev),
            "prompts": {name: digest(prompts.source(name)) for name in
                        (*judge.prompt_names(settings.judge), CANARY)},
            **judge_plan(settings.judge)}  # fmt: skip
    damaged: list[Row] = []

    def judged() -> Iterator[Row]:
        made = competence.competence(
            dev,
            run.lm(who.lm),
            settings.tags,
            config,
            who.round,
            settings.judge,
            lambda: run.lm(who.forward),
            damaged.extend,
        )
        return _of(who, made)

    made = run.put(f"competence-{who.round}", judged, METRIC, plan)
    # Where the run was killed between the two, the same questions are asked again.
    run.put(f"damaged-{who.round}", lambda: damaged or (list(judged()) and damaged), SCORED, plan)
    run.put(
        f"injection-{who.round}",
        lambda: _of(who, injection.injection_shift(dev, run.lm(who.lm), settings.judge, config.max_tokens, who.round)),
        METRIC,
        {**plan, "attacks": injection.attacks_digest()},
    )
    return made


def _of(who: Judging, metrics: Iterable[Row]) -> Iterator[Row]:
    """Metric rows of a round under the name of its forward model, which may be older than the round before."""
    return ({**row, "model": who.name} for row in metrics)


# The scorers of a pair by itself that stages of their own measure; ranks would be among the damaged copies of the pair.
_STAGES_OF = {
    "seed_gain": ("base", "contrast"), "backward_logprob": ("backward",), "specificity": ("backward",),
    "relevance": ("relevance",), "entailment": ("relevance",),
}  # fmt: skip


def damaged_by(run: Run, by: str, who: Judging, settings: CurationSettings) -> Dataset:
    """The dev pairs, clean and damaged (`method`), with the scores of the round, and the column `by` if it can be had."""
    made = run.load(f"damaged-{who.round}")
    for title, stage in _others(who, settings):
        if title in _STAGES_OF.get(by, ()):
            made = run.map(f"{made.path.name.split('-', 1)[1]}-{title}", stage, made)
    return made


def curate(run: Run, pairs: Dataset, dev: list[Row], seed: Dataset, who: Judging, settings: CurationSettings) -> Dataset:
    """A_k^(t): all pairs scored, the judge's competence measured, and the best kept."""
    config, round_ = settings.curate, who.round
    metrics = list(measured(run, dev, seed.fingerprint, who, settings).rows())
    every = scored(run, f"scored-{round_}", pairs, who, settings)
    choice = competence.choose(metrics, config)
    run.progress.say(f"{'round ' + str(round_):<22} selects by {choice.by}: {choice.why}")
    if choice.by == "score":
        warn(run, every, who.lm, settings)
    keep = partial(select.pick, config, choice.by, at_k="k" in choice.rule)
    gates = config.model_dump(mode="json", include={"per_site", "distinct", "clusters", "cluster_share", "ifd_band"})
    rule = {"by": choice.by, "why": choice.why, **choice.rule, **gates}
    chosen = run.map(f"selected-{round_}", Stage("selected", SCORED, keep, rule, scope="dataset"), every)
    run.put(
        f"likeness-{round_}",
        lambda: _of(who, _likeness(seed, every, chosen, round_)),
        METRIC,
        {"seed": seed.fingerprint, "selected": chosen.fingerprint},
    )
    return chosen


def warn(run: Run, every: Dataset, lm: str, settings: CurationSettings) -> None:
    """Say it if many pairs have no score; raises `JudgeUnreadable` if too many have none."""
    known = [row["score"] is not None for row in every.rows(["score"])]
    said = judge.gate(sum(known), len(known), settings.judge, lm)
    if said:
        run.progress.say(said)


def _likeness(seed: Dataset, every: Dataset, chosen: Dataset, round_: int) -> Iterable[Row]:
    kept = {row["id"] for row in chosen.rows(["id"])}
    rows = list(every.rows(["id", "instruction", "response"]))
    good, bad = ([row for row in rows if (row["id"] in kept) is wanted] for wanted in (True, False))
    train = [row for row in seed.rows() if row.get("split") in (None, "train")]
    return likeness(train, good, bad, round_) if good and bad else ()
