"""The backward model trained once on the seed, or again on what was curated, and the instructions written anew by it.

humpback run ablate_backward --out runs/backward --set run=runs/a
"""

from collections.abc import Iterator

from pydantic import Field

from humpback.evaluate import held_out
from humpback.evaluate.arms import TEST
from humpback.lm.spec import fingerprint
from humpback.recipes import _arms
from humpback.recipes._arms import ArmSettings, Material
from humpback.recipes._curation import plain
from humpback.recipes._models import held, train_model
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.store import Dataset

TAKEN = ("corpus", "backward_lm", "backward", "judge_lm")


class Settings(ArmSettings):
    """What the arms start from, and how they are compared."""

    refreshes: int = Field(2, ge=1, description="how often the backward model is trained again on what was curated last")


def recipe(run: Run, settings: Settings) -> None:
    """M_0, the reference, and a model on the seed and as many pairs curated under each backward model.

    Each is trained from base on the seed and the pairs curated before, reversed. The judge is the same for all: M_0, or the
    outside one.
    """
    found = _arms.material(run, settings, *TAKEN)
    backward = {"fixed": found.backward(settings)}
    selected = {"fixed": found.selected(1)}
    about = {"fixed": "backward model of the seed alone"}
    for number in range(1, settings.refreshes + 1):
        name = f"refreshed-{number}"
        backward[name], selected[name] = refreshed(run, name, found, [*selected.values()][-1], settings)
        about[name] = f"backward model trained again, {number} times" if number > 1 else "backward model trained again"
    quality = backward_quality(run, found, backward, settings)
    wanted = _arms.of_equal_size(found, selected, about, settings)
    _arms.compared(run, found, wanted, settings, lambda _: quality.rows(), backward=quality.fingerprint)


def refreshed(run: Run, name: str, found: Material, last: Dataset, settings: Settings) -> tuple[str, Dataset]:
    """A backward model trained on the seed and the pairs `last`, and what is selected under its instructions."""
    with _arms.beside(run, name, settings) as inner:
        path = train_model(inner, "backward", "backward", [found.seed, last], settings)
        backward = f"transformers:{path}"
        return backward, _arms.equally_curated(inner, found, found.dataset("sample"), backward, settings)


def backward_quality(run: Run, found: Material, backward: dict[str, str], settings: Settings) -> Dataset:
    """What each backward model makes of the instructions of test pairs."""
    test, sampling = held(found.seed, TEST, settings), settings.augment.sampling

    def rows() -> Iterator[Row]:
        for name, spec in backward.items():
            lm = run.lm(spec)
            yield from held_out.backward_quality(test, lm, settings.backward, settings.tags, sampling, name)

    plan = {
        "seed": found.seed.fingerprint,
        "cases": len(test),
        "sampling": sampling.model_dump(mode="json"),
        "models": {name: fingerprint(spec) for name, spec in backward.items()},
        "backward": plain(settings.backward),
    }
    return run.put("instruction-quality", rows, METRIC, plan)
