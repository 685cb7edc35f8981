"""What perturbed instructions do to models, as tables of text."""

from collections.abc import Iterator, Sequence

from humpback.evaluate.robustness import CLEAN, KINDS
from humpback.report.measured import figure
from humpback.schema import Row

_COLUMNS = (
    ("robust_nll", "NLL, nats/token", False),
    ("robust_change", "change", True),
    ("robust_spread", "spread in a case", False),
    ("wording_mean", "over wordings: mean", False),
    ("wording_deviation", "deviation", False),
    ("same_answer", "same answer", False),
    ("rouge_l", "ROUGE-L", False),
)
_COMPARED = (("robust_nll_against", "NLL"), ("robust_spread_against", "spread"), ("rouge_l_against", "ROUGE-L"))


def as_text(rows: Sequence[Row]) -> str:
    """Every model under every kind of perturbation, and then each comparison case by case."""
    of = {(row["model"], row["note"], row["metric"]): row for row in rows}
    models = list(dict.fromkeys(row["model"] for row in rows))
    table = [["Robustness", "perturbed", *(name for _, name, _ in _COLUMNS), "n"]]
    for model in models:
        for kind in (CLEAN, *KINDS):
            found = [figure(of.get((model, kind, metric)), signed=signed) for metric, _, signed in _COLUMNS]
            table.append([model, kind, *found, str(of[model, kind, "robust_nll"]["n"])])
    return "\n".join([*_aligned(table), *_compared(rows)])


def _compared(rows: Sequence[Row]) -> Iterator[str]:
    """`model` minus the one it is held against: NLL and spread are better below 0, ROUGE-L of own answers above."""
    for row in rows:
        if row["metric"] == _COMPARED[0][0]:
            same = [r for r in rows if (r["model"], r["note"]) == (row["model"], row["note"])]
            told = [f"{name} {figure(next(iter(found)), signed=True)}" for metric, name in _COMPARED
                    if (found := [r for r in same if r["metric"] == metric])]  # fmt: skip
            yield f"{row['model']}, {row['note']}: {', '.join(told)} (n = {row['n']})"


def _aligned(table: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
