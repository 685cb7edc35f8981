"""The format of Stanford Alpaca."""

from humpback.schema import Row


def shape(row: Row) -> Row:
    """`instruction`, `input` (empty: the instruction is whole) and `output`."""
    return {"instruction": row["instruction"], "input": "", "output": row["response"]}
