"""The exchange in a record of another tool: an instruction and its response, out of fields or the turns of a chat.

Of longer conversations the first exchange is taken, as the paper does: the last thing that the user says before the first
real answer. What system, developer and context turns say is context, and a call of a tool is no answer.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from humpback.text.contamination import ANSWERERS

ASKERS = ("user", "human", "prompter", "questioner", "instruction", "question")
# Who reports what a tool gave: what was said before it was a call, however it was written.
_TOOLS = ("tool", "function", "observation", "ipython", "function_response", "tool_response", "tool_result")
_CALL = re.compile(
    r"\s*(?:<tool_call>|<functioncall>|\[TOOL_CALLS\]|<\|python_tag\|>|<｜tool▁calls?▁begin｜>|✿FUNCTION✿|<function=|Action:\s*\w)"
)
# Kinds of parts that are thoughts and calls: the answer stands beside them.
_ASIDE_PARTS = ("thinking", "redacted_thinking", "reasoning", "tool_use", "tool-call", "tool_call", "tool_result")
_PICTURES = ("images", "image", "videos", "audios")
_TURNS = ("messages", "conversations", "conversation")
_ANSWERS = ("response", "output", "completion")
_TEXT_PARTS = ("text", "input_text", "output_text")
_ROLES = ("role", "from", "speaker", "sender", "author", "type", "Role")
_WORDS = ("content", "value", "text", "message")


class Turn(NamedTuple):
    """Who speaks, in lower case and "" where it is not said; what is said, None where it is no text; whether it calls."""

    speaker: str
    text: str | None
    is_call: bool = False
    is_bare: bool = False


def exchange(record: dict[str, Any]) -> tuple[str, str] | None:
    """(instruction, response) of a record, or None if it has none that can be read."""
    if any(record.get(key) for key in _PICTURES):
        return None
    # A column that is empty in this record is another record's.
    turns = next(filter(None, (_listed(record.get(key)) for key in _TURNS)), None)
    if turns:
        return _of_turns([_turn(turn) for turn in turns])
    prompt = next((record[key] for key in ("instruction", "prompt") if record.get(key)), None)
    answer = next((record[key] for key in _ANSWERS if record.get(key)), None)
    if isinstance(prompt, list) or isinstance(answer, list):
        return _of_turns([*_as_turns(prompt, "user"), *_as_turns(answer, "assistant")])
    if not isinstance(prompt, str) or not isinstance(answer, str):
        # Empty ones are told apart from missing ones.
        asked, said = (
            next((record[key] for key in keys if key in record), None) for keys in (("instruction", "prompt"), _ANSWERS)
        )
        return (asked, said) if isinstance(asked, str) and isinstance(said, str) else None
    earlier = _earlier(record.get("history"))
    if earlier:
        return earlier
    given = next(
        (record[key] for key in ("input", "context") if isinstance(record.get(key), str) and record[key].strip()), ""
    )
    return (f"{prompt}\n\n{given}" if given.strip() and "instruction" in record else prompt), answer


def shape(record: dict[str, Any]) -> str:
    """What a record has, for whoever reads why it was dropped: its fields, and who speaks in its turns."""
    turns: list[Any] = next(filter(None, (_listed(record.get(key)) for key in _TURNS)), [])
    speakers = ", ".join(_turn(turn).speaker or "no role" for turn in turns[:8])
    return ", ".join(sorted(map(str, record))) + (f" (turns of: {speakers})" if speakers else "")


def _earlier(history: Any) -> tuple[str, str] | None:
    """The first exchange of a history of [question, answer] pairs, which what comes after it builds on."""
    first = history[0] if isinstance(history, list) and history else None
    if isinstance(first, list | tuple) and len(first) == 2 and all(isinstance(part, str) and part.strip() for part in first):
        return first[0], first[1]
    return None


def _as_turns(value: Any, speaker: str) -> Iterator[Turn]:
    for each in value if isinstance(value, list) else [value]:
        turn = _turn(each)
        yield turn if turn.speaker else turn._replace(speaker=speaker)


def _of_turns(turns: list[Turn]) -> tuple[str, str] | None:
    """Bare texts are question and answer by turns; of turns that could name a speaker and do not, nobody knows."""
    if all(turn.is_bare for turn in turns):
        turns = [turn._replace(speaker="assistant" if i % 2 else "user") for i, turn in enumerate(turns)]
    asked: Turn | None = None
    for i, turn in enumerate(turns):
        is_call = turn.is_call or (i + 1 < len(turns) and turns[i + 1].speaker in _TOOLS)
        if turn.speaker in ASKERS:
            asked = turn
        elif turn.speaker in ANSWERERS and asked is not None and not is_call and turn.text != "":
            return None if asked.text is None or turn.text is None else (asked.text, turn.text)
    return None


def _turn(turn: Any) -> Turn:
    if not isinstance(turn, dict):
        return Turn("", turn if isinstance(turn, str) else None, is_bare=True)
    speaker = next((turn[key] for key in _ROLES if isinstance(turn.get(key), str)), "").strip().lower()
    is_call = any(turn.get(key) for key in ("tool_calls", "function_call"))
    words = next((turn[key] for key in _WORDS if turn.get(key) is not None), "" if is_call else None)
    text = _text_of(words)
    # What its author marks as no lesson, or as thought aloud, is none.
    is_aside = turn.get("weight") == 0 or turn.get("train") is False or turn.get("channel") in ("analysis", "commentary")
    return Turn(speaker, text, is_call or is_aside or _CALL.match(text or "") is not None)


def _listed(value: Any) -> list[Any]:
    """Turns, also such as a table of texts holds them."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return []
    return value if isinstance(value, list) else []


def _text_of(content: Any) -> str | None:
    """A text, or the texts of its parts; None where a part is none: a picture is asked about."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        return None
    said = [part for part in content if not (isinstance(part, dict) and part.get("type") in _ASIDE_PARTS)]
    texts = [part if isinstance(part, str) else _part(part) for part in said]
    return None if any(text is None for text in texts) else "\n\n".join(filter(None, texts))


def _part(part: Any) -> str | None:
    is_text = isinstance(part, dict) and (part.get("type") or "text") in _TEXT_PARTS and isinstance(part.get("text"), str)
    return part["text"] if is_text else None
