"""Back-and-forth translation: the page's text is rewritten as the answer to its instruction (Nguyen et al. 2024, section 2).

The web gives the substance and an aligned model the form: pages are written for other readers than the one who asks, and
what a model answers by itself is made up more often. So the model is shown both, and what it adds is rejected.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config, digest
from humpback.guards.facts import small_words
from humpback.guards.rewrites import RewriteGuards, rewrite_fault
from humpback.lm import LM, Completion, Sampling
from humpback.prompts.forward import FORWARD, forward_prompt
from humpback.prompts.quoting import quoted
from humpback.schema import Row, row_seed
from humpback.stage import Drop, LMStage, Outcome, Stage
from humpback.store import Dataset

if TYPE_CHECKING:
    from humpback.run import Run

REWRITE = "rewrite-v1"
_BLOCK = re.compile(r"\[RES\](.*?)\[/RES\]", re.DOTALL)
_MARKER = re.compile(r"\[/?RES\]")
# What is drawn again.
AGAIN = ("no_markers", "markers_doubled")
# What stands in `answered` where the response is not the page's text; else why it is.
By = Literal["rewritten", "distilled"]
Rejected = Literal["web", "drop"]


class DrawConfig(Config):
    """How answers are written. What becomes of those that are rejected is no part of it."""

    sampling: Sampling = Field(
        Sampling(temperature=1.0, top_p=0.9, max_new_tokens=1024), description="temperature 1.0, top-p 0.9 (paper)"
    )
    max_draft_tokens: int = Field(1536, ge=1, description="longer texts are left as they are (ours)")
    retries: int = Field(1, ge=0, description="further draws where the markers are missing, or doubled (ours)")


class RewriteConfig(DrawConfig):
    """How answers are written, and which of them are taken."""

    guards: RewriteGuards = RewriteGuards()
    rejected: Rejected = Field(
        "web", description="a pair whose rewrite is rejected keeps the page's text, or is dropped (ours)"
    )


class Settings(Config):
    """The method's settings; recipes have them among their own."""

    rewrite: RewriteConfig = RewriteConfig()
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


def pairs(run: "Run", source: Dataset, settings: Settings, writer: str, by: By = "rewritten") -> Dataset:
    """The pairs of `source` with answers by the model `writer`, as far as these are let through: rewritten from the page's
    text, or `distilled`, given without it.

    `answered` says of each pair whether its response is rewritten (or distilled), or why it is the page's text; where it is
    not, that is `draft`.
    """
    own = settings.rewrite
    draw = DrawConfig(**{field: getattr(own, field) for field in DrawConfig.model_fields})
    drawing = Drawing(by=by, draw=draw, random_seed=settings.random_seed)
    about: dict[str, Any] = {"method": "rewrite", "by": by}
    stage = LMStage("answers", source.columns, answers, drawing, lm=writer)
    made = run.map(f"{by}-answers", stage, source, kind="candidates", **about)
    return run.map(by, Stage("taken", source.columns, taken, Taking(rewrite=own)), made, kind="rewrites", **about)


class Drawing(Config):
    """All that the answers depend on, beside pairs and model."""

    by: By
    draw: DrawConfig
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(FORWARD if self.by == "distilled" else REWRITE)


def answers(config: Drawing, rows: list[Row], lm: LM) -> Iterator[Row]:
    """Every pair with the model's answer as its response and the page's text as its draft.

    Where there is none the response is null, and `answered` says why: no_markers, markers_doubled, unfinished (cut at the
    limit), draft_too_long, request_too_long. An answer without its two markers is drawn again, up to `retries` times.
    """
    language_models.reading(lm, "forward")
    draw, by = config.draw, config.by
    long = [by == "rewritten" and lm.clip(row["response"], draw.max_draft_tokens)[1] for row in rows]
    made: dict[str, tuple[str | None, str]] = {}
    left = [row for row, is_long in zip(rows, long, strict=True) if not is_long]
    for attempt in range(1 + draw.retries):
        seeds = [row_seed(row["id"], f"{config.random_seed}/{by}/{attempt}") for row in left]
        drawn = lm.generate([_asked(by, row) for row in left], draw.sampling, seeds)
        made |= {row["id"]: _read(by, each) for row, each in zip(left, drawn, strict=True)}
        left = [row for row in left if made[row["id"]][1] in AGAIN]
    for row in rows:
        text, why = made.get(row["id"], (None, "draft_too_long"))
        yield {**row, "draft": row["response"], "response": text, "answered": why}


def _asked(by: By, row: Row) -> str:
    if by == "distilled":
        return forward_prompt(row["instruction"], "")
    return prompts.render(REWRITE, instruction=quoted(row["instruction"]), draft=quoted(row["response"]))


def _read(by: By, completion: Completion) -> tuple[str | None, str]:
    """(the answer in a completion, how it came about) or (None, why there is none)."""
    if completion.finish == "too_long":
        return None, "draft_too_long" if by == "rewritten" else "request_too_long"
    if by == "distilled":
        text = completion.text.strip()
        return (text, by) if text and completion.finish == "stop" else (None, "unfinished")
    if completion.finish == "length" and "[/RES]" not in completion.text:
        return None, "unfinished"
    markers, blocks = _MARKER.findall(completion.text), _BLOCK.findall(completion.text)
    if len(markers) > 2:
        return None, "markers_doubled"
    text = blocks[0].strip() if blocks else ""
    return (text, by) if text else (None, "no_markers")


class Taking(Config):
    """Which answers are taken."""

    rewrite: RewriteConfig

    def reads(self) -> Mapping[str, Any]:
        return {"small words": digest(sorted(small_words()))}


def taken(config: Taking, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The pairs, each with its answer if that is let through, or else with the page's text, or dropped."""
    for row in rows:
        found = _fault(row, config.rewrite)
        yield _rejected(row, found, config.rewrite.rejected) if found else row


def supported(run: "Run", scored: Dataset, least: float, settings: Settings) -> Dataset:
    """The pairs of `scored` whose column `supported` is `least` or more; of the others the page's text, or nothing."""
    config = Supporting(least=least, rejected=settings.rewrite.rejected)
    about: dict[str, Any] = {"method": "rewrite", "by": "rewritten"}
    return run.map("supported", Stage("held", scored.columns, held, config), scored, kind="rewrites", **about)


class Supporting(Config):
    """The least share of supported sentences, and what becomes of pairs that have less."""

    least: float
    rejected: Rejected


def held(config: Supporting, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The pairs, a rewrite that its page does not support enough being rejected as `unsupported`."""
    for row in rows:
        enough = row["answered"] != "rewritten" or row["supported"] is None or row["supported"] >= config.least
        yield row if enough else _rejected(row, ("unsupported", row["supported"]), config.rejected)


def _rejected(row: Row, fault: tuple[str, Any], rejected: Rejected) -> Outcome:
    if rejected == "drop":
        return Drop(row, *fault)
    return {**row, "response": row["draft"], "draft": None, "answered": fault[0]}


def _fault(row: Row, config: RewriteConfig) -> tuple[str, Any] | None:
    if row["response"] is None:
        return row["answered"], None
    # What a model answers by itself has no draft that it should keep to.
    return rewrite_fault(row, config.guards) if row["answered"] == "rewritten" else None
