"""What to train on: seed, web pairs, or both; curated, all of them, or as many drawn blindly; at equal steps.

humpback run ablate_data --out runs/data --set run=runs/a
"""

from typing import Literal

from pydantic import Field

from humpback.loop import arms
from humpback.loop.arms import arm, drawn, whole
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run

Against = Literal["joint", "joint_random", "joint_all", "curated", "random", "all"]


class Settings(humpback.Settings, arms.ArmSettings):
    """What the arms start from, which of them, and how they are compared."""

    arms: tuple[Against, ...] = Field(
        ("joint", "joint_random", "joint_all", "curated", "random", "all"),
        min_length=1,
        description="what is held to the seed alone: joint is the method, seed and curated pairs; the others leave out "
        "the seed, or the choice. Unless sft.steps is set, all have the steps of the median of these",
    )


def recipe(run: Run, settings: Settings) -> None:
    """Up to seven arms (Humpback, figures on data quality and on joint training); seed alone, M_0, is the reference."""
    found = arms.material(run, settings, humpback.recipe, (*arms.OWN, "random_seed"))
    seed, curated, everything = found.seed, found.curated, found.pool
    every = {
        "seed": ("seed alone: M_0", whole(seed)),
        "joint": ("seed and curated: the method", whole(seed, curated)),
        "joint_random": ("seed and as many, drawn blindly", drawn(len(curated), everything, settings, seed)),
        "joint_all": ("seed and all web pairs", whole(seed, everything)),
        "curated": ("curated alone", whole(curated)),
        "random": ("as many, drawn blindly, alone", drawn(len(curated), everything, settings)),
        "all": ("all web pairs alone", whole(everything)),
    }
    data = {name: every[name] for name in ("seed", *dict.fromkeys(settings.arms))}
    sft = arms.equal_steps([arms.size(each(0)) for _, each in data.values()], settings.sft)
    arms.compared(run, found, [arm(name, about, each, sft, settings) for name, (about, each) in data.items()], settings)
    report(run)
