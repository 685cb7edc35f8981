"""Generated instructions that are none: each guard is a function, and its name is the reason of the drop.

They guard what public re-implementations let through: prompts leaked into the instruction, answers copied into
it, runaway generations, the wrong language, nothing at all.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import Field

from humpback import prompts
from humpback.config import Config
from humpback.corpus.language import identify
from humpback.schema import Row

_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[^\W\d_]", re.UNICODE)
# What instructions say that talk about the task instead of doing it.
LEAKS = (
    "backtranslat", "the text below", "the following text is", "candidate answer", "answer in the style of an ai assistant",
    "answer with knowledge from web search", "what instruction", "which instruction", "the instruction that",
    "original instruction", "user's instruction", "ai assistant's", "assistant's response", "the response above",
    "the given response", "<|", "[/inst]", "generate an instruction", "write the instruction", "predict the instruction",
    "the text stands under",
)  # fmt: skip


class GuardConfig(Config):
    """Bounds of the guards."""

    min_chars: int = Field(10, description="shortest instruction (Spico197)")
    max_chars: int = Field(800, description="longest instruction (Spico197)")
    copied_share: float = Field(0.3, description="share of the instruction in 8-word runs of its answer (ours)")
    leaked_run: int = Field(7, description="words in a row shared with the backward prompt (ours)")
    min_logprob: float | None = Field(
        None, description="lowest mean log-probability of the instruction under its backward model; unset: any (ours)"
    )
    same_language: bool = Field(True, description="instruction and answer must be in one language (ours)")


def empty(row: Row, _: GuardConfig) -> Any:
    text = row["instruction"]
    return repr(text[:40]) if not _LETTERS.search(text) else None


def runaway(row: Row, _: GuardConfig) -> Any:
    """Cut at the token limit, or caught in a loop."""
    if row.get("finish") == "length":
        return "no end token"
    words = _WORD.findall(row["instruction"].casefold())
    runs = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    different = len(set(runs))
    loops = different < 0.6 * len(runs) if len(words) > 20 else different < len(runs) - 2
    return f"{len(runs)} runs of three words, {different} different" if len(runs) > 5 and loops else None


def too_short(row: Row, config: GuardConfig) -> Any:
    return len(row["instruction"]) if len(row["instruction"]) < config.min_chars else None


def too_long(row: Row, config: GuardConfig) -> Any:
    return len(row["instruction"]) if len(row["instruction"]) > config.max_chars else None


def leaked_prompt(row: Row, config: GuardConfig) -> Any:
    """The instruction talks about the backward task, or repeats a run of its prompt."""
    text = row["instruction"].casefold()
    phrase = next((leak for leak in LEAKS if leak in text), None)
    if phrase:
        return phrase
    shared = _runs(row["instruction"], config.leaked_run) & _prompt_runs(config.leaked_run)
    return " ".join(min(shared)) if shared else None


def copied_answer(row: Row, config: GuardConfig) -> Any:
    """The share of the instruction's words that lie in 8-word runs of its answer."""
    share = copied_share(row["instruction"], row["response"])
    return share if share >= config.copied_share else None


def wrong_language(row: Row, config: GuardConfig) -> Any:
    """The languages differ, and both are sure. Short instructions mix names and loanwords, so only long ones are judged."""
    wanted = row.get("lang")
    if not (config.same_language and wanted) or len(row["instruction"]) < 25:
        return None
    lang, probability = identify(row["instruction"])
    return f"{lang} {probability:.2f}, the answer is {wanted}" if lang != wanted and probability > 0.9 else None


def improbable(row: Row, config: GuardConfig) -> Any:
    """Drawn against the odds: a small model's noise is less likely, token for token, than its sense."""
    low = config.min_logprob is not None and row.get("logprob") is not None and row["logprob"] < config.min_logprob
    return row["logprob"] if low else None


Guard = Callable[[Row, GuardConfig], Any]
GUARDS: tuple[Guard, ...] = (empty, runaway, leaked_prompt, copied_answer, too_short, too_long, wrong_language, improbable)


def fault(row: Row, config: GuardConfig) -> tuple[str, Any] | None:
    """(name of the first guard that the pair `row` fails, what was measured), or None."""
    for guard in GUARDS:
        measured = guard(row, config)
        if measured is not None:
            return guard.__name__, measured
    return None


def copied_share(instruction: str, response: str, run: int = 8) -> float:
    """Share of the words of `instruction` that lie in a run of `run` words which `response` holds too."""
    words = _WORD.findall(instruction.casefold())
    theirs = _runs(response, run)
    covered = [False] * len(words)
    for i in range(len(words) - run + 1):
        if tuple(words[i : i + run]) in theirs:
            covered[i : i + run] = [True] * run
    return sum(covered) / len(words) if words else 0.0


def _runs(text: str, size: int) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


@cache
def _prompt_runs(size: int) -> set[tuple[str, ...]]:
    return {run for name in prompts.names() if name.startswith("backward") for run in _runs(prompts.source(name), size)}
