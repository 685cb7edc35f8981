"""Backward models on held-out pairs: do they write what people asked?"""

from collections.abc import Iterator

from humpback.report.measured import one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Section, Track, figure, table
from humpback.report.sections._training import MEASURED, measured, training

PLACE = 520
CHANCE = "chance"


def sections(found: Reading) -> Iterator[Section]:
    """Of runs that measured backward models."""
    rows = found.metrics(of="backward")
    trained = {str(each.about["name"]): each.path for each in found.finished(kind="model", role="backward")}
    shown: list[list[Cell]] = []
    for name in values(rows, "model"):
        own = such(rows, model=name)
        overlap = [figure(one(own, metric="instruction_rouge_l", part=part)) for part in ("", CHANCE)]
        nll, stop = (figure(one(own, metric=metric)) for metric in ("instruction_nll", "instruction_stop_rate"))
        shown.append([name, *measured(training(trained.get(name))), nll, *overlap, stop, max(row.n for row in own)])
    if shown:
        columns = ("model", *MEASURED, "instruction NLL, nats/token", "ROUGE-L", "by chance", "stop rate", "n")
        says = (
            "Negative log-likelihood of the human instruction given its answer, and ROUGE-L of the instruction drawn "
            "with the human one; by chance: with the instruction of another pair."
        )
        made = table(columns, shown, track=Track(("ROUGE-L", "by chance"), 0.0))
        yield Section("backward", "The backward model on held-out pairs", says, (made,), closer=True)
