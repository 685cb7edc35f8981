"""What to train on: seed, web pairs, or both; curated, all of them, or as many drawn blindly; at equal steps.

humpback run ablate_data --out runs/data --set run=runs/a
"""

from humpback.recipes import _arms
from humpback.recipes._arms import CURATED, ArmSettings, Data, Draw, arm
from humpback.run import Run


class Settings(ArmSettings):
    """What the arms start from, and how they are compared."""


def recipe(run: Run, settings: Settings) -> None:
    """Seven arms (Humpback, figures on data quality and on joint training); seed alone, M_0, is the reference."""
    found = _arms.material(run, settings, *CURATED)
    seed, curated, everything = found.seed, found.curated, found.pool
    drawn = [Draw(everything, len(curated), settings.random_seed + i) for i in range(settings.seeds)]
    data: dict[str, tuple[str, Data]] = {
        "seed": ("seed alone: M_0", lambda _: [seed]),
        "joint": ("seed and curated: the method", lambda _: [seed, curated]),
        "joint_random": ("seed and as many, drawn blindly", lambda i: [seed, drawn[i]]),
        "joint_all": ("seed and all web pairs", lambda _: [seed, everything]),
        "curated": ("curated alone", lambda _: [curated]),
        "random": ("as many, drawn blindly, alone", lambda i: [drawn[i]]),
        "all": ("all web pairs alone", lambda _: [everything]),
    }
    sft = _arms.equal_steps([_arms.size(each(0)) for _, each in data.values()], settings.sft)
    _arms.compared(run, found, [arm(name, about, each, sft, settings) for name, (about, each) in data.items()], settings)
