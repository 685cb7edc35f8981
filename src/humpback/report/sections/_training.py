"""What a training told of itself, for the sections that show models."""

from pathlib import Path
from typing import Any

from humpback import store
from humpback.report.section import Cell, Spark
from humpback.report.writing import smooth

FACTS = "training.json"
# A training of many steps: its curve has so many points.
POINTS = 200
# On pairs of the split dev; and the step whose weights were kept by it, where they are not the last.
MEASURED = ("dev loss", "step kept")


def training(folder: Path | None) -> dict[str, Any]:
    """The facts of the training that made the model in `folder`; none where there is no such file."""
    path = folder / FACTS if folder else None
    return store.read_json(path) if path and path.is_file() else {}


def curve(log: list[dict[str, Any]]) -> Spark | None:
    """The losses in `log`."""
    losses = tuple(float(entry["loss"]) for entry in log if "loss" in entry)
    return Spark(tuple(smooth(losses, POINTS))) if len(losses) > 1 else None


def measured(told: dict[str, Any]) -> list[Cell]:
    """The cells of the columns `MEASURED`."""
    return [curve(told.get("dev", [])), told.get("kept")]
