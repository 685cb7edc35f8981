"""Pairs that pages have already: a heading that is a question, and the text under it. No model writes anything.

People asked these questions, on pages of frequent ones and in threads above all; so a run can begin without any seed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from humpback.config import Config
from humpback.guards.checks import GuardConfig, guarded
from humpback.schema import PAIR, Row, row_id
from humpback.stage import Chain, Drop, Outcome, Stage
from humpback.store import Dataset
from humpback.text.sentences import terms

if TYPE_CHECKING:
    from humpback.run import Run

METHOD = "found"
# "Step #4:", "Question 2.", "Q:", "3)", and what else stands before a question that is none of its words.
_NUMBER = re.compile(
    r"^[^\w$€£¥@.+\[(-]*(?:"
    r"(?:step|question|faq|q|part|chapter|tip|frage|pregunta|pergunta|вопрос)\s*[#№]?\s*(?:\d+\s*[.:)–—-]|[:)–—])"
    r"|(?:no|nr)\.?\s*[#№]?\s*\d+\s*[:)]"
    r"|\d{1,2}\s*[.)]"
    r")(?=\s)\s*",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(?:\[[^\]]*\]\s*|[^\w¿¡\"'“‘«„(\[$€£¥@.+-]+|[-+.](?=\s))+|^[Aa]:\s")
# Greek ends a question with a semicolon.
_MARKS, _GREEK = "?？؟⸮፧", re.compile(r"[\u0370-\u03ff]")
_HOW_TO = re.compile(r"how to \w", re.IGNORECASE)
# What another heading has named.
_POINTS_BACK = re.compile(r"\b(?:it|its|they|them|their|this|these|those|that)\b", re.IGNORECASE)
_EARLY = 5


class FoundConfig(Config):
    """Which headings are questions."""

    how_to: bool = Field(True, description='"How to ..." asks too, without a question mark (ours)')
    topic: Literal["never", "pronoun", "always"] = Field(
        "pronoun",
        description="the heading above goes before a question: always, never, or where it points back by a pronoun among "
        "its first words (ours)",
    )
    least_words: int = Field(3, ge=1, description="of a question (ours)")


class Settings(Config):
    """The method's settings; recipes have them among their own."""

    found: FoundConfig = FoundConfig()
    guards: GuardConfig = GuardConfig(generated=False)


def pairs(run: "Run", source: Dataset, settings: Settings) -> Dataset:
    """The segments of `source` under a question, as pairs with it as their instruction."""
    steps = Chain("found", (Stage("asked", PAIR, asked, settings.found), Stage("guards", PAIR, guarded, settings.guards)))
    return run.map("found", steps, source, kind="pairs", method=METHOD)


def asked(config: FoundConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each segment whose heading asks, and each answer of a thread, as a pair.

    The others are dropped as no_heading, no_question or too_few_words.
    """
    for row in rows:
        said = row.get("question")
        path = [heading for heading in row.get("header_path") or [] if heading.strip()]
        if not path:
            yield Drop(row, "no_heading")
            continue
        # Whoever opens a thread asks, with a question mark or without.
        text, fault = (said, "") if said else question(path, config)
        if fault:
            yield Drop(row, fault, path[-1][:80])
            continue
        kept: dict[str, Any] = {name: row.get(name) for name in ("url", "header_path", "lang", "license", "opt_out")}
        yield {"id": row_id(row["id"], METHOD), "parent": row["id"], "instruction": text, "response": row["text"],
               "source": METHOD, **kept}  # fmt: skip


def question(path: list[str], config: FoundConfig) -> tuple[str, str]:
    """(the question that the last heading of `path` asks, "") or (it as it is, why it asks none)."""
    text = " ".join(path[-1].split())
    text = _OPENING.sub("", _NUMBER.sub("", text)).strip()
    if not (_asks(text) or (config.how_to and _HOW_TO.match(text))):
        return text, "no_question"
    if len(terms(text)) < config.least_words:
        return text, "too_few_words"
    first = " ".join(text.split()[:_EARLY])
    above = " ".join(path[-2].split()).strip(" :") if len(path) > 1 else ""
    told = config.topic == "always" or (config.topic == "pronoun" and bool(_POINTS_BACK.search(first)))
    return (f"{above}: {text}" if told and above and not _asks(above) else text), ""


def _asks(text: str) -> bool:
    """Whether it ends with a question mark, of any script; Armenian has its own in the middle of a word."""
    end = text.rstrip(" \"'”’»“)]!*_.…")[-1:]
    if end in (";", "\u037e"):
        return _GREEK.search(text) is not None
    return end in (*_MARKS,) or "՞" in text
