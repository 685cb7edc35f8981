"""Teaching the judge without labels: each seed pair is good, and what is left of it when it was spoilt is not.

Decisions about such pairs, worded as the judge will be asked, are mixed into the forward model's training. The kinds of
damage that competence is measured with are held out: pairs are spoilt here in other ways, so that what is measured is
whether the judge has learnt what a good pair is, and not what these very faults look like.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from humpback import prompts
from humpback.config import Config
from humpback.curate.rubric import RUBRIC, RubricName, rubric
from humpback.lm import Question, decisions
from humpback.prompts.forward import Clip, Example
from humpback.prompts.judge import PAIR, state
from humpback.schema import Row, row_seed
from humpback.text.sentences import sentences

MENU = ("Home", "About us", "Products", "News", "Contact", "Log in", "Cookie settings", "Privacy", "Imprint", "Back to top")
# Shares of the levels: half of the pairs are sound, so that the judge does not learn to say no.
SOUND = 0.5


class TeachConfig(Config):
    """Decisions mixed into the forward model's training."""

    share: float = Field(0.0, ge=0, le=0.9, description="share of the training examples that are decisions (ours); 0: none")
    rubric: RubricName = Field(RUBRIC, description="the rubric that is taught, which should be the judge's")

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(PAIR, decisions.PROMPT) if self.share else {}


# (pair, another pair, draw) -> an answer that is no good.
Spoiling = Callable[[Row, Row, random.Random], str]


def other_end(row: Row, other: Row, draw: random.Random) -> str:
    """The second half of another answer in the place of its own."""
    mine, theirs = sentences(row["response"]), sentences(other["response"])
    return " ".join([*mine[: len(mine) // 2], *theirs[len(theirs) // 2 :]])


def beginning_lost(row: Row, other: Row, draw: random.Random) -> str:
    """Without its first half, and from the middle of a sentence."""
    words = row["response"].split(" ")
    return " ".join(words[len(words) // 2 :])


def out_of_order(row: Row, other: Row, draw: random.Random) -> str:
    """Its sentences in another order."""
    mine = sentences(row["response"])
    draw.shuffle(mine)
    return " ".join(mine)


def repeated(row: Row, other: Row, draw: random.Random) -> str:
    """One of its sentences over and over."""
    mine = sentences(row["response"]) or [row["response"]]
    return " ".join([draw.choice(mine)] * max(3, len(mine)))


def menu_around(row: Row, other: Row, draw: random.Random) -> str:
    """A site's navigation before and after it."""
    entries = draw.sample(MENU, 8)
    return "\n".join([*entries[:4], row["response"], *entries[4:]])


def only_asked_again(row: Row, other: Row, draw: random.Random) -> str:
    """The request said over again in the place of an answer."""
    return f"You want to know: {row['instruction']} That is a good thing to ask. {row['instruction']}"


# Which level each leaves the pair at: a third of the scale where part of the answer is sound, the lowest otherwise.
SPOILINGS: tuple[tuple[Spoiling, float], ...] = (
    (other_end, 0.25), (beginning_lost, 0.25), (out_of_order, 0.25), (repeated, 0.0), (menu_around, 0.25),
    (only_asked_again, 0.0),
)  # fmt: skip


def lessons(rows: Sequence[Row], beside: int, config: TeachConfig, tokens: int, clip: Clip, seed: int) -> list[Example]:
    """Decision examples about the seed pairs `rows`, so many that they make up `config.share` of all, `beside` others.

    `tokens` is how long an example may be. A lesson's level is a matter of its pair's id and `seed` alone.
    """
    if len(rows) < 2:
        return []
    count = round(beside * config.share / (1 - config.share))
    questions = rubric(config.rubric)
    return [_lesson(rows, i, questions[i % len(questions)], tokens, clip, seed) for i in range(count)]


def _lesson(rows: Sequence[Row], number: int, question: Question, tokens: int, clip: Clip, seed: int) -> Example:
    row = rows[number % len(rows)]
    draw = random.Random(row_seed(str(row["id"]), f"{seed}/lesson/{number // len(rows)}"))
    other = rows[(number + 1 + draw.randrange(len(rows) - 1)) % len(rows)]
    response, height = row["response"], 1.0
    if draw.random() >= SOUND:
        spoil, left = draw.choice(SPOILINGS)
        response = spoil(row, other, draw)
        # An answer of one sentence has no order to lose.
        height = left if response != row["response"] else 1.0
    reverse = draw.random() < 0.5
    level = round(height * (len(question.options) - 1))
    shown = len(question.options) - 1 - level if reverse else level
    prompt = _prompt(row["instruction"], response, question, reverse, tokens, clip)
    return Example(prompt, decisions.labels(question)[shown])


def _prompt(instruction: str, response: str, question: Question, reverse: bool, tokens: int, clip: Clip) -> str:
    """The prompt that the judge will be asked by, its response clipped until everything fits into `tokens`."""
    room = tokens
    while True:
        shown = state(instruction, response, clip, room)[0]
        prompt = decisions.prompt(shown, question, reverse)
        # A few tokens for the template around it, and the label.
        if room <= 32 or not clip(prompt, tokens - 24)[1]:
            return prompt
        room = room * 3 // 4
