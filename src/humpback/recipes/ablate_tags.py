"""Tags: trained with S_a and S_w or with none, and asked under both, either, or none (Humpback, table 5).

humpback run ablate_tags --out runs/tags --set run=runs/a
"""

from dataclasses import replace

from humpback.loop import arms
from humpback.loop.arms import Arm, AskedTags, asked_tags, whole
from humpback.prompts.forward import TagConfig
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run

# Trained with tags, what is asked under; the first is the paper's way.
TAGGED: dict[str, tuple[AskedTags, str]] = {
    "tags/both": ("both", "both tags"), "tags/S_a": ("seed", "S_a alone"), "tags/S_w": ("web", "S_w alone"),
    "tags/none": ("none", "none"),
}  # fmt: skip


class Settings(humpback.Settings, arms.ArmSettings):
    """What the arms start from, and how they are compared; `asked` has no effect here, where all are compared."""


def recipe(run: Run, settings: Settings) -> None:
    """Two trainings on seed and curated pairs, five ways to ask; tags in both places is the reference."""
    found = arms.material(run, settings, humpback.recipe, arms.OWN)
    data = whole(found.seed, found.curated)
    sft = arms.equal_steps([arms.size(data(0))], settings.sft)
    first = Arm("tags/both", "", data, sft, settings.tags, "")
    wanted = [
        replace(
            first, name=name, about=f"trained with tags, asked under {told}", asked=asked_tags(settings.tags, asked),
            model=first.name if name != first.name else "",
        )
        for name, (asked, told) in TAGGED.items()
    ]  # fmt: skip
    bare = TagConfig(seed="", web="")
    without = replace(first, name="none/none", about="trained and asked without tags", tags=bare)
    arms.compared(run, found, [*wanted, without], settings)
    report(run)
