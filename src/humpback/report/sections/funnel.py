"""The funnel: what every stage read, kept, and dropped for which reason."""

from collections.abc import Iterator

from humpback.curate.damage import DAMAGES
from humpback.ledger import Totals
from humpback.report.reading import Reading
from humpback.report.section import Bar, Cell, Counts, Figure, Section, table
from humpback.store import Dataset

PLACE = 200
# What is no step on the way of the rows: lists of files, measurements and what they are made of.
BESIDE = ("files", "metrics", "damage", "damaged", "damaging")


def sections(found: Reading) -> Iterator[Section]:
    """Of datasets on the way from pages to what is trained on."""
    ways = [
        each for each in found.datasets() if each.about.get("kind") not in BESIDE and each.about.get("among") not in DAMAGES
    ]
    rows = [row for each in ways for row in _rows(each)]
    if rows:
        says = (
            "Every row that a stage reads is kept or dropped for a reason; nothing is lost. The dropped rows stand "
            "beside each dataset with the value that was measured."
        )
        columns = ("stage", "read", "kept", "", "dropped", "rows made", "rows/s", "dropped for")
        yield Section("funnel", "The funnel: read = kept + dropped", says, (table(columns, rows),))


def _rows(dataset: Dataset) -> Iterator[list[Cell]]:
    """A row per step; the time is that of all, and stands at the last."""
    steps = dataset.steps
    seconds = dataset.manifest["wall_seconds"]
    for step in steps:
        if step.read:
            last = step is steps[-1]
            yield _row(str(dataset.about["name"]) if last else step.step, step, seconds if last and len(steps) == 1 else 0.0)


def _row(name: str, step: Totals, seconds: float) -> list[Cell]:
    drops = tuple(sorted(step.drops.items(), key=lambda item: -item[1]))
    rate = Figure(step.read / seconds) if seconds else None
    made = step.rows if step.rows != step.kept else None
    return [
        name,
        step.read,
        step.kept,
        Bar(step.kept, step.read),
        step.dropped,
        made,
        rate,
        Counts(drops) if drops else None,
    ]
