"""Each new model against the best before it, on the dev split; and which model is the best."""

from collections.abc import Iterator

from humpback import store
from humpback.report.measured import Measured, one, such
from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Code, Section, Track, Word, figure, table, text

PLACE = 350
BEST = "best.json"
COLUMNS = ("best before", "of that one", "change", "n")


def sections(found: Reading) -> Iterator[Section]:
    """Of runs in which a model was held against another."""
    rows = found.metrics(of="gate")
    decided = such(rows, metric="gate_better")
    bodies: list[Body] = []
    if decided:
        gated = found.settings.get("iterate.gate", True) is not False
        losses = [[*_compared(rows, each, "gate_nll", "gate_nll_change"), _verdict(each, gated)] for each in decided]
        drawn = any(row.n for row in such(rows, metric="gate_stop_rate"))
        stops = [_compared(rows, each, "gate_stop_rate", "gate_stop_change") for each in decided] if drawn else []
        track = Track(("change",), lines=((0.0, "the best before"),))
        bodies.append(table(("model", "NLL, nats/token", *COLUMNS, ""), losses, track=track))
        if stops:
            bodies.append(table(("model", "stop rate", *COLUMNS), stops, "The share of answers that end by themselves"))
        bodies += [text(f"{row.note}.") for row in decided if row.note]
    bodies += [_best(each) for each in found.finished(kind="best")]
    if bodies:
        says = (
            "Mean negative log-likelihood of the dev pairs' human answers; lower is better. The change is paired. A "
            "model that is not better by enough standard errors, or that ends fewer of its answers, is not promoted."
        )
        yield Section("gates", "Is the new model better? The dev split decides", says, tuple(bodies))


def _compared(rows: list[Measured], decided: Measured, metric: str, change: str) -> list[Cell]:
    """A model, and the one that it is held against."""
    own = such(rows, round=decided.round)
    new, old = (figure(one(own, metric=metric, model=model)) for model in (decided.model, decided.against))
    moved = figure(one(own, metric=change, model=decided.model), signed=True)
    return [decided.model, new, decided.against, old, moved, decided.n]


def _verdict(decided: Measured, gated: bool) -> Word:
    if decided.value:
        return Word("promoted", "good", (decided,))
    return Word("refused" if gated else "not better", "bad", (decided,))


def _best(best: store.Finished) -> Body:
    told = store.read_json(best.path / BEST)
    later = "" if best.about.get("round") or told.get("model") != "M_0" else " No later model is better."
    return text(
        "The best model by the dev split is ", Word(str(told["model"]), "good"), ", in ", Code(best.path.name), f".{later}"
    )
