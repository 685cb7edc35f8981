"""A fit of several scorers to labels, within a run: where there are labels enough, p(good) of all its pairs."""

from collections.abc import Iterator
from pathlib import Path

from humpback import store
from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.combine import MIN_CLASS, MIN_LABELS, Calibrated, calibrate
from humpback.curate.scorers.combined import combining
from humpback.curate.settings import CurationSettings
from humpback.engine import Hands
from humpback.run import Run
from humpback.schema import Row
from humpback.stage import Stage
from humpback.store import Dataset, DatasetFolder

FIT, HELD_OUT = "fit.json", "held_out.json"


class FitConfig(Config):
    """The labelled pairs with their scores, the columns that are combined, what bounds them, and the seed of the folds."""

    labelled: DatasetFolder
    columns: tuple[str, ...]
    ifd_band: tuple[float, float]
    random_seed: int


def fit(config: FitConfig, folder: Path, _: Hands) -> None:
    """The fit to all labels, and what a fit to the other folds gives each pair: one that has seen a pair flatters it."""
    rows = list(Dataset(config.labelled).rows())
    made, held_out = calibrate(rows, config.columns, config, config.random_seed)
    store.write_bytes(folder / FIT, made.to_json().encode())
    store.write_json(folder / HELD_OUT, {row["id"]: p for row, p in zip(rows, held_out, strict=True)})


class Predicted(Config):
    """The labelled pairs, and the folder of the fit."""

    labelled: DatasetFolder
    fitted: DatasetFolder


def predicted(config: Predicted) -> Iterator[Row]:
    """The labelled pairs, each with what a fit to the other folds gives it."""
    held_out = store.read_json(config.fitted / HELD_OUT)
    for row in Dataset(config.labelled).rows():
        yield {**row, "combined": held_out[row["id"]]}


def calibrated(
    run: Run, sets: dict[str, Dataset], columns: tuple[str, ...], settings: CurationSettings
) -> dict[str, Dataset] | None:
    """`sets` with p(good) in the column `combined`, by a fit to sets["labelled"]; None where its labels are too few."""
    labels = [row["label"] for row in sets["labelled"].rows(["label"])]
    least = min(labels.count(0), labels.count(1))
    if len(labels) < MIN_LABELS or least < MIN_CLASS:
        told = f"{len(labels)} labels, {least} of the rarer kind; needed are {MIN_LABELS}, {MIN_CLASS} of each"
        run.progress.say(f"{'left out':<22} calibrated: {told}")
        return None
    config = FitConfig(
        labelled=sets["labelled"].path, columns=columns, ifd_band=settings.curate.ifd_band, random_seed=settings.random_seed
    )
    fitted = run.step("calibration", fit, config, kind="calibration")
    stage = combining(columns, settings.curate, Calibrated.from_json((fitted / FIT).read_text()))
    made = {name: run.map(f"{name}-calibrated", stage, each, kind="scored", among=name, of="calibrated")
            for name, each in sets.items() if name != "labelled"}  # fmt: skip
    own = Predicted(labelled=sets["labelled"].path, fitted=fitted)
    stage = Stage("calibrated", scorers.schema(), predicted, own)
    return {**made, "labelled": run.put("labelled-calibrated", stage, kind="scored", among="labelled", of="calibrated")}
