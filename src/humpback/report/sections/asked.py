"""What language models were asked, and what it cost, if it cost money."""

from collections.abc import Iterator

from humpback.report.reading import Reading
from humpback.report.section import Cell, Figure, Section, table, text

PLACE = 820


def sections(found: Reading) -> Iterator[Section]:
    """Of the stages and measurements that asked one."""
    spent = [
        (str(each.about["name"]), step.spent) for each in found.datasets() for step in each.steps if step.spent.get("calls")
    ]
    rows: list[list[Cell]] = []
    for name, own in spent:
        cost = own.get("cost") or None
        counts = [round(own.get(unit, 0)) for unit in ("calls", "prompt_tokens", "completion_tokens")]
        rows.append([name, *counts, Figure(cost, "money") if cost else None])
    if rows:
        total = sum(own.get("cost", 0.0) for _, own in spent)
        says = "Measurements of judges and models included; what a journal remembered was asked once."
        columns = ("stage", "calls", "prompt tokens", "answer tokens", "money")
        money = text("Money in all: ", Figure(total, "money"), ", in the unit of the prices that were set.")
        yield Section("asked", "What models were asked", says, (table(columns, rows), *([money] if total else [])))
