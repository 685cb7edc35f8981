"""The better one of two answers, where they differ: a strong model's and the target's (CodecLM, section 3.3).

What both answer alike teaches nothing, and what they answer differently does. As a gate behind curation, the page's text
stands in the place of the strong model's answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pydantic import Field

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.lm import LM, Question, Sampling
from humpback.lm.decisions import PROMPT as DECIDE
from humpback.prompts.forward import FORWARD, forward_prompt
from humpback.prompts.judge import TWO, two_answers
from humpback.schema import Row, row_seed
from humpback.stage import Drop, LMStage, Outcome, Stage
from humpback.store import Dataset

if TYPE_CHECKING:
    from humpback.run import Run

# What pairs have beside their own columns, once both answers are there and compared.
COLUMNS = (("target_response", pa.string()), ("gap", pa.float64()))
LEVELS = tuple(f"{level} of 10" for level in range(1, 11))
FIRST, SECOND = (
    Question("score", f"How helpful, to the point, right and detailed is the {place} answer?", LEVELS, orders="forward")
    for place in ("first", "second")
)


class ContrastConfig(Config):
    """How answers are drawn and compared."""

    theta: float = Field(3.0, ge=0, description="least gap of the two scores of 1 to 10; it must be larger (CodecLM)")
    answers: Sampling = Field(Sampling(max_new_tokens=1024), description="of both models (CodecLM: 2,048 tokens)")


class Sides(NamedTuple):
    """Who answers, and who judges. Without a `strong` model its answers are those that the pairs have."""

    strong: str
    target: str
    judge: str


def apart(
    run: "Run", source: Dataset, sides: Sides, config: ContrastConfig, seed: int, name: str
) -> tuple[Dataset, Dataset]:
    """(the requests of `source` whose two answers differ by more than theta, with the better one; the others)."""
    more = [(name, kind) for name, kind in COLUMNS if name not in source.columns.names]
    columns = pa.schema([*source.columns, *(pa.field(*each) for each in more)])
    about = dict[str, Any](method="contrast", may_be_empty=True)
    for column, lm in (("response", sides.strong), ("target_response", sides.target)):
        if lm:
            answering = Answering(column=column, sampling=config.answers, random_seed=seed)
            stage = LMStage("answered", columns, answered, answering, lm=lm)
            source = run.map(f"{column.replace('_', '-')}-{name}", stage, source, kind="candidates", **about)
    judged = LMStage("gaps", columns, gaps, Comparing(), lm=sides.judge)
    source = run.map(f"gaps-{name}", judged, source, kind="candidates", **about)
    made = [
        run.map(f"{what}-{name}", Stage(what, columns, split, Splitting(theta=config.theta, differ=differ)), source,
                kind="candidates", **about)
        for what, differ in (("differing", True), ("alike", False))
    ]  # fmt: skip
    return made[0], made[1]


class Answering(Config):
    """All that the answers depend on, beside requests and model."""

    column: str
    sampling: Sampling
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(FORWARD)


def answered(config: Answering, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each request with the answer of the model `lm` in `column`; without a whole one it is dropped as `unfinished`."""
    language_models.reading(lm, "forward")
    seeds = [row_seed(row["id"], f"{config.random_seed}/{config.column}/{row['instruction']}") for row in rows]
    made = lm.generate([forward_prompt(row["instruction"], "") for row in rows], config.sampling, seeds)
    for row, said in zip(rows, made, strict=True):
        text = said.text.strip()
        whole = said.finish == "stop" and text
        yield {**row, config.column: text} if whole else Drop(row, "unfinished" if text else "nothing_said", said.finish)


class Comparing(Config):
    """What is asked of two answers: nothing can be set."""

    def reads(self) -> Mapping[str, Any]:
        return {**prompts.digests(TWO, DECIDE), "questions": [FIRST.text, SECOND.text, *LEVELS]}


def gaps(_: Comparing, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each row with its `gap`: the score of `response` minus that of `target_response`, the mean over both orders.

    Unreadable ones are dropped as `no_score`.
    """
    language_models.reading(lm, "forward")
    texts = [(row["instruction"], row["response"], row["target_response"]) for row in rows]
    forth = [two_answers(asked, strong, target) for asked, strong, target in texts]
    back = [two_answers(asked, target, strong) for asked, strong, target in texts]
    told = lm.decide([*forth, *back], [FIRST, SECOND])
    for row, one, other in zip(rows, told[: len(rows)], told[len(rows) :], strict=True):
        scores = [answer.score for answer in (*one, *other)]
        known = [score for score in scores if score is not None]
        if len(known) < len(scores):
            yield Drop(row, "no_score", None)
            continue
        first, second, second_back, first_back = known
        yield {**row, "gap": ((first - second) + (first_back - second_back)) / 2}


class Splitting(Config):
    """Which part is wanted: those whose answers differ by more than theta, or the others."""

    theta: float
    differ: bool


def split(config: Splitting, rows: Iterable[Row]) -> Iterator[Outcome]:
    """One part as it is, the better answer as the response where they differ; the other is dropped as alike or differ."""
    for row in rows:
        differ = abs(row["gap"]) > config.theta
        if differ != config.differ:
            yield Drop(row, "differ" if differ else "alike", round(row["gap"], 3))
        elif differ and row["gap"] < 0:
            page = {"draft": row["response"], "answered": "target"} if row.get("source") == "web" else {}
            yield {**row, **page, "response": row["target_response"]}
        else:
            yield row
