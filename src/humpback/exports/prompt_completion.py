"""Prompt and completion, each a list of one message, as TRL takes them to train on the answer alone."""

from humpback.schema import Row


def shape(row: Row) -> Row:
    """`prompt` and `completion`."""
    return {
        "prompt": [{"role": "user", "content": row["instruction"]}],
        "completion": [{"role": "assistant", "content": row["response"]}],
    }
