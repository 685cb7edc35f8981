"""What scorers cost: seconds and prompt tokens per thousand pairs, of all the parts of the scoring that each takes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humpback import prompts
from humpback.config import Config
from humpback.curate.judge import JudgeConfig, graded
from humpback.curate.likelihood import likelihood_columns
from humpback.evaluate.held_out import Open
from humpback.lm.spec import ModelName
from humpback.metrics import metric
from humpback.prompts.forward import FORWARD, TagConfig
from humpback.schema import Row, row_seed
from humpback.store import Dataset, DatasetFolder


class Timed(Config):
    """Judge and likelihoods, asked about a few pairs of the pool. They may be one stage, which cannot tell their costs."""

    pool: DatasetFolder
    lm: ModelName
    judge: JudgeConfig
    tags: TagConfig
    max_tokens: int
    cases: int = 50

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(FORWARD)


def timed(config: Timed, open: Open) -> Iterator[Row]:
    """Metric rows: seconds and prompt tokens of each part, for all of these pairs. A journal would answer in no time."""
    rows = sorted(Dataset(config.pool).rows(), key=lambda row: row_seed(row["id"], "cost"))[: config.cases]
    lm, width = open(config.lm), config.max_tokens
    lm.remember(None)
    parts: dict[str, Callable[[], object]] = {
        "judge": lambda: graded(rows, lm, width, config.judge, "cost"),
        "likelihood": lambda: likelihood_columns(rows, lm, config.tags.web, width),
    }
    for part, ask in parts.items():
        before, began = lm.usage, time.perf_counter()
        ask()
        seconds, spent = time.perf_counter() - began, lm.usage - before
        yield metric("seconds", "", seconds, n=len(rows), unit="seconds", part=part)
        tokens = spent.prompt_tokens if spent.calls else None
        yield metric("prompt_tokens", "", tokens, n=len(rows), unit="tokens", part=part)


@dataclass(frozen=True)
class Cost:
    """What a part of the scoring took for `n` pairs; `prompt_tokens` is None where nobody counted."""

    seconds: float
    prompt_tokens: float | None
    n: int


def apart(folder: Path) -> dict[str, Cost]:
    """What `timed` has measured, by part."""
    rows = {(row["part"], row["metric"]): row for row in Dataset(folder).rows()}
    return {
        part: Cost(rows[part, "seconds"]["value"], rows[part, "prompt_tokens"]["value"], rows[part, "seconds"]["n"])
        for part in dict.fromkeys(part for part, _ in rows)
    }


def counted(folders: Sequence[Path]) -> Cost:
    """Of stages one after the other, such as that of a model and that of its base: what all took for the same pairs."""
    totals = [Dataset(folder).totals for folder in folders]
    # A stage that asks no language model has spent nothing, and one that does may not have been told.
    counted = all(not each.spent or each.spent.get("calls") for each in totals)
    tokens = sum(each.spent.get("prompt_tokens", 0.0) for each in totals) if counted else None
    return Cost(sum(each.seconds for each in totals), tokens, totals[0].read)


def cost_rows(scorer: str, parts: Mapping[str, Cost]) -> Iterator[Row]:
    """Seconds and prompt tokens per thousand pairs: the sum of the `parts` that the scorer needs."""
    n, about = min((each.n for each in parts.values()), default=0), {"unit": "per thousand pairs", "note": " + ".join(parts)}
    if not n:
        yield from (metric(name, scorer, None, n=0, **about) for name in ("seconds", "prompt_tokens"))
        return
    yield metric("seconds", scorer, sum(1000 * each.seconds / each.n for each in parts.values()), n=n, **about)
    tokens = [1000 * each.prompt_tokens / each.n for each in parts.values() if each.prompt_tokens is not None]
    yield metric("prompt_tokens", scorer, sum(tokens) if len(tokens) == len(parts) else None, n=n, **about)
