"""How the improvement grows with the size of the data, w = alpha log N + C, for curated, uncurated and human pairs.

humpback run scaling --out runs/scaling --set run=runs/a
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from humpback.errors import UsageFault
from humpback.evaluate.scaling import Laws, Point, laws
from humpback.loop import arms
from humpback.loop.arms import Arm, Material, arm, drawn, whole
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run
from humpback.schema import METRIC
from humpback.stage import Stage
from humpback.store import Dataset

Source = Literal["curated", "uncurated", "seed"]
SMALLEST = 100


class Settings(humpback.Settings, arms.ArmSettings):
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
    found = arms.material(run, settings, humpback.recipe, (*arms.OWN, "random_seed"))
    given: dict[str, Dataset] = {"curated": found.curated, "uncurated": found.pool, "seed": found.seed}
    sources: dict[str, Dataset] = {name: given[name] for name in settings.sources if not (settings.joint and name == "seed")}
    points = grid(sources, settings)
    sft = arms.equal_steps([arms.size(whole(found.seed)(0))], settings.sft)
    wanted = [arm("M_0", "the whole seed", whole(found.seed), sft, settings)]
    for source, data in sources.items():
        wanted += [point(found, source, data, size, settings) for size in points[source]]
    cases = arms.compared(run, found, wanted, settings)
    own = tuple(Point(source=name, size=n, arm=f"{name}-{n}") for name, sizes in points.items() for n in sizes)
    config = Laws(cases=cases.path, reference="M_0", points=own)
    run.put("laws", Stage("laws", METRIC, laws, config), kind="metrics", of="laws")
    report(run)


def grid(sources: Mapping[str, Dataset], settings: Settings) -> dict[str, list[int]]:
    """The sizes of each source, up to what it has; raises `UsageFault` where none has two, through which a line goes."""
    there = {name: arms.size(whole(data)(0)) for name, data in sources.items()}
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


def point(found: Material, source: str, data: Dataset, size: int, settings: Settings) -> Arm:
    """An arm of `size` pairs; at one size all sources have the same steps (Humpback)."""
    beside = [found.seed] if settings.joint else []
    sft = arms.equal_steps([size + arms.size(whole(*beside)(0))], settings.sft)
    told = f"{'the seed and ' if beside else ''}{size} {source} pairs"
    return arm(f"{source}-{size}", told, drawn(size, data, settings, *beside), sft, settings)
