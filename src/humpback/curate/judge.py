"""Self-curation: the model being trained grades the pairs (Humpback, section 2.3).

`expected` reads the levels from the label logits of one prefill in each order; the score is their expectation, so that
k = 4.5 means what it says and no answer can fail to parse. `text` is the paper's way, a short reasoning and a last line with
the score, `multi` the mean of several such texts. A pair whose score cannot be had has none, and a status that says why.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from humpback import prompts
from humpback.config import OFTEN, Config
from humpback.curate.likelihood import if_it_can
from humpback.curate.parse import parse_score
from humpback.curate.rubric import RUBRIC, RubricName, on_levels, rubric
from humpback.errors import HumpbackError, UsageFault
from humpback.lm import LM, Answer, Completion, Orders, Question, Sampling
from humpback.lm.decisions import PROMPT as DECIDE
from humpback.lm.decisions import likeliest
from humpback.prompts.judge import FORCED, PAIR, TEXT, state, text_prompt
from humpback.prompts.quoting import quoted
from humpback.schema import Row, row_seed


class JudgeConfig(Config):
    """How pairs are graded."""

    ask: bool = Field(
        True, description="false: nobody is asked for a score; for models that are known not to be able to judge (ours)"
    )
    mode: Annotated[Literal["expected", "text", "multi"], OFTEN] = Field(
        "expected",
        description="expected: expectation over the levels' probabilities (ours). text: reasoning, then Score: N (paper). "
        "multi: mean of several texts (ours)",
    )
    rubric: Annotated[RubricName, OFTEN] = Field(
        RUBRIC,
        description="the paper's five levels (paper, table 19), rubric-axes-v1, rubric-grades-v1 (three, X-Instruction), "
        "rubric-predicates-v1 (yes or no), or a file",
    )
    reverse: float = Field(
        1.0,
        ge=0,
        le=1,
        description="expected: share of the pairs, drawn by id, that are asked with the levels in reverse too (ours). At 1 "
        "the score is the mean of both orders, which cancels habits of position. Below it is that of the first order, at "
        "half the price, and the share tells what it is worth. 1, since such habits are not the same for all pairs: by "
        "SmolLM2-135M one order ranks them nearly as the other does turned round",
    )
    samples: int = Field(5, ge=1, description="multi: texts drawn per pair (ours)")
    reasoning_tokens: int = Field(512, ge=1, description="text, multi: the longest text of the judge (Spico197: 512)")
    temperature: float = Field(0.7, gt=0, description="multi: how warm its texts are drawn (Spico197: 0.7); text is greedy")
    min_label_mass: float = Field(0.5, ge=0, le=1, description="below it a pair is undecided and has no score (ours)")
    warn_valid: float = Field(0.85, ge=0, le=1, description="warn if a smaller share of the pairs got a score (ours)")
    stop_valid: float = Field(0.60, ge=0, le=1, description="stop if a smaller share of the pairs got a score (ours)")

    def reads(self) -> dict[str, str]:
        shown = {"expected": (PAIR, DECIDE), "text": (PAIR, TEXT, FORCED, DECIDE), "multi": (PAIR, TEXT)}[self.mode]
        return prompts.digests(*shown)


class JudgeUnreadable(HumpbackError):
    """Too few of the judge's answers are scores, so that what it would select is an accident."""


def graded(rows: Sequence[Row], lm: LM, max_tokens: int, config: JudgeConfig, salt: str = "") -> list[Row]:
    """The judge's columns for each row (id, instruction, response); texts are drawn with seeds of id and `salt`."""
    questions, ids = rubric(config.rubric), [row["id"] for row in rows]
    if config.mode != "expected" and questions[0].kind == "predicate":
        fact = f"the rubric {config.rubric} asks for yes or no, and judge.mode={config.mode} has levels written"
        raise UsageFault(fact, "--set judge.mode=expected")
    shown = [state(row["instruction"], row["response"], lm.clip, max_tokens) for row in rows]
    if config.mode == "expected":
        made = _by_labels(ids, [text for text, _ in shown], questions, lm, config)
    else:
        made = _by_text(ids, shown, questions, lm, config, salt)
    blank = {"judgement": None, "forced": None, "mode": config.mode}
    return [{**blank, **each, "judged_clipped": clipped} for each, (_, clipped) in zip(made, shown, strict=True)]


def _by_labels(ids: list[str], shown: list[str], questions: Sequence[Question], lm: LM, config: JudgeConfig) -> list[Row]:
    asked: dict[Orders, list[int]] = {}
    for i, row in enumerate(ids):
        asked.setdefault(_orders(row, config.reverse), []).append(i)
    made: dict[int, Row] = {}
    for orders, places in asked.items():
        answers = lm.decide([shown[i] for i in places], [replace(question, orders=orders) for question in questions])
        made |= {i: verdict(list(map(on_levels, questions, own)), config) for i, own in zip(places, answers, strict=True)}
    return [made[i] for i in range(len(ids))]


def _orders(row: str, share: float) -> Orders:
    """The orders in which the levels are shown for the pair of the id `row`, where `share` of the pairs get the reverse."""
    if share == 1:
        return "both"
    return "checked" if random.Random(row_seed(row, "reverse")).random() < share else "forward"


def verdict(answers: Sequence[Answer], config: JudgeConfig) -> Row:
    """The columns of the answers to a rubric; the score is null unless enough of each one's probability fell on labels."""
    masses, scores = [answer.label_mass for answer in answers], [answer.score for answer in answers]
    if None in scores:
        status = "prompt_too_long"
    else:
        status = "ok" if all(readable(answer, config) for answer in answers) else "undecided"
    known = [score for score in scores if score is not None] if status == "ok" else []
    # The most likely level; over several questions, or where one label was written, the nearest to the score.
    first, level = answers[0], nearest(_mean(known) or 1.0)
    if len(answers) == 1 and first.probabilities and first.via != "written":
        level = 1 + likeliest(first.probabilities)
    return {
        "score": _mean(known),
        "level": level if status == "ok" else None,
        "aspects": known if len(known) > 1 else None,
        "confidence": _mean([answer.confidence for answer in answers]),
        "label_mass": None if None in masses else min(m for m in masses if m is not None),
        "order_gap": _mean([answer.order_gap for answer in answers]),
        "order_flips": _mean([answer.order_flips for answer in answers]),
        "via": first.via,
        "status": status,
    }


def readable(answer: Answer, config: JudgeConfig) -> bool:
    """Whether the answer is a score; a server that does not tell its label mass is taken at its word."""
    return answer.score is not None and (answer.label_mass is None or answer.label_mass >= config.min_label_mass)


def nearest(score: float) -> int:
    """The level nearest to `score`; halves go up."""
    return math.floor(score + 0.5)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


# Texts, in the order question, draw.


def _by_text(
    ids: list[str], shown: list[tuple[str, bool]], questions: Sequence[Question], lm: LM, config: JudgeConfig, salt: str
) -> list[Row]:
    draws = config.samples if config.mode == "multi" else 1
    warmth = config.temperature if config.mode == "multi" else 0.0
    asked = [(i, q, d) for i in range(len(ids)) for q in range(len(questions)) for d in range(draws)]
    written = lm.generate(
        [text_prompt(shown[i][0], questions[q].text, questions[q].options) for i, q, _ in asked],
        Sampling(temperature=warmth, max_new_tokens=config.reasoning_tokens),
        [row_seed(ids[i], f"{salt}/judge/{q}/{d}") for i, q, d in asked],
    )
    each = len(questions) * draws
    texts = [written[i * each : (i + 1) * each] for i in range(len(ids))]
    retried = _retried(shown, texts, questions, lm) if config.mode == "text" else {}
    return [
        _text_columns(texts[i], [retried.get((i, q)) for q in range(len(questions))], shown[i][1], questions, config)
        for i in range(len(ids))
    ]


def _retried(
    shown: list[tuple[str, bool]], texts: list[list[Completion]], questions: Sequence[Question], lm: LM
) -> dict[tuple[int, int], Answer]:
    """(pair, question) -> the level at which a text arrives that does not say it: the answer to one typed question."""
    out: dict[tuple[int, int], Answer] = {}
    for q, question in enumerate(questions):
        written = [made[q] for made in texts]
        read = [parse_score(each.text, len(question.options)).value for each in written]
        lost = [i for i, each in enumerate(written) if each.finish != "too_long" and read[i] is None]
        cases = [forced_question(shown[i][0], texts[i][q].text, question) for i in lost]
        if cases:
            answers = if_it_can(partial(lm.decide, [case for case, _ in cases], [cases[0][1]])) or []
            out.update({(i, q): answer for i, [answer] in zip(lost, answers, strict=bool(answers))})
    return out


def forced_question(shown: str, judgement: str, question: Question) -> tuple[str, Question]:
    """(state, question) of the retry: the pair with what the judge wrote, and which level that is."""
    rendered = prompts.render(FORCED, state=shown, judgement=quoted(judgement))
    told, text = rendered.rsplit("\n\n", 1)
    return told, replace(question, text=text)


def _text_columns(
    made: list[Completion], retried: list[Answer | None], clipped: bool, questions: Sequence[Question], config: JudgeConfig
) -> Row:
    known = [answer for answer in retried if answer is not None]
    said = verdict(known, config) if known else {}
    columns: Row = {name: said.get(name) for name in ("confidence", "label_mass", "order_gap", "order_flips")}
    if any(each.finish == "too_long" for each in made):
        blank = {"score": None, "level": None, "aspects": None}
        return {**columns, **blank, "via": "text", "status": "prompt_too_long"}
    # Only in `text` is anything forced, and there each question has one text.
    forced = [answer.score if answer and readable(answer, config) else None for answer in retried]
    texts = [each.text for each in made]
    cut = [each.finish == "length" for each in made]
    kept = forced if config.mode == "text" else None
    read = _read(texts, kept, cut, clipped, config.mode, questions)
    return {**columns, **read, "judgement": texts, "forced": kept, "via": "text"}


def reparse(row: Row, config: JudgeConfig) -> Row:
    """`row` with its score read anew from what its judge wrote and what was forced of it: no call is made.

    Rows of the mode `expected`, or whose prompt was too long, have nothing to read and stay as they are. `config` must
    name the rubric that the row was judged by.
    """
    if row["judgement"] is None:
        return row
    cut = [row["status"] == "truncated"] * len(row["judgement"])
    questions = rubric(config.rubric)
    return {**row, **_read(row["judgement"], row["forced"], cut, row["judged_clipped"], row["mode"], questions)}


def _read(
    texts: list[str], forced: list[float | None] | None, cut: list[bool], clipped: bool, mode: str,
    questions: Sequence[Question],
) -> Row:  # fmt: skip
    """Score, level, aspects and status from texts. Of a clipped response the judge has not seen the end, so that whatever
    it says of it cannot be the top level ("perfect"), and the score is at most the level below.

    The expectation over levels is not cut off so: a share is selected by it, and equal scores could not be ranked.
    """
    top, draws = len(questions[0].options), len(texts) // len(questions)
    values: list[float | None] = []
    statuses: list[str] = []
    for q in range(len(questions)):
        parsed = [parse_score(t, top, c) for t, c in list(zip(texts, cut, strict=True))[q * draws : (q + 1) * draws]]
        valid = [each.value for each in parsed if each.value is not None]
        if mode == "multi":
            value, status = (_mean(valid), "ok") if 2 * len(valid) >= draws else (None, "too_few_valid")
        elif forced and not valid and forced[q] is not None:
            value, status = forced[q], "forced"
        else:
            value, status = parsed[0].value, parsed[0].status
        values.append(value)
        statuses.append(status)
    # The worst of several questions speaks for the pair: without one of them there is no mean.
    status = next((s for s in statuses if s not in ("ok", "forced")), "forced" if "forced" in statuses else "ok")
    score = _mean(values)
    if score is not None and clipped:
        score = min(score, float(top - 1))
    aspects = values if len(values) > 1 and score is not None else None
    return {"score": score, "level": None if score is None else nearest(score), "aspects": aspects, "status": status}


# What stands around the judge.


def gate(valid: int, total: int, config: JudgeConfig, judge_name: str) -> str | None:
    """A warning if fewer than `warn_valid` of `total` pairs got a score; raises `JudgeUnreadable` under `stop_valid`."""
    share = valid / total if total else 1.0
    fact = f"{judge_name} gave {valid} of {total} pairs a readable score ({share:.0%})"
    if share < config.stop_valid:
        other = "expected" if config.mode != "expected" else "text"
        raise JudgeUnreadable(
            f"{fact}, and {config.stop_valid:.0%} are needed",
            f"read it otherwise: --set judge.mode={other}, or do without it: --set curate.by=gain; "
            "the column status says what was wrong",
        )
    return f"{fact}, less than {config.warn_valid:.0%}: look at the column status" if share < config.warn_valid else None


def forgiving(config: JudgeConfig) -> JudgeConfig:
    """`config` for measurements that rank: in `expected` a score whatever its label mass."""
    changed: dict[str, Any] = {"min_label_mass": 0.0} if config.mode == "expected" else {}
    return config.model_copy(update=changed)


def valid(row: Row, config: JudgeConfig) -> bool:
    """Whether the judge's columns in `row`, possibly made forgivingly, are a score by `config`."""
    mass = row["label_mass"] if config.mode == "expected" else None
    return row["score"] is not None and (mass is None or mass >= config.min_label_mass)
