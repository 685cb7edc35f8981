"""Scorers combined within a run: on labels where there are enough of them, or else on seed pairs against the same damaged.

The fit is a dataset of metric rows: what each scorer weighs, and how well the whole ranks what no fit has seen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from humpback.config import Config
from humpback.curate import scorers, scoring
from humpback.curate.combine import Combination, Term, fit, held_out, lacking
from humpback.curate.damage import CLEAN, DAMAGES, GUARDED
from humpback.curate.scorers import Bounds
from humpback.curate.scoring import COMBINED
from humpback.curate.settings import Asking, CurationSettings
from humpback.errors import UsageFault
from humpback.metrics import metric
from humpback.metrics.auc import auc_of
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.stage import Outcome, Stage
from humpback.store import Dataset, DatasetFolder

# The kind of pairs that are labelled bad.
BAD = "labelled bad"


class FitConfig(Config):
    """Pairs under the scorers `columns`: labelled ones, or clean and damaged ones; what bounds them; and whose fit it is."""

    cases: DatasetFolder
    columns: tuple[str, ...]
    ifd_band: tuple[float, float]
    model: str = ""
    round: int | None = None


def fitted(run: Run, name: str, config: FitConfig) -> Dataset:
    """The fit to the cases: metric rows; `combination` reads it."""
    stage = Stage("combination", METRIC, calibrate, config, version=2)
    return run.put(name, stage, kind="metrics", of="combination", round=config.round, model=config.model)


def of_round(run: Run, asking: Asking) -> Dataset | None:
    """The fit of a round, to the dev pairs that `competence` has damaged; None where nothing is selected by it."""
    if COMBINED not in map(scoring.named, asking.columns):
        return None
    for name, lack in scoring.left_out(asking.settings, asking.backward).items():
        run.progress.say(f"{'left out':<22} {name}, of what is combined: {lack} names no model")
    return fitted(run, f"combination-{asking.round}", _of_round(run, asking))


def of_damaged(run: Run, asking: Asking) -> Dataset:
    """The pairs that `competence` has damaged with `combined`, each by a fit that has not seen it."""
    stage = Stage("crossed", scorers.schema(), crossed, _of_round(run, asking), version=2)
    about = {"kind": "damaging", "round": asking.round, "model": asking.model}
    return run.put(f"damaged-{asking.round}-combined", stage, **about)


def _of_round(run: Run, asking: Asking) -> FitConfig:
    return FitConfig(
        cases=run.one(kind="damaged", round=asking.round).path,
        columns=scoring.parts_of(COMBINED, asking.settings, asking.backward), ifd_band=asking.settings.curate.ifd_band,
        model=asking.model, round=asking.round,
    )  # fmt: skip


def of_sets(
    run: Run, name: str, sets: Mapping[str, Dataset], cases: str, columns: tuple[str, ...], settings: CurationSettings
) -> dict[str, Dataset] | None:
    """`sets` with `combined` by a fit to sets[cases], whose own pairs have that of fits which have not seen them; None, and
    it is said, where there are no such cases, or too few.
    """
    if cases not in sets:
        run.progress.say(f"{'left out':<22} {name}: there are no {cases} pairs to fit it to")
        return None
    config = FitConfig(cases=sets[cases].path, columns=columns, ifd_band=settings.curate.ifd_band)
    made = fitted(run, f"{name}-fit", config)
    told = next(iter(made.rows()))
    if not told["value"]:
        run.progress.say(f"{'left out':<22} {name}: {told['note']}")
        return None
    stage, unseen = combining(made.path, settings.curate), Stage("crossed", scorers.schema(), crossed, config, version=2)
    out = {each: run.map(f"{each}-{name}", stage, dataset, kind="scored", among=each, of=name)
           for each, dataset in sets.items() if each != cases}  # fmt: skip
    return {**out, cases: run.put(f"{cases}-{name}", unseen, kind="scored", among=cases, of=name)}


def calibrate(config: FitConfig) -> Iterator[Row]:
    """Metric rows, `against` being the scorer: combined_weight, combined_mean, combined_scale, combined_null of each;
    combined_intercept; and the scorer_auc of the whole on each kind of bad pairs, by fits that have seen neither these pairs
    nor this kind. Where there are too few cases, combined_fit alone, and why.
    """
    good, bad, unit = cases_of(list(Dataset(config.cases).rows()))
    taught = {kind: rows for kind, rows in bad.items() if kind not in GUARDED}
    few = lacking(good, [row for rows in taught.values() for row in rows])
    told = f"{len(good)} clean pairs and the same with {len(taught)} kinds of damage"
    told = f"{len(good)} pairs labelled good and {len(bad[BAD])} bad" if BAD in bad else told
    yield metric("combined_fit", config.model, float(few is None), n=len(good), round=config.round, note=few or told)
    if few:
        return
    using = [scorers.load(name, config) for name in config.columns]
    yield from _written(fit(good, taught, using), config)
    for kind, rows in bad.items():
        seen = held_out(good, bad, using, unit, without=() if kind == BAD else {kind, *GUARDED})
        note = f"against {len(rows)} labelled bad" if kind == BAD else "by a fit to the other kinds"
        yield auc_of(
            "scorer_auc", config.model, seen[""], seen[kind], paired=kind != BAD, part="" if kind == BAD else kind,
            against=COMBINED, round=config.round, note=note,
        )  # fmt: skip


def cases_of(rows: Sequence[Row]) -> tuple[list[Row], dict[str, list[Row]], str]:
    """(good rows, bad ones by kind, the column that is equal in what is made of one pair): by label where there are enough
    or nothing else is there, or else what is clean and what is damaged."""
    labelled = {wanted: [row for row in rows if row["label"] == wanted] for wanted in (1, 0)}
    of = {kind: [row for row in rows if row["method"] == kind] for kind in DAMAGES}
    if lacking(labelled[1], labelled[0]) is None or not of[CLEAN]:
        return labelled[1], {BAD: labelled[0]}, "id"
    return of[CLEAN], {kind: own for kind, own in of.items() if own and kind != CLEAN}, "parent"


def crossed(config: FitConfig) -> Iterator[Row]:
    """The cases, each with p(good) by a fit that has not seen its pair; as they are, and not among a pool."""
    rows = list(Dataset(config.cases).rows())
    good, bad, unit = cases_of(rows)
    using = [scorers.load(name, config) for name in config.columns]
    made = held_out(good, bad, using, unit, without=GUARDED)
    known = {row["id"]: p for kind, own in {"": good, **bad}.items() for row, p in zip(own, made[kind], strict=True)}
    others = [row for row in rows if row["id"] not in known]
    whole = fit(good, {kind: own for kind, own in bad.items() if kind not in GUARDED}, using)
    known |= dict(zip((row["id"] for row in others), whole.predict(others), strict=True))
    yield from ({**row, COMBINED: known[row["id"]]} for row in rows)


class CombineStage(Config):
    """The fit, and what bounds the scorers that it combines."""

    fitted: DatasetFolder
    ifd_band: tuple[float, float]


def combining(fitted: Path, bounds: Bounds) -> Stage:
    """The stage that combines scorers by the fit in the folder `fitted`; `bounds` are the settings `curate`."""
    config = CombineStage(fitted=fitted, ifd_band=bounds.ifd_band)
    return Stage("combined", scorers.schema(), combine, config, version=2, scope="dataset")


def combine(config: CombineStage, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Every row with `combined`: p(good) by the fit; null where all its scorers are."""
    made, listed = combination(config.fitted, config), list(rows)
    if made is None:
        raise UsageFault("combined was not fitted: there are too few cases", "add seed pairs, or --set curate.by=gain")
    for row, value in zip(listed, made.among(listed).predict(listed), strict=True):
        yield {**row, COMBINED: value}


def combination(fitted: Path, bounds: Bounds) -> Combination | None:
    """The fit that `calibrate` wrote; None where it could not be made."""
    rows = list(Dataset(fitted).rows())
    intercept = next((row["value"] for row in rows if row["metric"] == "combined_intercept"), None)
    if intercept is None:
        return None
    told = {(row["metric"], row["against"]): row["value"] for row in rows}
    parts = ("mean", "scale", "null", "weight")
    names = [row["against"] for row in rows if row["metric"] == "combined_weight"]
    terms = [Term(scorers.load(name, bounds), *(told[f"combined_{part}", name] for part in parts)) for name in names]
    return Combination(tuple(terms), intercept)


def _written(made: Combination, config: FitConfig) -> Iterator[Row]:
    for term in made.terms:
        for part in ("weight", "mean", "scale", "null"):
            value, name = getattr(term, part), term.scorer.column
            yield metric(f"combined_{part}", config.model, value, n=1, against=name, round=config.round)
    yield metric("combined_intercept", config.model, made.intercept, n=1, round=config.round)
