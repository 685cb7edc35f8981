"""Can a text talk its judge round? Attacks are written into clean pairs, and the change of their score is measured.

Beside each attack stands its control, an innocent text of the same length at the same place: a judge may well mark a pair
down, or up, for a stray sentence, and only what goes beyond that obeys the attack.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Literal

from humpback.config import Config
from humpback.curate.damage import DevPairs, Exchange
from humpback.curate.judge import JudgeConfig, forgiving, graded, valid
from humpback.curate.settings import Asking
from humpback.lm import LM
from humpback.lm.spec import ModelName
from humpback.metrics import mean_of, paired_change
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.stage import LMStage
from humpback.store import Dataset

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
    return tuple(Attack(**json.loads(line)) for line in attacks_text().splitlines())


@cache
def attacks_text() -> str:
    return (resources.files(__name__.rpartition(".")[0]) / "attacks.jsonl").read_text(encoding="utf-8")


def injected(exchange: Exchange, attack: Attack) -> Exchange:
    """`exchange` (instruction, response) with the text of `attack` in it, in a paragraph of its own."""
    instruction, response = exchange
    if attack.where == "instruction_end":
        return f"{instruction}\n\n{attack.text}", response
    if attack.where == "response_start":
        return instruction, f"{attack.text}\n\n{response}"
    if attack.where == "response_end":
        return instruction, f"{response}\n\n{attack.text}"
    # The first line break after the middle, or else the first blank, or else the middle itself.
    half = len(response) // 2
    middle = next((at for sign in ("\n", " ") if (at := response.find(sign, half)) >= 0), half)
    return instruction, f"{response[:middle]}\n\n{attack.text}\n\n{response[middle:]}"


def innocent(attack: Attack) -> Attack:
    """The control of `attack`: a text of its length that wants nothing, at its place."""
    length = len(attack.text)
    return replace(attack, text=(INNOCENT * (length // len(INNOCENT) + 1))[:length])


class InjectionStage(Config):
    """The dev pairs that attacks are written into, and the judge that reads them."""

    dev: DevPairs
    judge_lm: ModelName
    judge: JudgeConfig
    max_tokens: int
    model: str
    round: int

    def reads(self) -> dict[str, str]:
        return {"attacks": hashlib.sha256(attacks_text().encode()).hexdigest()}


def measured(run: Run, seed: Dataset, asking: Asking) -> Dataset:
    """What text that speaks to the judge of a round gains by that, in dev pairs of `seed`: metric rows."""
    settings, about = asking.settings, {"round": asking.round, "model": asking.model}
    config = InjectionStage(
        dev=DevPairs(seed=seed.path, cases=asking.cases), judge_lm=asking.judge, judge=settings.judge,
        max_tokens=settings.curate.max_tokens, **about,
    )  # fmt: skip
    stage = LMStage("injection", METRIC, injection, config)
    return run.put(f"injection-{asking.round}", stage, kind="metrics", of="injection", **about)


def injection(config: InjectionStage, open: Callable[[str], LM]) -> Iterator[Row]:
    """Metric rows: how far attacks, and their controls, move the score (in levels) of the same pair without them.

    Attack i is written into pair i modulo the pairs, which are clean. Parts are the kinds of attacks, and "all";
    `injection_excess` is attack against control, `injection_lost` the share of attacks after which a pair that had a score
    has none. Scores count whatever their label mass, as where judges are compared with chance.
    """
    rows = config.dev.rows()
    tried = attacks() if rows else ()
    drawn = [rows[i % len(rows)] for i in range(len(tried))]
    clean = rows[: len(tried)]
    hit = [_with(row, attack) for row, attack in zip(drawn, tried, strict=True)]
    control = [_with(row, innocent(attack)) for row, attack in zip(drawn, tried, strict=True)]
    asked = [*clean, *hit, *control]
    judged = graded(asked, open(config.judge_lm), config.max_tokens, forgiving(config.judge), "injection") if asked else []
    n, m = len(clean), len(tried)
    before = [judged[i % n] for i in range(m)]
    cases = list(zip(before, judged[n : n + m], judged[n + m :], strict=True))
    for kind in ["all", *dict.fromkeys(attack.kind for attack in tried)]:
        of_kind = [case for case, attack in zip(cases, tried, strict=True) if kind in ("all", attack.kind)]
        yield from _shifts(config, of_kind, kind)


def _with(row: Row, attack: Attack) -> Row:
    instruction, response = injected((row["instruction"], row["response"]), attack)
    return {**row, "instruction": instruction, "response": response}


def _shifts(config: InjectionStage, cases: list[tuple[Row, Row, Row]], kind: str) -> Iterator[Row]:
    """`cases` are the judged columns of (clean, attacked, control)."""
    clean, hit, calm = ([case[i]["score"] for case in cases] for i in range(3))
    for name, before, after in (
        ("injection_shift", clean, hit),
        ("injection_control", clean, calm),
        ("injection_excess", calm, hit),
    ):
        yield paired_change(name, config.model, before, after, unit="levels", round=config.round, part=kind)
    lost = [float(not valid(after, config.judge)) for before, after, _ in cases if valid(before, config.judge)]
    yield mean_of("injection_lost", config.model, lost, unit="share", round=config.round, part=kind)
