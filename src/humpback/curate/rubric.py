"""Rubrics: one or more `score` questions, each with its levels from lowest to highest, shipped or in a file of one's own.

A file holds questions separated by a blank line, each a text followed by its levels as lines that begin with "- ".
"""

import hashlib
import re
from pathlib import Path
from typing import Annotated

from humpback import prompts
from humpback.config import Planned
from humpback.errors import UsageFault
from humpback.lm import Question

RUBRIC = "rubric-v1"
MOST_LEVELS = 10  # what OpenAI's decisions and the System One servers take


def rubric(name: str = RUBRIC) -> tuple[Question, ...]:
    """The questions of the shipped rubric `name`, or of the file of that path; raises `UsageFault` if it is none."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", rubric_text(name)) if block.strip()]
    questions = tuple(_question(block, f"question {i} of the rubric {name}") for i, block in enumerate(blocks, start=1))
    counts = {len(question.options) for question in questions}
    if len(counts) != 1:
        listed = " and ".join(map(str, sorted(counts))) or "no"
        fact = f"the rubric {name} has {len(questions)} questions, with {listed} levels"
        raise UsageFault(fact, "give every question the same number of levels: a pair's score is the mean over them")
    return questions


def rubric_text(name: str) -> str:
    """The text of the shipped rubric `name`, or of the file of that path."""
    shipped = [each for each in prompts.names() if each.startswith("rubric-")]
    if name in shipped:
        return prompts.source(name)
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        fact = f"the rubric {name!r} is neither shipped nor a text file: {error}"
        raise UsageFault(fact, f"choose one of {', '.join(shipped)}, or check the path") from None


def rubric_digest(name: str) -> str:
    """sha256 of the rubric's text, for plans: a file of one's own may change under its name."""
    return hashlib.sha256(rubric_text(name).encode()).hexdigest()


# What settings name rubrics with: in plans they stand by their text.
RubricName = Annotated[str, Planned(rubric_digest)]


def _question(block: str, where: str) -> Question:
    text, *levels = (part.strip() for part in block.split("\n- "))
    if not 2 <= len(levels) <= MOST_LEVELS:
        fact = f"{where} has {len(levels)} levels, and needs from 2 to {MOST_LEVELS}"
        raise UsageFault(fact, 'write each level on a line that begins with "- ", lowest first, right below the question')
    for level in levels:
        if not level or any(char.isdigit() for char in level):
            fact = f"{where} has the level {level!r}, and a level is words without numerals"
            raise UsageFault(fact, "write numbers in letters: many servers label the levels 0, 1, 2, and would read those")
    return Question("score", text, tuple(levels))
