"""Tags: trained with S_a and S_w or with none, and asked under both, either, or none (Humpback, table 5).

humpback run ablate_tags --out runs/tags --set run=runs/a
"""

from dataclasses import replace

from humpback.prompts.forward import TagConfig
from humpback.recipes import _arms
from humpback.recipes._arms import CURATED, Arm, ArmSettings, Asked, asked_tags
from humpback.run import Run

# Trained with tags, what is asked under; the first is the paper's way.
TAGGED: dict[str, Asked] = {"tags/both": "both", "tags/S_a": "seed", "tags/S_w": "web", "tags/none": "none"}


class Settings(ArmSettings):
    """What the arms start from, and how they are compared; `asked` has no effect here, where all are compared."""


def recipe(run: Run, settings: Settings) -> None:
    """Two trainings on seed and curated pairs, five ways to ask; tags in both places is the reference."""
    found = _arms.material(run, settings, *CURATED)
    data = [found.seed, found.curated]
    sft = _arms.equal_steps([_arms.size(data)], settings.sft)
    first = Arm("tags/both", "", lambda _: data, sft, settings.tags, "")
    wanted = [
        replace(
            first, name=name, about=f"trained with tags, asked under {_told(asked)}",
            asked=asked_tags(settings.tags, asked), model=first.name if name != first.name else "",
        )
        for name, asked in TAGGED.items()
    ]  # fmt: skip
    bare = TagConfig(seed="", web="")
    without = replace(first, name="none/none", about="trained and asked without tags", tags=bare)
    _arms.compared(run, found, [*wanted, without], settings)


def _told(asked: Asked) -> str:
    return {"both": "both tags", "seed": "S_a alone", "web": "S_w alone", "none": "none"}[asked]
