"""Pairs that are none: each guard is a function, and its name is the reason of the drop.

They guard what public re-implementations let through: prompts leaked into the instruction, answers copied into it,
runaway generations, refusals, questions that fit any text, the wrong language, nothing at all. Some are right for what
a model wrote and wrong for people, who write long questions and give the text that is to be corrected: those look at
where the instruction comes from.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from humpback import prompts
from humpback.config import OFTEN, Config
from humpback.guards import phrases
from humpback.guards.leaks import leak
from humpback.guards.pair import RUN, PairTexts, copied_share, covered, loops
from humpback.schema import Row
from humpback.stage import Outcome, keep_or_drop
from humpback.text.language import identify
from humpback.text.redaction import redacted, regions_of
from humpback.text.sentences import UNSPACED

__all__ = ["GUARDS", "GuardConfig", "GuardName", "copied_share", "fault"]

GuardName = Literal[
    "empty", "empty_response", "too_short", "too_long", "improbable", "same_as_response", "runaway", "refusal", "pii",
    "generic_question", "leaked_prompt", "copied_answer", "not_an_instruction", "wrong_language",
]  # fmt: skip

_LETTER = re.compile(r"[^\W\d_]")
_ALPHANUMERIC = re.compile(r"[^\W_]")
_WIDE = re.compile(f"[{UNSPACED}\uac00-\ud7a3]")
# What personal data cannot do without; most instructions have none of it.
_PERSONAL = re.compile(r"[0-9@]| dot |[\[({<]\s?(?:at|ät|æt|arroba)\s?[\])}>]", re.IGNORECASE)


class GuardConfig(Config):
    """Bounds of the guards."""

    disabled: tuple[GuardName, ...] = Field((), description="guards that do not look (none)")
    generated: bool | None = Field(
        None, description="whether a model wrote the instructions; unset: a row that has finish or method says so (ours)"
    )
    min_chars: int = Field(
        10, description="shortest instruction (Spico197); characters of scripts without blanks, and Hangul, count twice"
    )
    max_chars: int | None = Field(800, description="longest instruction that a model wrote (Spico197); unset: any")
    copied_share: float = Field(0.3, description="share of the instruction in 8-word runs of its answer (ours)")
    leaked_run: int = Field(7, description="words in a row shared with a prompt (ours)")
    min_logprob: Annotated[float | None, OFTEN] = Field(
        None, description="lowest mean log-probability of the instruction under its backward model; unset: any (ours)"
    )

    def reads(self) -> dict[str, str]:
        return prompts.digests(*prompts.names())


def empty(pair: PairTexts, _: GuardConfig) -> Any:
    """No letter of any script."""
    return repr(pair.instruction[:40]) if not _LETTER.search(pair.instruction) else None


def empty_response(pair: PairTexts, _: GuardConfig) -> Any:
    """No letter, number or symbol (an emoji is an answer)."""
    text = pair.response
    some = _ALPHANUMERIC.search(text) or any(unicodedata.category(c)[0] == "S" for c in set(text))
    return None if some else repr(text[:40])


def too_short(pair: PairTexts, config: GuardConfig) -> Any:
    if len(pair.instruction) >= config.min_chars:
        return None
    chars = len(pair.instruction) + len(_WIDE.findall(pair.instruction))
    return chars if chars < config.min_chars else None


def too_long(pair: PairTexts, config: GuardConfig) -> Any:
    """Longer than models' sound instructions are. People's are not bounded: they bring their code and their story."""
    bounded = config.max_chars is not None and len(pair.instruction) > config.max_chars and _is_generated(pair, config)
    return len(pair.instruction) if bounded else None


def improbable(pair: PairTexts, config: GuardConfig) -> Any:
    """Drawn against the odds: a small model's noise is less likely, token for token, than its sense."""
    least, measured = config.min_logprob, pair.row.get("logprob")
    return measured if least is not None and measured is not None and measured < least else None


def same_as_response(pair: PairTexts, _: GuardConfig) -> Any:
    """The answer says the instruction over again, and nothing else."""
    if not 0.5 * len(pair.instruction) <= len(pair.response) <= 2 * len(pair.instruction):
        return None
    return len(pair.words) if pair.words and pair.words == pair.response_words else None


def runaway(pair: PairTexts, _: GuardConfig) -> Any:
    """Cut at the token limit, or caught in a loop."""
    return "no end token" if pair.row.get("finish") == "length" else loops(pair.words)


def refusal(pair: PairTexts, _: GuardConfig) -> Any:
    """An assistant that declines, in the place of the instruction (eleven languages)."""
    return phrases.refusal_in(pair.folded)


def pii(pair: PairTexts, _: GuardConfig) -> Any:
    """Personal data in the instruction, by the detectors of the corpus: its kinds are told, not the data."""
    if not _PERSONAL.search(pair.instruction):
        return None
    counts = redacted(pair.instruction, regions=regions_of(pair.row.get("url"), pair.row.get("lang")))[1]
    return ", ".join(sorted(counts)) or None


def generic_question(pair: PairTexts, _: GuardConfig) -> Any:
    """Asked of a text that the reader of the instruction does not see, so that it fits any (nine languages)."""
    return phrases.unseen_text_in(pair.folded, len(pair.words))


def leaked_prompt(pair: PairTexts, config: GuardConfig) -> Any:
    """The instruction talks about the backward task, or repeats a run of a prompt."""
    return leak(pair, config.leaked_run)


def copied_answer(pair: PairTexts, config: GuardConfig) -> Any:
    """The share of the instruction's words that lie in 8-word runs of its answer.

    Where no model is known to have written the instruction, a text that was brought along to be edited may come back.
    Where people are known to have, the answer may also begin with the words of the question.
    """
    share = sum(pair.copied) / len(pair.copied) if pair.copied else 0.0
    if share < config.copied_share:
        return None
    origin = _is_generated(pair, config)
    if not origin and phrases.is_edit(pair):
        return None
    # A short question or request that comes back where its answer begins, and nowhere else.
    may_echo = origin is False and len(pair.words) <= _ECHO_WORDS and phrases.asks(pair)
    return None if may_echo and covered(pair.words, pair.response_words[:_ECHO_WORDS], RUN) == pair.copied else share


def not_an_instruction(pair: PairTexts, _: GuardConfig) -> Any:
    """Prose or the beginning of an answer, with neither question nor request; English only, other languages pass."""
    return phrases.statement_in(pair)


def wrong_language(pair: PairTexts, _: GuardConfig) -> Any:
    """The languages differ, and both are sure. Short texts mix names and loanwords, so only long ones are judged; and
    translations have two languages on purpose."""
    asked = pair.row.get("instruction_lang")
    wanted = asked or pair.row.get("lang")
    if wanted in (None, "und") or min(len(pair.instruction), len(pair.response)) < _JUDGED_CHARS:
        return None
    if wanted == "en" and phrases.is_english(pair.words):
        return None
    lang, probability = identify(pair.instruction)
    if lang in (wanted, "und") or probability <= 0.9 or phrases.is_translation(pair.folded):
        return None
    if asked and asked != pair.row.get("lang"):
        return f"{lang} {probability:.2f}, {asked} was asked for"
    # A language that was read off code, a list of names or one line is none.
    theirs, sure = identify(pair.response)
    return f"{lang} {probability:.2f}, the answer is {wanted}" if theirs == wanted and sure > 0.8 else None


_JUDGED_CHARS = 25
# "If I had to spend a hundred days on an island, I would": the answer's first words, and those of a short question.
_ECHO_WORDS = 30


def _is_generated(pair: PairTexts, config: GuardConfig) -> bool | None:
    """Whether a model wrote the instruction; None: nobody says."""
    if config.generated is not None:
        return config.generated
    return True if pair.row.get("finish") is not None or pair.row.get("method") is not None else None


Guard = Callable[[PairTexts, GuardConfig], Any]
# Cheap ones first: a pair is measured until it fails.
GUARDS: tuple[Guard, ...] = (
    empty, empty_response, too_short, too_long, improbable, same_as_response, runaway, refusal, pii, leaked_prompt,
    generic_question, copied_answer, not_an_instruction, wrong_language,
)  # fmt: skip


def fault(row: Row, config: GuardConfig) -> tuple[str, Any] | None:
    """(name of the first guard that the pair `row` fails, what was measured), or None."""
    pair = PairTexts(row)
    for guard in GUARDS:
        if guard.__name__ not in config.disabled:
            measured = guard(pair, config)
            if measured is not None:
                return guard.__name__, measured
    return None


def guarded(config: GuardConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The pairs that pass all guards; the others fall for the name of the first that they fail."""
    return keep_or_drop(partial(fault, config=config), rows)
