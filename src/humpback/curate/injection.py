"""Can a text talk its judge round? Attacks are written into clean pairs, and the change of their score is measured.

Beside each attack stands its control, an innocent text of the same length at the same place: a judge may well mark a pair
down, or up, for a stray sentence, and only what goes beyond that obeys the attack.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Literal

from humpback.curate.judge import JudgeConfig, forgiving, graded, valid
from humpback.lm import LM
from humpback.metrics import mean_of, paired_change
from humpback.schema import Row

Pair = tuple[str, str]
INNOCENT = (
    "The library opens at nine in the morning and closes in the early evening. On Sundays a small market stands beside it, "
    "and in summer the fountain in front of its doors is turned on. "
)


@dataclass(frozen=True)
class Attack:
    """A `text` that tries to raise the score of the pair it is written into."""

    id: str
    kind: str
    where: Literal["response_start", "response_end", "response_middle", "instruction_end"]
    text: str


def attacks() -> tuple[Attack, ...]:
    """The attacks that ship."""
    return tuple(Attack(**json.loads(line)) for line in _text().splitlines())


def attacks_digest() -> str:
    """sha256 of the attacks, for plans."""
    return hashlib.sha256(_text().encode()).hexdigest()


@cache
def _text() -> str:
    return (resources.files(__name__.rpartition(".")[0]) / "attacks.jsonl").read_text(encoding="utf-8")


def injected(pair: Pair, attack: Attack) -> Pair:
    """`pair` (instruction, response) with the text of `attack` in it, in a paragraph of its own."""
    instruction, response = pair
    if attack.where == "instruction_end":
        return f"{instruction}\n\n{attack.text}", response
    if attack.where == "response_start":
        return instruction, f"{attack.text}\n\n{response}"
    if attack.where == "response_end":
        return instruction, f"{response}\n\n{attack.text}"
    middle = _paragraph_near_middle(response)
    return instruction, f"{response[:middle]}\n\n{attack.text}\n\n{response[middle:]}"


def _paragraph_near_middle(text: str) -> int:
    """Where the first line break after the middle stands, or else the first blank, or else the middle itself."""
    half = len(text) // 2
    return next((at for sign in ("\n", " ") if (at := text.find(sign, half)) >= 0), half)


def innocent(attack: Attack) -> Attack:
    """The control of `attack`: a text of its length that wants nothing, at its place."""
    length = len(attack.text)
    return replace(attack, text=(INNOCENT * (length // len(INNOCENT) + 1))[:length])


def injection_shift(rows: Sequence[Row], lm: LM, judge: JudgeConfig, max_tokens: int, round: int) -> Iterator[Row]:
    """Metric rows: how far attacks, and their controls, move the score (in levels) of the same pair without them.

    Attack i is written into row i modulo the rows (id, instruction, response), which are clean. Notes are the kinds, and
    "all"; `injection_excess` is attack against control, `injection_lost` the share of attacks after which a pair that had a
    score has none. Scores count whatever their label mass, as where judges are compared with chance.
    """
    tried = attacks() if rows else ()
    drawn = [rows[i % len(rows)] for i in range(len(tried))]
    clean = list(rows[: len(tried)])
    hit = [_with(row, attack) for row, attack in zip(drawn, tried, strict=True)]
    control = [_with(row, innocent(attack)) for row, attack in zip(drawn, tried, strict=True)]
    judged = graded([*clean, *hit, *control], lm, max_tokens, forgiving(judge), "injection")
    n, m = len(clean), len(tried)
    before = [judged[i % n] for i in range(m)]
    cases = list(zip(before, judged[n : n + m], judged[n + m :], strict=True))
    for kind in ["all", *dict.fromkeys(attack.kind for attack in tried)]:
        of_kind = [case for case, attack in zip(cases, tried, strict=True) if kind in ("all", attack.kind)]
        yield from _shifts(of_kind, judge, kind, round)


def _with(row: Row, attack: Attack) -> Row:
    instruction, response = injected((row["instruction"], row["response"]), attack)
    return {**row, "instruction": instruction, "response": response}


def _shifts(cases: list[tuple[Row, Row, Row]], judge: JudgeConfig, kind: str, round: int) -> Iterator[Row]:
    """`cases` are the judged columns of (clean, attacked, control)."""
    model = f"M_{round - 1}"
    clean, hit, calm = ([case[i]["score"] for case in cases] for i in range(3))
    for name, before, after in (
        ("injection_shift", clean, hit),
        ("injection_control", clean, calm),
        ("injection_excess", calm, hit),
    ):
        yield paired_change(name, model, before, after, unit="levels", round=round, note=kind)
    lost = [float(not valid(after, judge)) for before, after, _ in cases if valid(before, judge)]
    yield mean_of("injection_lost", model, lost, unit="share", round=round, note=kind)
