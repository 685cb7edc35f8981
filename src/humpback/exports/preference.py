"""Two answers to one request, the better one named: what DPO and reward models are trained on, in TRL's conversational form.

A rewritten answer stands over the page's text that it was made of (instruction back-and-forth translation), and of two
answers that were judged the preferred one over the other.
"""

from collections.abc import Iterator
from pathlib import Path

from humpback import store
from humpback.schema import Row

# A preference so near to a draw says nothing that should be learnt.
LEAST = 0.1


def rows(run: Path) -> Iterator[Row]:
    """Rows with `chosen` and `rejected`, of the last rewrites and of all verdicts of the run."""
    for rewritten in store.datasets(run, kind="rewrites", by="rewritten")[-1:]:
        for row in rewritten.rows():
            if row["draft"] and row["answered"] == "rewritten":
                yield {**row, "chosen": row["response"], "rejected": row["draft"], "by": "rewriting"}
    for verdicts in store.datasets(run, kind="verdicts"):
        for row in verdicts.rows():
            lean = None if row["preference"] is None else row["preference"] - 1.5
            if lean is not None and abs(lean) >= LEAST and row["output_1"] and row["output_2"]:
                answers = (row["output_2"], row["output_1"]) if lean > 0 else (row["output_1"], row["output_2"])
                yield {**row, "chosen": answers[0], "rejected": answers[1], "by": row["annotator"]}


def shape(row: Row) -> Row:
    """`prompt`, `chosen` and `rejected` as messages; `by` says who prefers."""
    asked = [{"role": "user", "content": row["instruction"]}]
    answers = {name: [{"role": "assistant", "content": row[name]}] for name in ("chosen", "rejected")}
    return {"prompt": asked, **answers, "by": row["by"]}
