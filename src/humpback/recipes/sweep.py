"""Every scorer on one pool of pairs, compared: damage, labels, overlap, cost, and by training if asked for.

humpback run sweep --out runs/sweep --set pairs=pool.jsonl --set lm=embedded --set seed=seed.jsonl
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from humpback import store
from humpback.corpus.pairs import pair_sources, read_pairs
from humpback.curate import select
from humpback.curate.combine import MIN_CLASS, MIN_LABELS, SCORERS, Calibrated, Scorer, calibrate
from humpback.errors import UsageFault
from humpback.evaluate import comparison
from humpback.evaluate.comparison import DAMAGES, Cost, Values
from humpback.lm.spec import ModelName, fingerprint, model_folder
from humpback.recipes import humpback
from humpback.recipes._curation import (
    CurationSettings,
    Judging,
    check_scorers,
    combined_stage,
    judge_plan,
    lacks,
    plain,
    scored_together,
)
from humpback.recipes._models import MeasureSettings, SeedSettings, held, model_rows, seed_pairs, train_model
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SCORED, SOURCE, Row, row_seed
from humpback.stage import Stage
from humpback.store import Dataset
from humpback.train.config import SftConfig

# The setting that names the model of a column; the others need the forward model alone.
# What must be run for a column. Judge and likelihoods are one stage, so their costs are measured apart, on a few pairs.
PARTS = {
    "score": "judge", "gain": "likelihood", "ifd": "likelihood", "seed_gain": "contrast",
    "backward_logprob": "backward", "specificity": "backward", "retrieval_rank": "retrieval",
    "relevance": "relevance", "embedding_rank": "relevance", "entailment": "relevance",
}  # fmt: skip
TIMED = 50
CALIBRATED, RANDOM = "calibrated", "random"


class Settings(CurationSettings):
    """What is compared, and on what."""

    pairs: str = Field("", description="the pool: JSONL or Parquet, or the run of a recipe, whose `pairs` are taken")
    lm: ModelName = Field("", description="forward model and judge, backend:model")
    backward_lm: ModelName = Field(
        "", description="the backward model, for backward_logprob and specificity; empty: without them"
    )
    seed: str = Field("", description="human pairs: to be damaged, to be like, to train on; empty: none of it")
    dev: float = Field(0.1, description="share of the seed that is damaged (as seed.dev of the recipe humpback)")
    test: float = Field(0.1, description="share of the seed that trained models are measured on (as seed.test there)")
    labels: str = Field("", description="pairs with a label, 1 good and 0 bad; empty: none")
    scorers: tuple[str, ...] = Field((), description="columns compared; empty: all that the models named can give")
    share: float = Field(
        0.083,
        gt=0,
        le=1,
        description="what every scorer keeps, in place of curate.k and curate.share (paper: A_5^(2), 41,821 of 502,133)",
    )
    train: bool = Field(False, description="train a model on the seed and what each scorer keeps, and on a random draw")
    base: ModelName = Field("embedded", description="train: the base model, on this disk: embedded, or transformers:PATH")
    sft: SftConfig = SftConfig()
    measure: MeasureSettings = MeasureSettings()


@dataclass(frozen=True)
class Arm:
    """A scorer, the column that holds its values, and the datasets that have it."""

    name: str
    column: str
    scorer: Scorer
    needs: tuple[str, ...]
    sets: dict[str, Dataset]

    def values(self, which: str, order: tuple[str, ...] = ("id",)) -> Values:
        return comparison.values(self._rows(which, order), self.column, self.scorer)

    def ranking(self, which: str, order: tuple[str, ...] = ("id",)) -> Values:
        return comparison.ranking(self._rows(which, order), self.column, self.scorer)

    def _rows(self, which: str, order: tuple[str, ...]) -> list[Row]:
        return ordered(self.sets[which], order, self.column)


def recipe(run: Run, settings: Settings) -> None:
    """Pool, damaged and labelled pairs under every scorer; then what each keeps; then the comparison."""
    _check(settings)
    columns = available(run, settings)
    full = _as_humpback(settings)
    pool = pool_of(run, settings.pairs)
    seed = seed_pairs(run, full) if settings.seed else None
    dev = held(seed, "dev", full) if seed else []
    sets = {"scored": pool, **(_damaged(run, seed, dev) if seed else {})}
    if settings.labels:
        sets["labelled"] = labelled_pairs(run, settings.labels)
    arms = arms_of(run, scored_sets(run, sets, columns, settings), columns, settings)
    costs = measured_costs(run, arms[0].sets["scored"], columns, settings)
    kept = {arm.name: _kept(run, arm, settings) for arm in arms}
    kept[RANDOM] = _random(run, arms[0].sets["scored"], settings)
    trained = _trained(run, seed, kept, full) if settings.train and seed else None
    compared(run, arms, kept, seed, costs, trained, settings)


def _check(settings: Settings) -> None:
    for name, hint in (("pairs", "--set pairs=pool.jsonl"), ("lm", "--set lm=embedded")):
        if not getattr(settings, name):
            raise UsageFault(f"{name} is empty: there is nothing to compare", hint)
    if settings.train and not settings.seed:
        raise UsageFault("train=true, and there are no seed pairs to train on and measure by", "--set seed=seed.jsonl")


def available(run: Run, settings: Settings) -> tuple[str, ...]:
    """The columns compared; raises `UsageFault` for one that was asked for and cannot be had."""
    check_scorers(settings.scorers, settings, settings.backward_lm)
    lacking = {name: lacks(name, settings, settings.backward_lm) for name in SCORERS}
    missing = {name: f"{lack} names no model" for name, lack in lacking.items() if lack}
    if trained_from(settings.lm) != settings.base:
        missing["seed_gain"] = f"{settings.lm} was not trained from {settings.base}"
    if not settings.scorers:
        for name, lack in missing.items():
            run.progress.say(f"{'left out':<22} {name}: {lack}")
    return tuple(dict.fromkeys(settings.scorers)) or tuple(name for name in SCORERS if name not in missing)


def trained_from(lm: str) -> str | None:
    """The name of the base that a model of ours was trained from; None of every other model."""
    file = (model_folder(lm) or Path()) / "humpback.json"
    return store.read_json(file).get("base") if file.is_file() else None


def _as_humpback(settings: Settings) -> humpback.Settings:
    """The settings of the recipe whose seed and training are used."""
    shared: dict[str, Any] = {name: getattr(settings, name) for name in CurationSettings.model_fields}
    seed = SeedSettings(path=settings.seed, dev=settings.dev, test=settings.test)
    return humpback.Settings(**shared, seed=seed, sft=settings.sft, measure=settings.measure)


# The pairs.


def pool_of(run: Run, path: str) -> Dataset:
    """The pairs in a file or folder of files, in a dataset, or those that a run let through its guards."""
    folder = Path(path)
    if (folder / store.MANIFEST).is_file():
        return _with_pairs(Dataset(folder))
    if (folder / "run.json").is_file():
        found = sorted(folder.glob("[0-9][0-9]-pairs"))
        if not found:
            raise UsageFault(
                f"the run {path} has no dataset 'pairs'", f"finish it, or give a file; see: humpback show {path}"
            )
        return Dataset(found[0])
    return _read(run, "pool", path)


def _with_pairs(dataset: Dataset) -> Dataset:
    lacking = [name for name in ("instruction", "response") if name not in dataset.columns.names]
    if lacking:
        raise UsageFault(f"{dataset.path} has no column {lacking[0]!r}: these are no pairs", "give a dataset of pairs")
    return dataset


def _read(run: Run, name: str, path: str) -> Dataset:
    found = pair_sources(path)
    files = run.put(f"{name}-files", lambda: found, SOURCE, {"files": [row["digest"] for row in found]})
    return run.map(name, Stage("read", PAIR, partial(read_pairs, "given"), reads="records"), files)


def labelled_pairs(run: Run, path: str) -> Dataset:
    """The pairs of a file, all of them with a label, and some of either kind; raises `UsageFault` otherwise."""
    made = _read(run, "labels", path)
    labels = [row["label"] for row in made.rows(["label"])]
    good, bad = labels.count(1), labels.count(0)
    if not good or not bad or good + bad < len(labels):
        raise UsageFault(
            f"{path} has {good} pairs labelled good, {bad} bad, and {len(labels) - good - bad} without a label",
            "write label 1 for a good pair and 0 for a bad one, and give some of each",
        )
    return made


def _damaged(run: Run, seed: Dataset, dev: list[Row]) -> dict[str, Dataset]:
    """The dev pairs, clean and damaged, each kind by itself: ranks among other pairs must not meet copies of their own."""
    return {
        f"damage-{kind}": run.put(
            f"{kind}-pairs",
            partial(comparison.damaged, kind, dev),
            PAIR,
            {"seed": seed.fingerprint, "cases": len(dev), "kind": kind},
        )
        for kind in DAMAGES
    }


# The scorers.


def scored_sets(run: Run, sets: dict[str, Dataset], columns: tuple[str, ...], settings: Settings) -> dict[str, Dataset]:
    """scored, and where there are such, labelled and damage (all kinds in one), under every scorer in `columns`."""
    wanted = {*columns, *(settings.combine if "combined" in columns else ())} - {"combined"}
    who = Judging(0, settings.lm, settings.lm, settings.backward_lm, tuple(sorted(wanted)))
    made = scored_together(run, sets, who, settings)
    kinds = [made.pop(name) for name in list(made) if name.startswith("damage-")]
    if kinds:
        plan = {"kinds": [each.fingerprint for each in kinds]}
        made["damage"] = run.put("damage", lambda: (row for each in kinds for row in each.rows()), SCORED, plan)
    if "combined" in columns:
        stage = combined_stage(settings.combine)
        made = {name: run.map(f"{name}-combined", stage, each) for name, each in made.items()}
    return made


def arms_of(run: Run, sets: dict[str, Dataset], columns: tuple[str, ...], settings: Settings) -> list[Arm]:
    """An arm for each column; where there are labels enough, also p(good) by a fit of all others to them."""
    arms = [Arm(name, name, _scorer(name, settings), _needs(name, settings), sets) for name in columns]
    own = tuple(name for name in columns if name != "combined")
    fitted = _calibrated(run, sets["labelled"], own, settings) if "labelled" in sets else None
    if fitted is None:
        return arms
    stage = combined_stage(own, fitted[0])
    made = {name: run.map(f"{name}-{CALIBRATED}", stage, each) for name, each in sets.items() if name != "labelled"}
    made["labelled"] = fitted[1]
    return [*arms, Arm(CALIBRATED, "combined", Scorer(), own, made)]


def _scorer(name: str, settings: Settings) -> Scorer:
    return replace(SCORERS[name], band=settings.curate.ifd_band) if SCORERS[name].band else SCORERS[name]


def _needs(name: str, settings: Settings) -> tuple[str, ...]:
    """The columns that are measured for a scorer."""
    return settings.combine if name == "combined" else (name,)


def _calibrated(
    run: Run, labelled: Dataset, columns: tuple[str, ...], settings: Settings
) -> tuple[Calibrated, Dataset] | None:
    """The fit, and the labelled pairs with what a fit to the other folds gives them; None where labels are too few."""
    labels = [row["label"] for row in labelled.rows(["label"])]
    least = min(labels.count(0), labels.count(1))
    if len(labels) < MIN_LABELS or least < MIN_CLASS:
        told = f"{len(labels)} labels, {least} of the rarer kind; needed are {MIN_LABELS}, {MIN_CLASS} of each"
        run.progress.say(f"{'left out':<22} {CALIBRATED}: {told}")
        return None

    def fit(folder: Path) -> None:
        rows = list(labelled.rows())
        made, held_out = calibrate(rows, columns, settings.random_seed)
        store.write_bytes(folder / "fit.json", made.to_json().encode())
        store.write_json(folder / "held_out.json", {row["id"]: p for row, p in zip(rows, held_out, strict=True)})

    plan = {"labelled": labelled.fingerprint, "columns": list(columns), "seed": settings.random_seed}
    folder = run.step("calibration", fit, plan)
    predicted = store.read_json(folder / "held_out.json")
    rows = partial(_predicted, labelled, predicted)
    return Calibrated.from_json((folder / "fit.json").read_text()), run.put(f"labelled-{CALIBRATED}", rows, SCORED, plan)


def _predicted(labelled: Dataset, predicted: dict[str, float]) -> Iterator[Row]:
    for row in labelled.rows():
        yield {**row, "combined": predicted[row["id"]]}


# What each keeps, and what it costs.


def _kept(run: Run, arm: Arm, settings: Settings) -> Dataset:
    config = settings.curate.model_copy(update={"share": settings.share})
    gates = ("share", "per_site", "distinct", "clusters", "cluster_share", "ifd_band")
    keep = partial(select.pick, config, arm.column, at_k=False)
    rule = {"by": arm.name, **config.model_dump(mode="json", include=set(gates))}
    stage = Stage("kept", SCORED, keep, rule, scope="dataset")
    return run.map(f"kept-{arm.name}", stage, arm.sets["scored"], may_be_empty=True)


def _random(run: Run, pool: Dataset, settings: Settings) -> Dataset:
    """The control: as many pairs as a scorer may keep, drawn without looking."""
    size = max(1, round(settings.share * len(pool)))
    draw = partial(select.at_random, size, settings.random_seed)
    plan = {"size": size, "seed": settings.random_seed}
    return run.map(f"kept-{RANDOM}", Stage("kept", SCORED, draw, plan, scope="dataset"), pool)


def measured_costs(run: Run, pool: Dataset, columns: tuple[str, ...], settings: Settings) -> dict[str, Cost]:
    """What each part of the scoring took: of whole stages their own counts, of judge and likelihoods a few pairs anew."""
    rows = sorted(pool.rows(), key=lambda row: row_seed(row["id"], "cost"))[:TIMED]
    plan = {"pool": pool.fingerprint, "lm": fingerprint(settings.lm), "cases": len(rows), **judge_plan(settings.judge)}
    tag, width = settings.tags.web, settings.curate.max_tokens
    plan |= {"tag": tag, "max_tokens": width}
    timed = run.put("cost", lambda: comparison.timed(rows, run.lm(settings.lm), settings.judge, tag, width), METRIC, plan)
    costs: dict[str, Cost] = {}
    of = {(row["model"], row["metric"]): row["value"] for row in timed.rows()}
    for part in ("judge", "likelihood"):
        costs[part] = Cost(of[part, "seconds"], of[part, "prompt_tokens"], len(rows))
    measured = {*columns, *(settings.combine if "combined" in columns else ())} - {"combined"}
    for part in {PARTS[name] for name in measured} - {"judge", "likelihood"}:
        # What training has gained a pair is the difference between two models, and each was asked.
        stages = ("base", "contrast") if part == "contrast" else (part,)
        totals = [run.load(f"scored-{stage}").totals for stage in stages]
        counted = all(each.spent.get("calls") for each in totals)
        tokens = sum(each.spent["prompt_tokens"] for each in totals) if counted else None
        costs[part] = Cost(sum(each.seconds for each in totals), tokens, totals[0].read)
    return costs


def _trained(run: Run, seed: Dataset, kept: dict[str, Dataset], full: humpback.Settings) -> Dataset:
    """M_0 on the seed alone and a model for each selection that is not empty, measured on the test split."""
    models = [train_model(run, "forward-0", "forward", [seed], full)]
    for name, chosen in kept.items():
        if len(chosen):
            models.append(train_model(run, f"forward-{name}", "forward", [seed, chosen], full))
        else:
            run.progress.say(f"{'not trained':<22} {name}: it keeps no pair")
    test = held(seed, "test", full)
    plan = {"seed": seed.fingerprint, "cases": len(test), "max_tokens": full.curate.max_tokens,
            "models": {path.name: fingerprint(f"transformers:{path}") for path in models},
            "stop": full.measure.stop_tokens, "tags": plain(full.tags)}  # fmt: skip
    return run.put("model-quality", lambda: model_rows(run, test, models, full), METRIC, plan)


# The comparison.


def compared(
    run: Run, arms: list[Arm], kept: dict[str, Dataset], seed: Dataset | None, costs: dict[str, Cost],
    trained: Dataset | None, settings: Settings,
) -> Dataset:  # fmt: skip
    """The dataset `comparison`: metric rows, `model` being the scorer."""
    sources = [*kept.values(), *arms[0].sets.values(), *arms[-1].sets.values(), *(each for each in (seed, trained) if each)]
    plan = {
        "sources": sorted({each.fingerprint for each in sources}),
        "scorers": {arm.name: list(arm.needs) for arm in arms},
        "share": settings.share,
        "ifd_band": list(settings.curate.ifd_band),
    }

    def rows() -> Iterator[Row]:
        yield from _quality(arms, settings.share)
        yield from _selections(arms, kept, seed)
        yield from comparison.spearman_rows({arm.name: arm.values("scored") for arm in arms})
        for arm in arms:
            yield from comparison.cost_rows(arm.name, {PARTS[name]: costs[PARTS[name]] for name in arm.needs})
        for row in trained.rows() if trained else ():
            name = row["model"]
            yield {**row, "model": name if name == "M_0" else name.removeprefix("M_")}

    return run.put("comparison", rows, METRIC, plan)


def _quality(arms: list[Arm], share: float) -> Iterator[Row]:
    """Against damage and labels, where there are such."""
    if "damage" in arms[0].sets:
        order = ("method", "parent")
        kinds = [row["method"] for row in ordered(arms[0].sets["damage"], order, "method")]
        yield from comparison.damage_rows({arm.name: arm.ranking("damage", order) for arm in arms}, kinds)
    if "labelled" in arms[0].sets:
        labels = [row["label"] for row in ordered(arms[0].sets["labelled"], ("id",), "label")]
        yield from comparison.label_rows({arm.name: arm.ranking("labelled") for arm in arms}, labels, share)


def _selections(arms: list[Arm], kept: dict[str, Dataset], seed: Dataset | None) -> Iterator[Row]:
    """How many each keeps and why not the others, how near that is to the seed, and what any two have in common."""
    rankings = {arm.name: arm.ranking("scored") for arm in arms}
    pool = list(arms[0].sets["scored"].rows(["id", "instruction", "response"]))
    human = [row for row in seed.rows() if row["split"] == "train"] if seed else []
    ids = {name: {row["id"] for row in chosen.rows(["id"])} for name, chosen in kept.items()}
    for name, chosen in kept.items():
        yield from comparison.kept_rows(name, rankings.get(name), len(chosen), len(pool), chosen.totals.drops)
        good, bad = ([row for row in pool if (row["id"] in ids[name]) is wanted] for wanted in (True, False))
        if human and good and bad:
            yield from comparison.likeness_rows(name, human, good, bad)
    yield from comparison.overlap_rows(ids)


def ordered(dataset: Dataset, order: tuple[str, ...], column: str) -> list[Row]:
    """`column` of all rows, and what they are sorted by: a stage may answer in any order."""
    rows = dataset.rows(list(dict.fromkeys([*order, column])))
    return sorted(rows, key=lambda row: tuple(row[name] for name in order))
