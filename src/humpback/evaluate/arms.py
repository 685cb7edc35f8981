"""Arms of an ablation, compared: the same held-out cases under models that were trained with several seeds of randomness.

A change is paired: loss of the arm minus loss of the reference, case by case and seed by seed. Cases and seeds are crossed
(every model sees every case), so its standard error has two sources, those of a two-way layout with random effects
(Searle, Casella, McCulloch, Variance Components, chapter 4): between cases, and between seeds. With three seeds the second
is known to about half of itself; the spread over seeds is therefore shown beside it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from humpback import prompts
from humpback.config import Config
from humpback.evaluate.held_out import Open, demonstrations, ended, forward_nll, held
from humpback.lm.spec import ModelName
from humpback.metrics import metric
from humpback.prompts.forward import FORWARD, SHOTS
from humpback.schema import Row
from humpback.store import Dataset, DatasetFolder

Losses = NDArray[np.float64]
DEV, TEST = "dev", "test"


class CaseQuality(Config):
    """The models of every arm, one for each seed of randomness, on the same held-out pairs.

    `asked` are the tags that the models of an arm are asked under, as one text; `shots` says of arms how many seed pairs are
    shown before each request, others for each seed of randomness. Of at most `stop_cases` test pairs it is measured whether
    answers end.
    """

    seed: DatasetFolder
    cases: int
    models: dict[str, tuple[ModelName, ...]]
    asked: dict[str, str]
    shots: dict[str, int] = Field({}, description="pairs of the seed that an arm is shown; unset: none")
    max_tokens: int
    stop_cases: int
    stop_tokens: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(FORWARD, SHOTS)


def case_quality(config: CaseQuality, open: Open) -> Iterator[Row]:
    """`nll` of every held-out pair under every model, and for some `stop`, whether the answer ends."""
    pairs = {split: held(Dataset(config.seed), split, config.cases) for split in (DEV, TEST)}
    some = pairs[TEST][: config.stop_cases]
    for seed in range(max(len(models) for models in config.models.values())):
        for arm, models in config.models.items():
            lm, tag = open(models[seed]), config.asked[arm]
            shown = demonstrations(Dataset(config.seed), config.shots.get(arm, 0), str(seed))
            for split, rows in pairs.items():
                losses = forward_nll(rows, lm, tag, config.max_tokens, shown)
                yield from _cases("nll", arm, rows, losses, seed=seed, split=split, unit="nats/token")
            if some:
                stops = ended(some, lm, tag, config.stop_tokens, shown)
                yield from _cases("stop", arm, some, stops, seed=seed, split=TEST, unit="share")


def _cases(name: str, arm: str, rows: Sequence[Row], values: Sequence[float | None], **about: Any) -> Iterator[Row]:
    for row, value in zip(rows, values, strict=True):
        yield metric(name, arm, value, n=int(value is not None), parent=row["id"], **about)


@dataclass(frozen=True)
class Change:
    """A mean over seeds and cases, its standard error over both, and the means of the single seeds with their spread."""

    value: float | None
    se: float | None
    seeds: tuple[float, ...]
    seed_sd: float | None
    cases: int


def matrices(rows: Sequence[Row], name: str) -> dict[tuple[str, str], Losses]:
    """(arm, split) -> seeds x cases of the measurement `name`, from case rows; nan where nothing was measured."""
    found: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
    for row in rows:
        if row["metric"] == name:
            own = found.setdefault((row["model"], row["split"]), {}).setdefault(row["seed"], {})
            own[row["parent"]] = math.nan if row["value"] is None else row["value"]
    made = {}
    for key, seeds in found.items():
        cases = sorted({case for own in seeds.values() for case in own})
        made[key] = np.array([[seeds[seed].get(case, math.nan) for case in cases] for seed in sorted(seeds)])
    return made


def mean_over(values: Losses) -> Change:
    """Of seeds x cases; a case that some seed has no value of is left out of all.

    se^2 = s^2(cases) / C + s^2(seeds) / S - MS(rest) / (S C), which estimates the variance of the mean where cases and seeds
    are both drawn at random; at the least what either source alone gives. Of one seed it is that over cases.
    """
    known = values[:, ~np.isnan(values).any(axis=0)]
    seeds, cases = known.shape
    if not known.size:
        return Change(None, None, (), None, 0)
    of_seed, of_case, mean = known.mean(axis=1), known.mean(axis=0), float(known.mean())
    spread = float(of_seed.std(ddof=1)) if seeds > 1 else None
    if cases < 2:
        return Change(mean, None, tuple(of_seed.tolist()), spread, cases)
    parts = [float(of_case.var(ddof=1)) / cases]
    shared = 0.0
    if spread is not None:
        parts.append(spread**2 / seeds)
        rest = known - of_case - of_seed[:, None] + mean
        shared = float((rest**2).sum()) / ((seeds - 1) * (cases - 1)) / (seeds * cases)
    error = math.sqrt(max(sum(parts) - shared, *parts, 0.0))
    return Change(mean, error, tuple(of_seed.tolist()), spread, cases)


class Described(Config):
    """What the models of an arm are trained on, in words and in numbers."""

    about: str
    pairs: int
    steps: int
    batch: int


class ArmsCompared(Config):
    """The arms in the cases of `case_quality`, and the one that the others are held to."""

    cases: DatasetFolder
    arms: dict[str, Described]
    reference: str


def comparison(config: ArmsCompared) -> Iterator[Row]:
    """What each arm is, and what came of it."""
    for name, each in config.arms.items():
        yield metric("pairs", name, float(each.pairs), n=1, unit="pairs", note=each.about)
        yield metric("steps", name, float(each.steps), n=1, unit="steps", note=f"batch {each.batch}")
    yield from comparison_rows(list(Dataset(config.cases).rows()), config.reference)


def comparison_rows(cases: Sequence[Row], reference: str) -> Iterator[Row]:
    """Metric rows of every arm: nll, nll_change against `reference` (also of each seed), seed_sd, stop_rate; and the lead.

    The arm with the lowest loss on dev, over the cases that fit all arms, is `chosen`; test has no say in it.
    """
    losses = matrices(cases, "nll")
    arms = list(dict.fromkeys(arm for arm, _ in losses))
    for arm in arms:
        for split in (DEV, TEST):
            yield _told("nll", arm, mean_over(losses[arm, split]), split=split)
            if arm != reference:
                change = mean_over(losses[arm, split] - losses[reference, split])
                yield from _change_rows(arm, change, against=reference, split=split)
    for (arm, split), stops in matrices(cases, "stop").items():
        yield _told("stop_rate", arm, mean_over(stops), unit="share", split=split)
    yield from _chosen({arm: losses[arm, DEV] for arm in arms})


def _told(name: str, arm: str, found: Change, unit: str = "nats/token", **about: Any) -> Row:
    return metric(name, arm, found.value, n=found.cases, se=found.se, unit=unit, **about)


def _change_rows(arm: str, change: Change, **about: Any) -> Iterator[Row]:
    yield _told("nll_change", arm, change, **about)
    yield metric("seed_sd", arm, change.seed_sd, n=len(change.seeds), unit="nats/token", **about)
    for seed, value in enumerate(change.seeds):
        yield metric("seed_change", arm, value, n=change.cases, seed=seed, unit="nats/token", **about)


def _chosen(dev: Mapping[str, Losses]) -> Iterator[Row]:
    """The best arm on dev, and how far the next one is behind it there."""
    if not dev:
        return
    fit = ~np.any([np.isnan(values).any(axis=0) for values in dev.values()], axis=0)
    dev = {arm: values[:, fit] for arm, values in dev.items()}
    found = {arm: mean_over(values).value for arm, values in dev.items()}
    means = {arm: value for arm, value in found.items() if value is not None}
    if not means:
        return
    best, *others = sorted(means, key=lambda arm: means[arm])
    if others:
        yield _told("lead", best, mean_over(dev[others[0]] - dev[best]), against=others[0], split=DEV)
    yield metric("chosen", best, means[best], n=len(means), unit="nats/token", split=DEV, note="lowest NLL on dev")
