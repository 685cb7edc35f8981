"""The exchange in a record of another tool: an instruction and its response, out of fields or the turns of a chat.

Of longer conversations the first exchange is taken, as the paper does: the last thing that the user says before the first
real answer. What system, developer and context turns say is context, and a call of a tool is no answer.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from humpback.text.contamination import ANSWERERS

ASKERS = ("user", "human", "prompter", "questioner", "instruction", "question")
_TURNS = ("messages", "conversations", "conversation")
_ANSWERS = ("response", "output", "completion")
_TEXT_PARTS = ("text", "input_text", "output_text")
_ROLES = ("role", "from", "speaker")
_WORDS = ("content", "value", "text")


class Turn(NamedTuple):
    """Who speaks, in lower case and "" where it is not said; what is said, None where it is no text; whether it calls."""

    speaker: str
    text: str | None
    is_call: bool = False


def exchange(record: dict[str, Any]) -> tuple[str, str] | None:
    """(instruction, response) of a record, or None if it has none that can be read."""
    turns = next((record[key] for key in _TURNS if isinstance(record.get(key), list)), None)
    if turns is not None:
        return _of_turns([_turn(turn) for turn in turns])
    prompt = record.get("instruction", record.get("prompt"))
    answer = next((record[key] for key in _ANSWERS if record.get(key) is not None), None)
    if isinstance(prompt, list) or isinstance(answer, list):
        return _of_turns([*_as_turns(prompt, "user"), *_as_turns(answer, "assistant")])
    if not isinstance(prompt, str) or not isinstance(answer, str):
        return None
    earlier = _earlier(record.get("history"))
    if earlier:
        return earlier
    given = next((record[key] for key in ("input", "context") if isinstance(record.get(key), str)), "")
    return (f"{prompt}\n\n{given}" if given.strip() and "instruction" in record else prompt), answer


def shape(record: dict[str, Any]) -> str:
    """What a record has, for whoever reads why it was dropped: its fields, and who speaks in its turns."""
    turns: list[Any] = next((record[key] for key in _TURNS if isinstance(record.get(key), list)), [])
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
    """Turns that all lack a speaker are question and answer by turns."""
    if not any(turn.speaker for turn in turns):
        turns = [turn._replace(speaker="assistant" if i % 2 else "user") for i, turn in enumerate(turns)]
    asked: Turn | None = None
    for turn in turns:
        if turn.speaker in ASKERS:
            asked = turn
        elif turn.speaker in ANSWERERS and asked is not None and not turn.is_call and turn.text != "":
            return None if asked.text is None or turn.text is None else (asked.text, turn.text)
    return None


def _turn(turn: Any) -> Turn:
    if not isinstance(turn, dict):
        return Turn("", turn if isinstance(turn, str) else None)
    speaker = next((turn[key] for key in _ROLES if isinstance(turn.get(key), str)), "").strip().lower()
    is_call = any(turn.get(key) for key in ("tool_calls", "function_call"))
    words = next((turn[key] for key in _WORDS if turn.get(key) is not None), "" if is_call else None)
    return Turn(speaker, _text_of(words), is_call)


def _text_of(content: Any) -> str | None:
    """A text, or the texts of its parts; None where a part is none: a picture is asked about."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        return None
    texts = [part if isinstance(part, str) else _part(part) for part in content]
    return None if any(text is None for text in texts) else "\n\n".join(filter(None, texts))


def _part(part: Any) -> str | None:
    is_text = isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS and isinstance(part.get("text"), str)
    return part["text"] if is_text else None
