"""The format of ShareGPT."""

from humpback.schema import Row


def shape(row: Row) -> Row:
    """`conversations`: what a human says, what gpt says."""
    return {"conversations": [{"from": "human", "value": row["instruction"]}, {"from": "gpt", "value": row["response"]}]}
