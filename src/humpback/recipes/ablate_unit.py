"""The unit that pages are cut into: a header with all below it, whole pages, single paragraphs; all else equal.

humpback run ablate_unit --out runs/unit --set run=runs/a
"""

from typing import Literal

from pydantic import Field

from humpback.corpus import pages
from humpback.errors import UsageFault
from humpback.loop import anew, arms
from humpback.loop.arms import Material
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run
from humpback.store import Dataset

# All this is made anew for each unit; the models that write and judge are those of the run, with their base and their tags.
ANEW = ("corpus", "augment", "guards", "judge", "judge_lm", "relevance", "combine", "curate", "random_seed")


class Settings(humpback.Settings, arms.ArmSettings):
    """What the arms start from, and how they are compared."""

    units: tuple[Literal["header_tree", "document", "paragraph"], ...] = Field(
        ("header_tree", "document", "paragraph"), min_length=1, description="units compared (paper: header_tree)"
    )


def recipe(run: Run, settings: Settings) -> None:
    """M_0, the reference, and a model on the seed and as many curated pairs of each unit."""
    if not settings.corpus.inputs:
        raise UsageFault("corpus.inputs is empty: there are no pages to read", "--set corpus.inputs='[\"pages/*.warc.gz\"]'")
    own, but = ("sft", "measure", *ANEW), ("corpus.segment.unit", "curate.rounds")
    found = arms.material(run, settings, humpback.recipe, own, but)
    selected: dict[str, Dataset] = {unit: curated(run, found, unit, settings) for unit in settings.units}
    told = {unit: unit.replace("_", " ") for unit in selected}
    arms.compared(run, found, arms.of_equal_size(found, selected, told, settings), settings)
    report(run)


def curated(run: Run, found: Material, unit: str, settings: Settings) -> Dataset:
    """What M_0 selects of the pages in that unit, under instructions of the same backward model; in a folder of its own."""
    cut = settings.corpus.segment.model_copy(update={"unit": unit})
    with run.beside(unit) as inner:
        segments = pages.segments(inner, settings.corpus.model_copy(update={"segment": cut}), settings.random_seed)
        return anew.selected(inner, found, segments, found.backward(settings), settings, settings.corpus.contamination)
