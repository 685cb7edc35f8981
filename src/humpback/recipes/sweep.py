"""Every scorer on one pool of pairs, compared: damage, labels, overlap, cost, and by training if asked for.

humpback run sweep --out runs/sweep --set pairs=pool.jsonl --set lm=embedded --set seed.path=seed.jsonl
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from humpback import store
from humpback.config import Config, Shown
from humpback.corpus.held_out import UnseenConfig, unseen_rows
from humpback.corpus.pairs import pairs_of_file, seed_pairs
from humpback.curate import calibration, scorers, scoring
from humpback.curate.damage import DAMAGES
from humpback.curate.scoring import COMBINED
from humpback.curate.select import Choice, DrawnConfig, at_random, selected
from humpback.curate.settings import Asking
from humpback.errors import UsageFault
from humpback.evaluate import comparison
from humpback.evaluate.comparison import Contender
from humpback.evaluate.costs import Timed, timed
from humpback.lm.spec import ModelName, parse, said
from humpback.loop.models import ModelSettings, check_training, measure_models, trained
from humpback.report import report
from humpback.run import RUN_FILE, Run
from humpback.schema import METRIC, PAIR, Row
from humpback.stage import LMStage, Stage
from humpback.store import Dataset, DatasetFolder

CALIBRATED, RANDOM = "calibrated", "random"
TIMED = ("judge", "likelihood")


class Settings(ModelSettings):
    """What is compared, and on what. The seed is damaged, is what selections may be like, and is trained on."""

    pairs: Annotated[str, Shown(often=True)] = Field(
        "", description="the pool: JSONL or Parquet, or the run of a recipe, whose pairs are taken"
    )
    lm: Annotated[ModelName, Shown(often=True, layer="recommends")] = Field("", description="forward model and judge")
    labels: Annotated[str, Shown(often=True)] = Field("", description="pairs with a label, 1 good and 0 bad; empty: none")
    scorers: Annotated[tuple[str, ...], Shown(often=True)] = Field(
        (), description="columns compared; empty: all that the models named can give"
    )
    share: float = Field(
        0.083,
        gt=0,
        le=1,
        description="what every scorer keeps, in place of curate.k and curate.share (paper: A_5^(2), 41,821 of 502,133)",
    )
    train: bool = Field(False, description="train a model on the seed and what each scorer keeps, and on a random draw")


def recipe(run: Run, settings: Settings) -> None:
    """Pool, damaged and labelled pairs under every scorer; then what each keeps; then the comparison."""
    check(settings)
    columns = available(run, settings)
    seed = seed_pairs(run, settings.seed, settings.random_seed) if settings.seed.path else None
    sets = {"scored": pool_of(run, settings.pairs, seed), **(damaged(run, seed, settings) if seed else {})}
    if settings.labels:
        sets["labelled"] = labelled_pairs(run, settings.labels)
    made = scored_sets(run, sets, columns, settings)
    contenders = contenders_of(run, made, columns, settings)
    kept = {name: keep(run, name, each, settings) for name, each in contenders.items()}
    kept[RANDOM] = blind(run, made["scored"], settings)
    compared(run, contenders, kept, seed, made["scored"], settings)
    if settings.train and seed:
        measured_by_training(run, seed, kept, settings)
    report(run)


def check(settings: Settings) -> None:
    """Raises `UsageFault` before anything is done."""
    for name, hint in (("pairs", "--set pairs=pool.jsonl"), ("lm", "--set lm=embedded")):
        if not getattr(settings, name):
            raise UsageFault(f"{name} is empty: there is nothing to compare", hint)
    if settings.train and not settings.seed.path:
        raise UsageFault("train=true, and there are no seed pairs to train on and measure by", "--set seed.path=seed.jsonl")
    if settings.train:
        check_training(settings)


def available(run: Run, settings: Settings) -> tuple[str, ...]:
    """The columns compared; raises `UsageFault` for one that was asked for and cannot be had."""
    scoring.check(settings.scorers, settings, settings.backward_lm)
    lacking = {name: scoring.lacks(name, settings, settings.backward_lm) for name in scorers.names()}
    missing = {name: f"{lack} names no model" for name, lack in lacking.items() if lack}
    if not settings.judge.ask:
        missing["score"] = "judge.ask is false"
    # Only rewrites can be supported, or not, by what they were written from.
    rewrites = [name for name in scorers.names() if scorers.load(name, settings.curate).part == "supported"]
    missing |= dict.fromkeys(rewrites, "it is of rewrites, and has to be asked for")
    if trained_from(settings.lm) != settings.base:
        missing["seed_gain"] = f"{settings.lm} was not trained from {settings.base}"
    if not settings.scorers:
        for name, lack in missing.items():
            run.progress.say(f"{'left out':<22} {name}: {lack}")
    return tuple(dict.fromkeys(settings.scorers)) or tuple(name for name in scorers.names() if name not in missing)


def trained_from(lm: str) -> str | None:
    """The name of the base that a model of ours was trained from; None of every other model."""
    return said(parse(lm)).get("base")


def pool_of(run: Run, path: str, seed: Dataset | None) -> Dataset:
    """The pairs in a file or folder of files, in a dataset, or those that a run selects from; none that is held out."""
    folder = Path(path)
    if (folder / store.MANIFEST).is_file():
        pool = Dataset(folder)
    elif (folder / RUN_FILE).is_file():
        store.one(folder, kind="pairs")
        pool = store.datasets(folder, kind="pairs")[-1]
    else:
        pool = pairs_of_file(run, path, name="pool")
    lacking = [name for name in ("instruction", "response") if name not in pool.columns.names]
    if lacking:
        raise UsageFault(f"{pool.path} has no column {lacking[0]!r}: these are no pairs", "give a dataset of pairs")
    if seed is None:
        return pool
    stage = Stage("unseen", pool.columns, unseen_rows, UnseenConfig(held=seed.path))
    return run.map("unseen", stage, pool, kind="pairs", of="unseen")


def labelled_pairs(run: Run, path: str) -> Dataset:
    """The pairs of a file, all of them with a label, and some of either kind; raises `UsageFault` otherwise."""
    made = pairs_of_file(run, path, name="labels")
    labels = [row["label"] for row in made.rows(["label"])]
    good, bad = labels.count(1), labels.count(0)
    if not good or not bad or good + bad < len(labels):
        raise UsageFault(
            f"{path} has {good} pairs labelled good, {bad} bad, and {len(labels) - good - bad} without a label",
            "write label 1 for a good pair and 0 for a bad one, and give some of each",
        )
    return made


def damaged(run: Run, seed: Dataset, settings: Settings) -> dict[str, Dataset]:
    """The dev pairs, clean and damaged, each kind by itself: ranks among other pairs must not meet copies of their own."""
    made = {}
    for kind in DAMAGES:
        config = comparison.Damaged(seed=seed.path, cases=settings.measure.cases, kind=kind)
        stage = Stage("damaged", PAIR, comparison.damaged, config)
        made[kind] = run.put(f"{kind}-pairs", stage, kind="damage", of=kind)
    return made


def scored_sets(run: Run, sets: dict[str, Dataset], columns: tuple[str, ...], settings: Settings) -> dict[str, Dataset]:
    """scored, and where there are such, labelled and damage (all kinds in one), under `columns` but for combined."""
    made = scoring.scored_together(run, sets, asking_for(columns, settings))
    kinds = [made.pop(name) for name in DAMAGES if name in made]
    if kinds:
        config = Together(sets=tuple(each.path for each in kinds))
        made["damage"] = run.put("damage", Stage("together", kinds[0].columns, together, config), kind="damaged")
    return made


def asking_for(columns: tuple[str, ...], settings: Settings) -> Asking:
    """Who is asked for the columns, and for those that one of them is made of."""
    parts = [each for name in columns for each in scoring.parts_of(name, settings, settings.backward_lm)]
    return Asking(
        round=0, model="", judge=settings.lm, forward=settings.lm, backward=settings.backward_lm, settings=settings,
        columns=tuple(dict.fromkeys(parts)),
    )  # fmt: skip


class Together(Config):
    """Datasets that become one."""

    sets: tuple[DatasetFolder, ...]


def together(config: Together) -> Iterator[Row]:
    for each in config.sets:
        yield from Dataset(each).rows()


def contenders_of(run: Run, sets: dict[str, Dataset], columns: tuple[str, ...], settings: Settings) -> dict[str, Contender]:
    """A contender for each column; `combined` where it could be fitted to damaged pairs; and where there are labels enough,
    `calibrated`, p(good) by a fit of all others to them.
    """
    own = tuple(name for name in columns if name != COMBINED)
    made = {name: Contender(column=name, parts=parts((name,), settings), **paths(sets)) for name in own}
    fits = {COMBINED: ("damage", scoring.parts_of(COMBINED, settings, settings.backward_lm))} if COMBINED in columns else {}
    # A rank is one among others, and not of a pair by itself.
    fits[CALIBRATED] = ("labelled", tuple(name for name in own if scorers.load(name, settings.curate).of_itself))
    for name, (cases, combined) in fits.items():
        fitted = calibration.of_sets(run, name, sets, cases, combined, settings)
        if fitted:
            made[name] = Contender(column=COMBINED, parts=parts(combined, settings), **paths(fitted))
    return made


def parts(columns: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """The parts of the scoring that the columns take, each once."""
    return tuple(dict.fromkeys(scorers.load(name, settings.curate).part for name in columns))


def paths(sets: dict[str, Dataset]) -> dict[str, Path]:
    return {name: each.path for name, each in sets.items()}


def keep(run: Run, name: str, contender: Contender, settings: Settings) -> Dataset:
    """What a scorer keeps of the pool."""
    choice = Choice(contender.column, None, settings.share, f"the best {settings.share:.1%}")
    return selected(run, f"kept-{name}", Dataset(contender.scored), choice, settings.curate, may_be_empty=True,
                    kind="kept", arm=name)  # fmt: skip


def blind(run: Run, pool: Dataset, settings: Settings) -> Dataset:
    """The control: as many pairs as a scorer may keep, drawn without looking."""
    config = DrawnConfig(size=max(1, round(settings.share * len(pool))), seed=settings.random_seed)
    return run.map(
        f"kept-{RANDOM}", Stage("kept", pool.columns, at_random, config, scope="dataset"), pool, kind="kept", arm=RANDOM
    )


def compared(
    run: Run, contenders: dict[str, Contender], kept: dict[str, Dataset], seed: Dataset | None, pool: Dataset,
    settings: Settings,
) -> Dataset:  # fmt: skip
    """The dataset `comparison`: metric rows, `model` being the scorer."""
    config = Timed(
        pool=pool.path, lm=settings.lm, judge=settings.judge, tags=settings.tags, max_tokens=settings.curate.max_tokens
    )
    apart = run.put("cost", LMStage("cost", METRIC, timed, config), kind="metrics", of="cost")
    whole = comparison.ScorersCompared(
        contenders=contenders, kept=paths(kept), seed=seed.path if seed else None, costs=costs(run, contenders, settings),
        timed=apart.path, share=settings.share, curate=settings.curate,
    )  # fmt: skip
    stage = Stage("comparison", METRIC, comparison.comparison, whole)
    return run.put("comparison", stage, kind="metrics", of="comparison")


def costs(run: Run, contenders: dict[str, Contender], settings: Settings) -> dict[str, tuple[Path, ...]]:
    """The datasets whose counts tell what a part of the scoring took. Judge and likelihoods, one stage, are timed apart."""
    taken = {part for each in contenders.values() for part in each.parts}
    asking = asking_for((), settings)
    made: dict[str, tuple[Path, ...]] = {}
    for name in scorers.names():
        scorer = scorers.load(name, settings.curate)
        if scorer.part in taken and scorer.part not in TIMED:
            made[scorer.part] = tuple(run.one(among="scored", of=stage.name).path for stage in scorer.stages(asking))
    return made


def measured_by_training(run: Run, seed: Dataset, kept: dict[str, Dataset], settings: Settings) -> None:
    """M_0 on the seed alone and a model for each selection that is not empty, measured on the test split."""
    models = {"M_0": trained(run, "forward", [seed], settings, "M_0")}
    for name, chosen in kept.items():
        if len(chosen):
            models[name] = trained(run, "forward", [seed, chosen], settings, name=f"forward-{name}", arm=name)
        else:
            run.progress.say(f"{'not trained':<22} {name}: it keeps no pair")
    measure_models(run, seed, models, settings)
