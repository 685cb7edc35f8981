"""What a judge is shown of a pair, or of two answers to one request: all of it quoted line by line."""

from collections.abc import Sequence

from humpback import prompts
from humpback.prompts.forward import Clip
from humpback.prompts.quoting import quoted

PAIR, TEXT, FORCED, CANARY = "pair-v2", "judge-text-v1", "judge-forced-v2", "judge-canary-v1"
TWO, TWO_TEXT = "two-answers-v1", "two-answers-text-v1"


def state(instruction: str, response: str, clip: Clip, max_tokens: int) -> tuple[str, bool]:
    """What the judge is shown of a pair, and whether its quoted response was clipped to `max_tokens`.

    It is clipped after it was quoted: a response of many short lines would otherwise outgrow the context.
    """
    shown, clipped = clip(quoted(response), max_tokens)
    return prompts.render(PAIR, instruction=quoted(instruction), response=shown), clipped


def text_prompt(shown: str, question: str, levels: Sequence[str]) -> str:
    return prompts.render(TEXT, state=shown, question=question, levels=levels)


def two_answers(instruction: str, first: str, second: str) -> str:
    """What the judge is shown of two answers to one request."""
    return prompts.render(TWO, instruction=quoted(instruction), first=quoted(first), second=quoted(second))
