"""How the improvement grows with the size of the data, w = alpha log N + C, for curated, uncurated and human pairs.

humpback run scaling --out runs/scaling --set run=runs/a
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from humpback.errors import UsageFault
from humpback.evaluate import arms, scaling
from humpback.evaluate.arms import TEST
from humpback.recipes import _arms
from humpback.recipes._arms import CURATED, Arm, ArmSettings, Draw, Material, arm
from humpback.run import Run
from humpback.schema import Row
from humpback.store import Dataset

Source = Literal["curated", "uncurated", "seed"]
SMALLEST = 100


class Settings(ArmSettings):
    """What the arms start from, the sizes, and how the arms are compared."""

    sizes: tuple[int, ...] = Field(
        (), description="numbers of pairs N; empty: 100, 200, 400, ... up to what there is (paper: 100 to 51,200)"
    )
    sources: tuple[Source, ...] = Field(
        ("curated", "uncurated", "seed"), min_length=1, description="where the N pairs are drawn from"
    )
    joint: bool = Field(False, description="the whole seed beside the N pairs; false: the N pairs alone")


def recipe(run: Run, settings: Settings) -> None:
    """M_0, and a model for each source, size and seed of randomness, at the paper's steps for that size; then the fits."""
    found = _arms.material(run, settings, *CURATED)
    points = grid(sources_of(found, settings), settings)
    wanted = [_first(found, settings)]
    for source, data in sources_of(found, settings).items():
        wanted += [_point(found, source, data, size, settings) for size in points[source]]
    _arms.compared(run, found, wanted, settings, partial(laws, points), points=points)


def sources_of(found: Material, settings: Settings) -> dict[str, Dataset]:
    given = {"curated": lambda: found.curated, "uncurated": lambda: found.pool, "seed": lambda: found.seed}
    wanted = [name for name in settings.sources if not (settings.joint and name == "seed")]
    return {name: given[name]() for name in wanted}


def grid(sources: Mapping[str, Dataset], settings: Settings) -> dict[str, list[int]]:
    """The sizes of each source, up to what it has; raises `UsageFault` where none has two, through which a line goes."""
    there = {name: _arms.size([data]) for name, data in sources.items()}
    largest = max(there.values(), default=0)
    doubled = [SMALLEST * 2**i for i in range(max(0, largest // SMALLEST).bit_length())]
    wanted = sorted(set(settings.sizes)) or doubled
    made = {name: [size for size in wanted if 0 < size <= most] for name, most in there.items()}
    if max(map(len, made.values()), default=0) < 2:
        told = ", ".join(f"{name} {most}" for name, most in there.items())
        raise UsageFault(
            f"of the sizes {', '.join(map(str, wanted)) or 'from 100'} there are not two in any source: {told} pairs",
            f"give sizes that there are: --set sizes='[{', '.join(str(max(1, largest // part)) for part in (8, 4, 2, 1))}]'",
        )
    return made


def _first(found: Material, settings: Settings) -> Arm:
    sft = _arms.equal_steps([_arms.size([found.seed])], settings.sft)
    return arm("M_0", "the whole seed", lambda _: [found.seed], sft, settings)


def _point(found: Material, source: str, data: Dataset, size: int, settings: Settings) -> Arm:
    """An arm of `size` pairs; at one size all sources have the same steps (Humpback)."""
    beside = [found.seed] if settings.joint else []

    def drawn(i: int) -> list[Dataset]:
        return [*beside, Draw(data, size, settings.random_seed + i)]

    sft = _arms.equal_steps([size + _arms.size(beside)], settings.sft)
    return arm(f"{source}-{size}", f"{'the seed and ' if beside else ''}{size} {source} pairs", drawn, sft, settings)


def laws(points: Mapping[str, list[int]], cases: list[Row]) -> Iterator[Row]:
    """The fit of every source that has two sizes or more, on test pairs: w is how far its NLL lies under that of M_0."""
    losses = arms.matrices(cases, "nll")
    first = losses["M_0", TEST].mean(axis=0)
    for source, sizes in points.items():
        gained = [first - losses[f"{source}-{size}", TEST] for size in sizes]
        known = ~np.isnan(np.concatenate([*gained, first[None]])).any(axis=0)
        if known.sum() > 1 and len(sizes) > 1:
            yield from scaling.law_rows(source, sizes, [each[:, known] for each in gained])
