"""The unit that pages are cut into: a header with all below it, whole pages, single paragraphs; all else equal.

humpback run ablate_unit --out runs/unit --set run=runs/a
"""

from typing import Literal

from pydantic import Field

from humpback.recipes import _arms
from humpback.recipes._arms import ArmSettings, Material
from humpback.run import Run
from humpback.store import Dataset

# What is made anew for each unit is told by the settings; only these are taken over with their results.
TAKEN = ("backward_lm", "backward_sft", "backward", "judge_lm")


class Settings(ArmSettings):
    """What the arms start from, and how they are compared."""

    units: tuple[Literal["header_tree", "document", "paragraph"], ...] = Field(
        ("header_tree", "document", "paragraph"), min_length=1, description="units compared (paper: header_tree)"
    )


def recipe(run: Run, settings: Settings) -> None:
    """M_0, the reference, and a model on the seed and as many curated pairs of each unit."""
    found = _arms.material(run, settings, *TAKEN)
    selected: dict[str, Dataset] = {unit: curated(run, found, unit, settings) for unit in settings.units}
    wanted = _arms.of_equal_size(found, selected, {unit: unit.replace("_", " ") for unit in selected}, settings)
    _arms.compared(run, found, wanted, settings)


def curated(run: Run, found: Material, unit: str, settings: Settings) -> Dataset:
    """What M_0 selects of the pages in that unit, under instructions of the same backward model; in a folder of its own."""
    with _arms.beside(run, unit, settings) as inner:
        segments = _arms.segments_of(inner, settings, unit)
        return _arms.equally_curated(inner, found, segments, found.backward(settings), settings)
