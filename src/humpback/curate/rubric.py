"""Rubrics: questions with levels from lowest to highest, or questions to be answered by yes or no, shipped or in a file.

A file holds questions separated by a blank line, each a text followed by its levels as lines that begin with "- ". One
without levels is a predicate: yes is good. All of a rubric are of one kind.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from humpback import prompts
from humpback.config import Planned
from humpback.errors import UsageFault
from humpback.lm import Answer, Question

RUBRIC, PREDICATES = "rubric-v1", "rubric-predicates-v1"
MOST_LEVELS = 10  # what OpenAI's decisions and the System One servers take
PAPER_LEVELS = 5


def rubric(name: str = RUBRIC) -> tuple[Question, ...]:
    """The questions of the shipped rubric `name`, or of the file of that path; raises `UsageFault` if it is none."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", rubric_text(name)) if block.strip()]
    questions = tuple(_question(block, f"question {i} of the rubric {name}") for i, block in enumerate(blocks, start=1))
    counts = {0 if question.kind == "predicate" else len(question.options) for question in questions}
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


def highest(questions: Sequence[Question]) -> int:
    """The highest score by `questions`; the lowest is 1. A predicate has no levels, and its yes is the paper's highest."""
    return PAPER_LEVELS if questions[0].kind == "predicate" else len(questions[0].options)


def on_levels(question: Question, answer: Answer) -> Answer:
    """The answer on levels: the yes of a predicate is the highest of the paper's five and its no the lowest, so that k = 4.5
    asks for seven eighths yes.
    """
    if question.kind != "predicate" or not answer.probabilities:
        return answer
    yes, no = answer.probabilities
    gap = None if answer.order_gap is None else answer.order_gap * (PAPER_LEVELS - 1)
    spread = (no, *[0.0] * (PAPER_LEVELS - 2), yes)
    return replace(answer, probabilities=spread, score=1 + (PAPER_LEVELS - 1) * yes, order_gap=gap)


def _question(block: str, where: str) -> Question:
    text, *levels = (part.strip() for part in block.split("\n- "))
    if not levels and text.endswith("?"):
        return Question("predicate", text)
    if not 2 <= len(levels) <= MOST_LEVELS:
        fact = f"{where} has {len(levels)} levels, and needs from 2 to {MOST_LEVELS}"
        raise UsageFault(fact, 'write each level on a line that begins with "- ", lowest first, right below the question')
    for level in levels:
        if not level or any(char.isdigit() for char in level):
            fact = f"{where} has the level {level!r}, and a level is words without numerals"
            raise UsageFault(fact, "write numbers in letters: many servers label the levels 0, 1, 2, and would read those")
    return Question("score", text, tuple(levels))
