"""The models on the test split, by which nothing was chosen; and how they were trained."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from humpback import store
from humpback.report.measured import one, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Section, Spark, Track, figure, table
from humpback.report.writing import smooth

PLACE = 500
FACTS = "training.json"
# A training of many steps: its curve has so many points.
POINTS = 200


def sections(found: Reading) -> Iterator[Section]:
    """Of runs that measured models, or trained some."""
    rows = found.metrics(of="models")
    trained = {
        str(each.about.get("model") or each.about.get("arm") or each.about["name"]): each.path
        for each in found.finished(kind="model")
    }
    names = [*values(rows, "model"), *(name for name in trained if not rows)]
    shown: list[list[Cell]] = []
    for name in names:
        nll, change, stop = (one(rows, metric=metric, model=name) for metric in ("nll", "nll_change", "stop_rate"))
        told = _training(trained.get(name))
        examples, too_long = told.get("examples"), told.get("too_long") or None
        n = max((row.n for row in (nll, change, stop) if row), default=None)
        shown.append([name, examples, too_long, _losses(told), figure(nll), figure(change, signed=True), figure(stop), n])
    if shown:
        against = next((row.against for row in rows if row.metric == "nll_change"), "")
        columns = (
            "model",
            "pairs",
            "too long",
            "training loss",
            "NLL, nats/token",
            f"change against {against}",
            "stop rate",
            "n",
        )
        track = Track((columns[5],), lines=((0.0, against),)) if against else None
        says = (
            "Nothing was chosen by these figures. Mean negative log-likelihood of held-out human answers given their "
            "instructions; lower is better. The change is paired: the same answers. Stop rate: answers that end by "
            "themselves."
        )
        title = "The models on the test split" if rows else "The models, not measured yet"
        yield Section("models", title, says if rows else "", (table(columns, shown, track=track),))


def _training(folder: Path | None) -> dict[str, Any]:
    path = folder / FACTS if folder else None
    return store.read_json(path) if path and path.is_file() else {}


def _losses(told: dict[str, Any]) -> Spark | None:
    losses = tuple(float(entry["loss"]) for entry in told.get("log", ()) if "loss" in entry)
    return Spark(tuple(smooth(losses, POINTS))) if len(losses) > 1 else None
