"""Arms of an ablation, compared: the same held-out cases under models that were trained with several seeds of randomness.

A change is paired: loss of the arm minus loss of the reference, case by case and seed by seed. Cases and seeds are crossed
(every model sees every case), so its standard error has two sources, those of a two-way layout with random effects
(Searle, Casella, McCulloch, Variance Components, chapter 4): between cases, and between seeds. With three seeds the second
is known to about half of itself; the spread over seeds is therefore shown beside it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from humpback.evaluate.metrics import metric
from humpback.schema import Row, row_id

Losses = NDArray[np.float64]
DEV, TEST = "dev", "test"


@dataclass(frozen=True)
class Change:
    """A mean over seeds and cases, its standard error over both, and the means of the single seeds with their spread."""

    value: float | None
    se: float | None
    seeds: tuple[float, ...]
    seed_sd: float | None
    cases: int


def case_row(name: str, arm: str, seed: int, case: str, split: str, value: float | None, unit: str) -> Row:
    """One measurement of one held-out pair under the model of one seed: a metric row whose parent is the pair."""
    row = metric(name, arm, value, n=int(value is not None), round=seed, unit=unit, note=split)
    return {**row, "id": row_id(case, f"{arm}/{seed}/{name}"), "parent": case}


def matrices(rows: Sequence[Row], name: str) -> dict[tuple[str, str], Losses]:
    """(arm, split) -> seeds x cases of the measurement `name`, from case rows; nan where nothing was measured."""
    found: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
    for row in rows:
        if row["metric"] == name:
            own = found.setdefault((row["model"], row["note"]), {}).setdefault(row["round"], {})
            own[row["parent"]] = math.nan if row["value"] is None else row["value"]
    return {key: _matrix(seeds) for key, seeds in found.items()}


def _matrix(seeds: Mapping[int, Mapping[str, float]]) -> Losses:
    cases = sorted({case for own in seeds.values() for case in own})
    return np.array([[seeds[seed].get(case, math.nan) for case in cases] for seed in sorted(seeds)])


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


def comparison_rows(cases: Sequence[Row], reference: str) -> Iterator[Row]:
    """Metric rows of every arm: nll, nll_change against `reference` (also of each seed), seed_sd, stop_rate; and the lead.

    The arm with the lowest change on dev is `chosen`; test has no say in it.
    """
    losses = matrices(cases, "nll")
    arms = list(dict.fromkeys(arm for arm, _ in losses))
    for arm in arms:
        for split in (DEV, TEST):
            yield _told("nll", arm, mean_over(losses[arm, split]), split)
            if arm != reference:
                yield from _change_rows(arm, mean_over(losses[arm, split] - losses[reference, split]), split)
    for (arm, split), ended in matrices(cases, "stop").items():
        yield _told("stop_rate", arm, mean_over(ended), split, unit="share")
    yield from _chosen({arm: losses[arm, DEV] for arm in arms})


def _told(name: str, arm: str, found: Change, note: str, unit: str = "nats/token") -> Row:
    return metric(name, arm, found.value, n=found.cases, se=found.se, unit=unit, note=note)


def _change_rows(arm: str, change: Change, split: str) -> Iterator[Row]:
    yield _told("nll_change", arm, change, split)
    yield metric("seed_sd", arm, change.seed_sd, n=len(change.seeds), unit="nats/token", note=split)
    for seed, value in enumerate(change.seeds):
        yield metric("seed_change", arm, value, n=change.cases, round=seed, unit="nats/token", note=split)


def _chosen(dev: Mapping[str, Losses]) -> Iterator[Row]:
    """The best arm on dev, and how far the next one is behind it there."""
    found = {arm: mean_over(values).value for arm, values in dev.items()}
    means = {arm: value for arm, value in found.items() if value is not None}
    if not means:
        return
    best, *others = sorted(means, key=lambda arm: means[arm])
    if others:
        yield _told("lead", best, mean_over(dev[others[0]] - dev[best]), others[0])
    yield metric("chosen", best, means[best], n=len(means), unit="nats/token", note="lowest NLL on dev")
