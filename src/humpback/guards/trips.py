"""Wordings that are none: what came back from another language the same, or asking for something else."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import Field

from humpback.config import Config
from humpback.guards import facts
from humpback.guards.checks import GuardConfig, fault
from humpback.lm.encoders import MINILM, EncoderName, open_cross_encoder, open_encoder
from humpback.schema import Row
from humpback.text.language import identify
from humpback.text.rouge import rouge_l
from humpback.text.sentences import terms

# The language of shorter texts is a guess.
_JUDGED_CHARS = 25
_NEGATION = re.compile(r"\b(?:not|never|no|none|nothing|nor|neither|without|cannot)\b|n['’]t\b", re.IGNORECASE)


class DriftConfig(Config):
    """How far a wording may be from the instruction, and how near."""

    embedding: EncoderName | None = Field(
        MINILM, description="an outside model that tells meanings apart; unset: none is asked (minilm)"
    )
    entailment: EncoderName | None = Field(None, description="an outside NLI model, asked both ways round (none)")
    least_cosine: float = Field(0.93, description="of the two wordings, and of the two answers (ours, measured)")
    least_entailment: float = Field(0.5, description="probability, of the less likely way round (ours)")
    most_alike: float = Field(0.95, description="largest ROUGE-L of the two wordings (ours)")
    shortest: float = Field(0.5, ge=0, description="least length as a share of the instruction's (ours)")
    longest: float = Field(2.0, gt=0, description="largest length as a share of the instruction's (ours)")


def compared(config: DriftConfig, rows: Iterable[Row]) -> Iterator[Row]:
    """Every row with `novelty`, 1 - ROUGE-L of `instruction` and `paraphrase`; their `cosine`, and that of `draft` and
    `response` where there is a draft; and `entailed`, the less likely way round. Null without the model."""
    every = list(rows)
    cosines = answers = entailed = [None] * len(every)
    if config.embedding and every:
        encoder = open_encoder(config.embedding)
        pairs = [("instruction", "paraphrase"), ("draft", "response")]
        made = [[encoder.embed([row.get(name) or "" for row in every]) for name in names] for names in pairs]
        cosines, answers = ((one * other).sum(1).tolist() for one, other in made)
    if config.entailment and every:
        judge = open_cross_encoder(config.entailment)
        ways = [("instruction", "paraphrase"), ("paraphrase", "instruction")]
        both = [judge.scores([(row[one], row[other]) for row in every]) for one, other in ways]
        entailed = list(map(min, *both))
    for row, cosine, answer, probability in zip(every, cosines, answers, entailed, strict=True):
        yield {
            **row, "novelty": 1 - rouge_l(row["instruction"], row["paraphrase"]), "cosine": cosine,
            "answer_cosine": answer if row.get("draft") else None, "entailed": probability,
        }  # fmt: skip


def same_words(row: Row, _: DriftConfig) -> Any:
    """It came back as it went, but for capitals and stops."""
    return row["paraphrase"] if terms(row["instruction"]) == terms(row["paraphrase"]) else None


def too_alike(row: Row, config: DriftConfig) -> Any:
    return round(1 - row["novelty"], 3) if 1 - row["novelty"] > config.most_alike else None


def other_length(row: Row, config: DriftConfig) -> Any:
    share = len(row["paraphrase"]) / max(1, len(row["instruction"]))
    return None if config.shortest <= share <= config.longest else f"{share:.2f} of the instruction"


def fact_lost(row: Row, _: DriftConfig) -> Any:
    """A number, unit, name, quotation, code or address of the instruction that the wording does not have."""
    return _added(row["instruction"], row["paraphrase"], row)


def fact_added(row: Row, _: DriftConfig) -> Any:
    return _added(row["paraphrase"], row["instruction"], row)


def _added(text: str, source: str, row: Row) -> Any:
    found = next(facts.added(text, [source], _lang(row)), None)
    return f"{found.kind} {found.text!r}" if found else None


def negation(row: Row, _: DriftConfig) -> Any:
    """One of the two denies, and the other does not; English only, which is what nobody says is something else."""
    texts = row["instruction"], row["paraphrase"]
    if (_lang(row) or _sure(texts[0]) or "en") != "en":
        return None
    found = [_NEGATION.findall(text) for text in texts]
    return ", ".join(found[0] or found[1]) if bool(found[0]) != bool(found[1]) else None


def other_language(row: Row, _: DriftConfig) -> Any:
    """The two are in different languages, of which one is known and the other sure, or both are."""
    own, other = _lang(row) or _sure(row["instruction"]), _sure(row["paraphrase"])
    return f"{other}, and not {own}" if own and other and own != other else None


def _lang(row: Row) -> str | None:
    told = row.get("instruction_lang") or row.get("lang")
    return None if told == "und" else told


def _sure(text: str) -> str | None:
    """The language of `text`; None where it may be another one."""
    lang, probability = identify(text)
    return lang if len(text) >= _JUDGED_CHARS and probability > 0.8 and lang != "und" else None


def drifted(row: Row, config: DriftConfig) -> Any:
    known = [row[name] for name in ("cosine", "answer_cosine") if row[name] is not None]
    return round(min(known), 3) if known and min(known) < config.least_cosine else None


def not_entailed(row: Row, config: DriftConfig) -> Any:
    value = row["entailed"]
    return round(value, 3) if value is not None and value < config.least_entailment else None


CHECKS: tuple[Callable[[Row, DriftConfig], Any], ...] = (
    same_words, other_length, too_alike, other_language, fact_lost, fact_added, negation, drifted, not_entailed,
)  # fmt: skip


def no_wording(row: Row, config: DriftConfig, guards: GuardConfig) -> tuple[str, Any] | None:
    """(why the `paraphrase` of `row` is none of its `instruction`, what shows it), or None."""
    found = next(((check.__name__, shown) for check in CHECKS if (shown := check(row, config)) is not None), None)
    return found or fault(
        {**row, "instruction": row["paraphrase"], "finish": row["paraphrase_finish"], "logprob": None}, guards
    )
