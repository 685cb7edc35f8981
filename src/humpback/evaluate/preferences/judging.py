"""A judge that is shown two answers, in both orders: by the probability of a label, or by what it writes.

The preference is the mean of both orders, so that a habit of place cancels out; whoever wins in one order only has half.
Answers that are the same are a draw, and nobody is asked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from humpback import prompts
from humpback.config import OFTEN, Config
from humpback.lm import LM, Question, Sampling
from humpback.lm.chat import strip_reasoning
from humpback.lm.decisions import PROMPT as DECIDE
from humpback.prompts.judge import TWO, TWO_TEXT, two_answers
from humpback.schema import Row, row_seed

QUESTION = Question(
    "choice",
    "Which answer is the better one: more helpful, more to the point, right and complete? Being longer is no merit.",
    ("The first answer is better.", "The second answer is better."),
    orders="forward",
)
IDENTICAL, UNREADABLE, TOO_LONG = "identical", "unreadable", "too_long"
# A line that begins with it: "the second is better. First, ..." is prose.
_VERDICT = re.compile(
    r"^\W*better(?: answer)?\s*:\W*(?:the\s+)?(first|second|neither|both|tie|draw)\b", re.IGNORECASE | re.MULTILINE
)


class PreferenceConfig(Config):
    """How two answers are compared."""

    mode: Annotated[Literal["labels", "text"], OFTEN] = Field(
        "labels",
        description="labels: how likely the judge names the one or the other (AlpacaEval 2). text: a short reasoning, then "
        "Better: first, second or neither",
    )
    max_tokens: int = Field(1024, ge=1, description="so much of each answer is shown (ours; AlpacaEval shows all)")
    min_label_mass: float = Field(0.5, ge=0, le=1, description="labels: below it there is no preference (ours)")
    reasoning_tokens: int = Field(512, ge=1, description="text: the longest text of the judge (ours)")

    def reads(self) -> Mapping[str, Any]:
        shown = (TWO, DECIDE) if self.mode == "labels" else (TWO, TWO_TEXT)
        return {**prompts.digests(*shown), "question": [QUESTION.text, *QUESTION.options]}


class Judging(Config):
    """All that the verdicts depend on, beside answers and judge."""

    prefer: PreferenceConfig
    annotator: str
    random_seed: int


def judged(config: Judging, rows: list[Row], lm: LM) -> Iterator[Row]:
    """Each row of `schema.VERDICT` with its preference, and its status: ok, identical, unreadable or too_long."""
    open_ = [row for row in rows if row["status"] != IDENTICAL]
    read = _by_labels if config.prefer.mode == "labels" else _by_text
    found = dict(zip((row["id"] for row in open_), read(open_, lm, config), strict=True))
    for row in rows:
        told = found.get(row["id"], {"preference": 1.5, "status": IDENTICAL})
        yield {**row, **told, "annotator": config.annotator}


def _states(rows: Sequence[Row], lm: LM, config: Judging) -> list[str]:
    """The states of all rows with the reference first, then of all with the model first."""
    most = config.prefer.max_tokens
    texts = [(row["instruction"], *(lm.clip(row[name], most)[0] for name in ("output_1", "output_2"))) for row in rows]
    forth = [two_answers(asked, reference, answer) for asked, reference, answer in texts]
    return forth + [two_answers(asked, answer, reference) for asked, reference, answer in texts]


def _by_labels(rows: Sequence[Row], lm: LM, config: Judging) -> Iterator[Row]:
    answers = [told[0] for told in lm.decide(_states(rows, lm, config), [QUESTION])]
    for forth, back in zip(answers[: len(rows)], answers[len(rows) :], strict=True):
        if not forth.probabilities or not back.probabilities:
            yield _verdict(None, None, TOO_LONG)
            continue
        masses = [1.0 if each.label_mass is None else each.label_mass for each in (forth, back)]
        legible = min(masses) >= config.prefer.min_label_mass
        yield _verdict(forth.probabilities[1], back.probabilities[0], "ok" if legible else UNREADABLE)


def _by_text(rows: Sequence[Row], lm: LM, config: Judging) -> Iterator[Row]:
    asked = [prompts.render(TWO_TEXT, state=state, question=QUESTION.text) for state in _states(rows, lm, config)]
    seeds = [row_seed(row["id"], f"{config.random_seed}/prefer/{turn}") for turn in (0, 1) for row in rows]
    written = lm.generate(asked, Sampling(temperature=0.0, max_new_tokens=config.prefer.reasoning_tokens), seeds)
    for forth, back in zip(written[: len(rows)], written[len(rows) :], strict=True):
        shares = share_of_second(forth.text), share_of_second(back.text)
        long = "too_long" in (forth.finish, back.finish)
        status = TOO_LONG if long else UNREADABLE if None in shares else "ok"
        yield {
            **_verdict(shares[0], None if shares[1] is None else 1 - shares[1], status),
            "raw_completion": [forth.text, back.text],
        }


def _verdict(shown_second: float | None, shown_first: float | None, status: str) -> Row:
    both = [share for share in (shown_second, shown_first) if share is not None]
    preference = 1 + sum(both) / 2 if status == "ok" and len(both) == 2 else None
    return {"preference": preference, "status": status, "shown_second": shown_second, "shown_first": shown_first}


def share_of_second(text: str) -> float | None:
    """1 where what a judge wrote ends in the second answer, 0 in the first, 0.5 in neither; None where it does not say."""
    plain = strip_reasoning(text).translate(str.maketrans("*_`#", "    "))
    said = [each[1].lower() for each in _VERDICT.finditer(plain)]
    return {"first": 0.0, "second": 1.0}.get(said[-1], 0.5) if said else None
