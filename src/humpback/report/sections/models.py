"""The models on the test split, by which nothing was chosen; and how they were trained."""

from collections.abc import Iterator

from humpback.report.measured import one, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Section, Track, figure, table
from humpback.report.sections._training import MEASURED, curve, measured, training

PLACE = 500


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
        told = training(trained.get(name))
        learnt: list[Cell] = [told.get("examples"), told.get("too_long") or None, curve(told.get("log", []))]
        n = max((row.n for row in (nll, change, stop) if row), default=None)
        shown.append([name, *learnt, *measured(told), figure(nll), figure(change, signed=True), figure(stop), n])
    if shown:
        against = next((row.against for row in rows if row.metric == "nll_change"), "")
        columns = (
            "model",
            "pairs",
            "too long",
            "training loss",
            *MEASURED,
            "NLL, nats/token",
            f"change against {against}",
            "stop rate",
            "n",
        )
        track = Track((columns[-3],), lines=((0.0, against),)) if against else None
        says = (
            "Nothing was chosen by the figures of the test split. Mean negative log-likelihood of held-out human answers "
            "given their instructions; lower is better. The change is paired: the same answers. Stop rate: answers that end "
            "by themselves."
        )
        title = "The models on the test split" if rows else "The models, not measured yet"
        yield Section("models", title, says if rows else "", (table(columns, shown, track=track),))
