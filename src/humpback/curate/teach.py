"""Teaching the judge without labels: each seed pair is good, and what is left of it when it was spoilt is not.

Decisions about such pairs, worded as the judge will be asked, are mixed into the forward model's training. A decision is one
token among the hundreds of an answer, so that its loss is weighed (`train.process.data.weighed`): by how much is set, and
not by how many decisions there are.

The damage that competence is measured with (`curate.damage`) is held out in its form, so that what is measured is whether
the judge has learnt what a good pair is, and not what these very faults look like. `half_answer` ends with a sentence, where
`truncated` breaks off within one; `foreign_sentence` is one of another human answer in running text, where `advert_inserted`
is a paragraph of an advert, always the same; no instruction is ever changed, as `generic` and `copied` do. `nearest_answer`
and `shuffled` both put an answer under a question that it does not answer, and must: that has no form to learn by heart. But
here the question is the most similar one that there is, and there any other.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import Field

from humpback import prompts
from humpback.config import Config
from humpback.curate.rubric import PREDICATES, RUBRIC, RubricName, rubric
from humpback.lm import Question, decisions
from humpback.prompts.forward import Example
from humpback.prompts.judge import PAIR, state
from humpback.schema import Row, row_seed
from humpback.text.sentences import is_full, spans, terms

MENU = ("Home", "About us", "Products", "News", "Contact", "Log in", "Cookie settings", "Privacy", "Imprint", "Back to top")
# Half of the decisions are for the pair, so that the judge does not learn to say no.
FOR = 0.5
# Of a seed pair in a pass: one for it and one against it.
MOST_LESSONS = 2
# Of so many neighbours the first that asks for something else.
NEAR = 5


class TeachConfig(Config):
    """Decisions mixed into the forward model's training."""

    share: float = Field(
        0.0,
        ge=0,
        le=0.9,
        description="share of the training's loss that falls on decisions, of which there are as many as pairs, and at most "
        "two for each seed pair (ours); 0: none",
    )
    rubric: RubricName = Field(RUBRIC, description="the rubric that is taught, which should be the judge's")

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(PAIR, decisions.PROMPT) if self.share else {}


# (pair, the pair nearest to it, any other pair, draw) -> an answer to the pair's instruction.
Spoil = Callable[[Row, Row, Row, random.Random], str]


def as_it_is(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """The answer itself."""
    return str(row["response"])


def nearest_answer(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """The answer to the question nearest to this one."""
    return str(near["response"])


def half_answer(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """The first half of its sentences."""
    mine = spans(row["response"])
    return str(row["response"][: mine[max(0, len(mine) // 2 - 1)][1]]) if mine else str(row["response"])


def beginning_lost(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """Without its first half, and from the middle of a sentence."""
    words = row["response"].split(" ")
    return " ".join(words[len(words) // 2 :])


def other_end(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """The second half of another answer in the place of its own."""
    mine, theirs = _parts(row["response"]), _parts(other["response"])
    return "".join([*mine[: len(mine) // 2], *theirs[len(theirs) // 2 :]])


def foreign_sentence(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """A sentence of another answer among its own."""
    mine, theirs = _parts(row["response"]), [other["response"][begin:end] for begin, end in spans(other["response"])]
    theirs = [each for each in theirs if is_full(each)] or theirs
    if len(mine) < 2 or not theirs:
        return str(row["response"])
    place = draw.randrange(1, len(mine))
    return "".join([*mine[:place], draw.choice(theirs), " ", *mine[place:]])


def out_of_order(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """Its sentences in another order, its lines and lists as they were."""
    places = spans(row["response"])
    return _refilled(row["response"], draw.sample(places, len(places)))


def repeated(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """One of its sentences over and over."""
    places = spans(row["response"]) or [(0, len(row["response"]))]
    begin, end = draw.choice(places)
    if len(places) < 3:
        return " ".join([row["response"][begin:end]] * 3)
    return _refilled(row["response"], [(begin, end)] * len(places))


def menu_around(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """A site's navigation before and after it."""
    entries = draw.sample(MENU, 8)
    return "\n".join([*entries[:4], row["response"], *entries[4:]])


def only_asked_again(row: Row, near: Row, other: Row, draw: random.Random) -> str:
    """The request said over again in the place of an answer."""
    return f"You want to know: {row['instruction']} That is a good thing to ask. {row['instruction']}"


def _parts(text: str) -> list[str]:
    """The sentences of `text`, each with what stands between it and the next: joined they are `text`."""
    begins = [begin for begin, _ in spans(text)]
    return [text[a:b] for a, b in pairwise([0, *begins[1:], len(text)])]


def _refilled(text: str, sentences: Sequence[tuple[int, int]]) -> str:
    """`text` with `sentences`, given by their places in it, in the places of its own."""
    made, at = "", 0
    for (begin, end), (first, last) in zip(spans(text), sentences, strict=True):
        made, at = made + text[at:begin] + text[first:last], end
    return made + text[at:]


@dataclass(frozen=True)
class Spoiling:
    """What `spoil` leaves of a pair: the height of its level, from 0 to 1, and the answer to each of the shipped predicates,
    1 yes and 0 no, or None where people would differ."""

    spoil: Spoil
    height: float
    predicates: tuple[float | None, float | None, float | None]


# Heights: a quarter of the scale where part of the answer is sound. Predicates: it gives what was asked for; it is whole;
# everything in it belongs to the request.
SPOILINGS = (
    Spoiling(as_it_is, 1, (1, 1, 1)),
    Spoiling(nearest_answer, 0, (0, 1, 0)),
    Spoiling(half_answer, 0.25, (None, 0, 1)),
    Spoiling(beginning_lost, 0.25, (None, 0, 1)),
    Spoiling(other_end, 0.25, (None, 0, 0)),
    Spoiling(foreign_sentence, 0.25, (1, 1, 0)),
    Spoiling(out_of_order, 0.25, (None, None, 1)),
    Spoiling(repeated, 0, (None, 0, None)),
    Spoiling(menu_around, 0.25, (1, 1, 0)),
    Spoiling(only_asked_again, 0, (0, None, None)),
)


def lessons(rows: Sequence[Row], beside: int, config: TeachConfig, seed: int) -> list[Example]:
    """Decision examples about the seed pairs `rows`, as many as there are examples `beside` them: what they weigh is told by
    `config.share`, and more would only cost time.

    A pair that comes twice is once decided for and once against, by the same question; which comes first is a matter of its
    id and `seed` alone. Answers are shown whole: one that was cut could not be told from one that is spoilt.
    """
    if not config.share or len(rows) < 2:
        return []
    near, questions, made = nearest(rows), rubric(config.rubric), []
    aspects = questions[0].kind == "predicate" and questions == rubric(PREDICATES)
    for number in range(min(beside, MOST_LESSONS * len(rows))):
        turn, place = divmod(number, len(rows))
        row, asked = rows[place], place % len(questions)
        coin, draw = (random.Random(row_seed(str(row["id"]), f"{seed}/lesson{each}")) for each in ("", f"/{turn}"))
        wanted = (coin.random() < FOR) == (turn == 0)
        left = [(each.spoil, each.predicates[asked] if aspects else each.height) for each in SPOILINGS]
        fitting = [(spoil, height) for spoil, height in left if height is not None and (height == 1) == wanted]
        other = rows[(place + 1 + draw.randrange(len(rows) - 1)) % len(rows)]
        response, height = _spoilt(row, rows[near[place]], other, fitting, draw)
        shown, _ = state(row["instruction"], response, lambda text, _: (text, False), 0)
        reverse = draw.random() < 0.5
        label = _label(questions[asked], height, reverse)
        made.append(Example(decisions.prompt(shown, questions[asked], reverse), label, lesson=True))
    return made


def nearest(rows: Sequence[Row]) -> list[int]:
    """The place of the pair nearest to each, by the terms of both: the rarer a term, the more it counts. Where instructions
    ask in the same terms, one answer does for both, and the next nearest is taken.
    """
    texts = [f"{row['instruction']} {row['response']}" for row in rows]
    asked = [terms(row["instruction"]) for row in rows]
    if not any(map(terms, texts)):
        return [(place + 1) % len(rows) for place in range(len(rows))]
    # Half a second of imports, for what most trainings do without.
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    vectors = TfidfVectorizer(analyzer=terms, sublinear_tf=True).fit_transform(texts)
    index = NearestNeighbors(n_neighbors=min(len(rows) - 1, NEAR), metric="cosine").fit(vectors)
    found: list[list[int]] = index.kneighbors(return_distance=False).tolist()
    return [
        next((other for other in others if asked[other] != asked[place]), others[0]) for place, others in enumerate(found)
    ]


def _spoilt(
    row: Row, near: Row, other: Row, choices: Sequence[tuple[Spoil, float]], draw: random.Random
) -> tuple[str, float]:
    """(answer, height) by one of `choices`; an answer of one sentence has no order to lose, and then it is another."""
    for spoil, height in draw.sample(choices, len(choices)):
        response = spoil(row, near, other, draw)
        if spoil is as_it_is or response != row["response"]:
            return response, height
    return row["response"], 1.0


def _label(question: Question, height: float, reverse: bool) -> str:
    """The label of the right answer: yes and no stay what they are whichever is shown first."""
    if question.kind == "predicate":
        return decisions.labels(question)[height < 1]
    top = len(question.options) - 1
    level = int(height * top + 0.5)  # `round` takes half a level down, and of three nothing is in the middle
    return decisions.labels(question)[top - level if reverse else level]
