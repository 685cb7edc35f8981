"""What language models were asked, and what it cost, if it cost money."""

from collections.abc import Iterator, Mapping, Sequence

from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Figure, Section, table, text

PLACE = 820


def sections(found: Reading) -> Iterator[Section]:
    """Of the stages and measurements that asked one."""
    spent = [(str(each.about["name"]), step.spent) for each in found.datasets() for step in each.steps]
    bodies = told([(name, own) for name, own in spent if own.get("calls")])
    if bodies:
        says = "Measurements of judges and models included; what a journal remembered was asked once."
        yield Section("asked", "What models were asked", says, bodies, closer=True)


def told(spent: Sequence[tuple[str, Mapping[str, float]]]) -> tuple[Body, ...]:
    """A row for each that asked, and the sum of the money if there was any."""
    rows: list[list[Cell]] = []
    for name, own in spent:
        counts = [round(own.get(unit, 0)) for unit in ("calls", "prompt_tokens", "completion_tokens")]
        rows.append([name, *counts, Figure(own["cost"], "money") if own.get("cost") else None])
    if not rows:
        return ()
    made = table(("stage", "calls", "prompt tokens", "answer tokens", "money"), rows)
    total = sum(own.get("cost", 0.0) for _, own in spent)
    if not total:
        return (made,)
    return made, text("Money in all: ", Figure(total, "money"), ", in the unit of the prices that were set.")
