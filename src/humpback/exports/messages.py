"""Chat messages, as trainers of chat models and servers take them."""

from humpback.schema import Row


def shape(row: Row) -> Row:
    """`messages`: what the user asks, what the assistant answers."""
    asked = {"role": "user", "content": row["instruction"]}
    return {"messages": [asked, {"role": "assistant", "content": row["response"]}]}
