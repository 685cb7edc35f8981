"""The backward model trained once on the seed, or again on what was curated, and the instructions written anew by it.

humpback run ablate_backward --out runs/backward --set run=runs/a
"""

from pydantic import Field

from humpback.loop import anew, arms
from humpback.loop.models import measure_backward, trained
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run


class Settings(humpback.Settings, arms.ArmSettings):
    """What the arms start from, and how they are compared."""

    refreshes: int = Field(2, ge=1, description="how often the backward model is trained again on what was curated last")


def recipe(run: Run, settings: Settings) -> None:
    """M_0, the reference, and a model on the seed and as many pairs curated under each backward model.

    Each is trained from base on the seed and the pairs curated before, reversed. The judge is the same for all: M_0, or the
    outside one. Base and tags are those of the run, and so is what the first backward model was trained by.
    """
    sft = ("sft",) if settings.backward_sft else ()
    found = arms.material(run, settings, humpback.recipe, ("measure", *sft))
    writers, selected = {"fixed": found.backward(settings)}, {"fixed": found.selected(1)}
    about = {"fixed": "backward model of the seed alone"}
    segments = found.dataset(kind="segments")
    for number in range(1, settings.refreshes + 1):
        name, last = f"refreshed-{number}", list(selected.values())[-1]
        with run.beside(name) as inner:
            writers[name] = trained(inner, "backward", [found.seed, last], settings, arm=name)
            selected[name] = anew.selected(inner, found, segments, writers[name], settings, settings.corpus.contamination)
        about[name] = f"backward model trained again, {number} times" if number > 1 else "backward model trained again"
    measure_backward(run, found.seed, writers, settings, settings.augment.sampling, "instruction-quality")
    arms.compared(run, found, arms.of_equal_size(found, selected, about, settings), settings)
    report(run)
