"""What the wording of an instruction changes, for each model."""

from collections.abc import Iterator

from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Section, Table, Track, figure, table

PLACE = 130
# (metric, what it is called, whether it is a change)
LOSSES = (
    ("robust_nll", "NLL, nats/token", False), ("robust_change", "change", True), ("robust_spread", "spread", False),
    ("wording_mean", "mean", False), ("wording_deviation", "deviation", False),
)  # fmt: skip
ANSWERS = (("same_answer", "same answer", False), ("rouge_l", "ROUGE-L", False))
COMPARED = (("robust_nll_against", "NLL"), ("robust_spread_against", "spread"), ("rouge_l_against", "ROUGE-L"))


def sections(found: Reading) -> Iterator[Section]:
    """Of a run that measured it."""
    rows = found.metrics(of="robustness")
    alone = such(rows, against="")
    if not alone:
        return
    says = (
        "The same instruction with other letters, other words, a sentence beside it, or in another wording. Change: of "
        "the NLL of the human answer against the instruction as it was. Spread: its deviation over the wordings of a "
        "case; mean and deviation: over the wordings, of all cases together. Same answer, ROUGE-L: how alike a model's "
        "own answers to the wordings are."
    )
    tables = [made for made in (_alone(alone, LOSSES, ""), _alone(alone, ANSWERS, "Own answers")) if made]
    yield Section("robustness", "Other wordings of the instruction", says, tuple(tables))
    pairs = list(dict.fromkeys((row.model, row.against) for row in rows if row.against))
    if pairs:
        told = "The first minus the second, case by case: NLL and spread are better below 0, ROUGE-L of own answers above."
        compared = tuple(_compared(such(rows, model=model, against=other), model, other) for model, other in pairs)
        yield Section("robustness-against", "One model against another", told, compared, under=True)


def _alone(rows: list[Measured], columns: tuple[tuple[str, str, bool], ...], caption: str) -> Table | None:
    """A row for each model under each kind of perturbation."""
    own = such(rows, metric=tuple(metric for metric, _, _ in columns))
    shown: list[list[Cell]] = []
    for part in values(own, "part"):
        for model in values(own, "model"):
            found = such(own, model=model, part=part)
            cells = [figure(one(found, metric=metric), signed) for metric, _, signed in columns]
            shown.append([model, part, *cells, max((row.n for row in found), default=0)])
    names = ("model", "perturbed", *(name for _, name, _ in columns), "n")
    track = Track(("change",), lines=((0.0, "as it was"),)) if "change" in names else Track((names[2],), 0.0)
    return table(names, shown, caption, track) if shown else None


def _compared(rows: list[Measured], model: str, other: str) -> Table:
    shown: list[list[Cell]] = [
        [part, *(figure(one(rows, metric=metric, part=part), signed=True) for metric, _ in COMPARED),
         max(row.n for row in such(rows, part=part))]
        for part in values(rows, "part")
    ]  # fmt: skip
    columns = ("perturbed", *(name for _, name in COMPARED), "n")
    track = Track(("NLL", "spread"), lines=((0.0, "no difference"),))
    return table(columns, shown, f"{model} against {other}", track)
