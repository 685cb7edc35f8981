"""Which part of the pages got a pair, and how many different things are asked."""

from collections.abc import Iterator

from humpback.report.measured import one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Section, figure, table

PLACE = 475
COLUMNS = (
    ("covered", "text", "texts with a pair"), ("covered", "page", "pages with a pair"),
    ("different", "instruction", "different questions"),
)  # fmt: skip


def sections(found: Reading) -> Iterator[Section]:
    """Of each selection."""
    rows = such(found.metrics(of="selection"), metric=("covered", "different"))
    if not rows:
        return
    says = (
        "Of the texts that had a pair to choose from, and of their pages, the share of which one was kept. A question is "
        "different if its ROUGE-L with every one before it is 0.7 or less."
    )
    shown: list[list[Cell]] = []
    for round in values(rows, "round"):
        own = such(rows, round=round)
        cells = [figure(one(own, metric=metric, part=part)) for metric, part, _ in COLUMNS]
        shown.append([f"round {round}" if round else own[0].model, *cells])
    yield Section(
        "coverage", "What the pages gave", says, (table(("selection", *(name for *_, name in COLUMNS)), shown),), closer=True
    )
