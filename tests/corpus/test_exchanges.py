"""Exchanges in the records of other tools: who asks, who answers, and what is neither."""

from typing import Any

import pytest

from humpback.corpus.exchanges import exchange, shape

Q = {"role": "user", "content": "Q"}
A = {"role": "assistant", "content": "A"}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}


@pytest.mark.parametrize(
    "turns",
    [
        [Q, A],
        [{"role": "developer", "content": "Be brief."}, Q, A],
        [{"role": "System", "content": "Brief!"}, {"role": "USER", "content": "Q"}, {"role": "Assistant", "content": "A"}],
        [{"role": "context", "content": "A book."}, Q, A],
        [{"role": "user", "content": "I have a goat."}, Q, A],
        [Q, CALL, {"role": "tool", "content": "{}"}, A],
        [Q, {"role": "assistant", "content": "Wait.", "tool_calls": [{"id": "1"}]}, {"role": "tool", "content": "{}"}, A],
        [Q, {"role": "assistant", "content": None, "function_call": {"name": "f"}}, {"role": "function", "content": "1"}, A],
        [Q, {"role": "assistant", "content": ""}, A],
        [{"role": "assistant", "content": "Hello!"}, Q, A, {"role": "user", "content": "Q2"}],
        [{"from": "human", "value": "Q"}, {"from": "function_call", "value": "{}"}, {"from": "observation", "value": "{}"},
         {"from": "gpt", "value": "A"}],
        [{"from": "Human", "value": "Q"}, {"from": "GPT", "value": "A"}],
        [{"role": "user", "content": [{"type": "text", "text": "Q"}]}, {"role": "assistant", "content": [
         {"type": "output_text", "text": "A"}]}],
        [{"role": "user", "content": ["Q"]}, {"role": "model", "content": "A"}],
        [{"type": "system", "content": "S"}, {"type": "human", "content": "Q"}, {"type": "ai", "content": "A"}],
        [{"sender": "user", "text": "Q"}, {"sender": "assistant", "text": "A"}],
        [Q, {"role": "assistant", "content": "<tool_call>{}</tool_call>"}, {"role": "tool", "content": "1"}, A],
        [Q, {"role": "assistant", "content": "I look it up."}, {"role": "observation", "content": "1"}, A],
        [Q, {"role": "assistant", "content": "[TOOL_CALLS] [{}]"}, A],
        [Q, {"role": "assistant", "content": "bad", "weight": 0}, A],
        [Q, {"role": "assistant", "content": "Hm.", "channel": "analysis"}, A],
        [Q, {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "A"}]}],
        [Q, {"role": "assistant", "content": [{"type": "tool_use", "name": "f"}]}, {"role": "tool", "content": "1"}, A],
        ["Q", "A", "Q2", "A2"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["messages", "conversations"])
def test_turns(key: str, turns: list[Any]) -> None:
    """A system text became the instruction and the user's question the response; a call of a tool was kept as an answer."""
    assert exchange({key: turns}) == ("Q", "A")


@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "Q", "output": "A", "history": []},
        {"instruction": "Q2", "output": "A2", "history": [["Q", "A"], ["Q1", "A1"]]},
        {"instruction": "Q", "context": "", "response": "A"},
        {"prompt": [{"role": "system", "content": "Be brief."}, Q], "completion": [A]},
        {"prompt": [Q], "completion": "A"},
        {"prompt": "Q", "completion": [A]},
        {"prompt": [Q, A, {"role": "user", "content": "Q2"}], "completion": "A2"},
        {"messages": [], "instruction": "Q", "response": "A"},
        {"instruction": None, "prompt": "Q", "response": "", "completion": "A"},
        {"messages": '[{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]'},
        {"prompt": "Q", "input": "never part of a prompt", "completion": "A"},
    ],
)
def test_fields(record: dict[str, Any]) -> None:
    """TRL's prompts with a system turn were no pairs; what comes after a history builds on it."""
    assert exchange(record) == ("Q", "A")


def test_what_a_question_is_about() -> None:
    """Alpaca's input and Dolly's context: without it the question has no object."""
    expected = ("Sum up\n\nA text", "A")
    assert exchange({"instruction": "Sum up", "context": "A text", "response": "A"}) == expected
    assert exchange({"instruction": "Sum up", "input": "A text", "output": "A"}) == expected
    assert exchange({"instruction": "Sum up", "input": "", "context": "A text", "output": "A"}) == expected


@pytest.mark.parametrize(
    "record",
    [
        {"messages": []},
        {"messages": [Q]},
        {"messages": [A]},
        {"messages": [A, Q]},
        {"messages": [Q, CALL]},
        {"messages": [{"content": "S"}, {"content": "Q"}, {"content": "A"}]},
        {"messages": [Q, A], "images": ["a.png"]},
        {"instruction": "What is this? <image>", "output": "A", "image": "a.png"},
        {"messages": [{"role": "alice", "content": "Q"}, {"role": "bob", "content": "A"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "Q"}]}, A]},
        {"messages": [{"role": "user", "content": None}, A]},
        {"messages": [Q, {"role": "assistant", "content": {"a": 1}}]},
        {"messages": [Q, 5]},
        {"messages": [5, 6]},
        {"prompt": [], "completion": "A"},
        {"instruction": "Q", "output": 5},
        {"history": [["Q", "A"]]},
    ],
)
def test_what_has_no_exchange(record: dict[str, Any]) -> None:
    """A pair that is none is dropped, never guessed: half of a talk, pictures, strangers."""
    assert exchange(record) is None


def test_what_a_record_has() -> None:
    """Whoever reads the drop sees who speaks there."""
    assert shape({"messages": [Q, CALL, {"content": "?"}], "id": 1}) == "id, messages (turns of: user, assistant, no role)"
