"""Rewrites that are none: each guard is a function of the rewrite, its draft and its request; its name is the reason."""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from humpback.config import Config
from humpback.guards import facts, phrases
from humpback.schema import Row
from humpback.text.language import identify

# Of shorter texts the language is a guess.
_JUDGED_CHARS = 80


class RewriteGuards(Config):
    """Bounds of what a rewrite may be, against its draft."""

    shortest: float = Field(0.3, ge=0, description="least length, in characters, as a share of the draft's (ours)")
    longest: float = Field(1.5, gt=0, description="largest length as a share of the draft's (ours)")
    facts: bool = Field(
        True, description="numbers, units, names, quotations, code and addresses must be those of draft or request (ours)"
    )


def refused(row: Row, _: RewriteGuards) -> Any:
    """An assistant that declines, where the draft is none."""
    if phrases.refusal_in(_folded(row["draft"])):
        return None
    return phrases.refusal_in(_folded(row["response"]))


def rewrite_too_short(row: Row, config: RewriteGuards) -> Any:
    share = len(row["response"]) / max(1, len(row["draft"]))
    return f"{share:.2f} of the draft" if share < config.shortest else None


def rewrite_too_long(row: Row, config: RewriteGuards) -> Any:
    share = len(row["response"]) / max(1, len(row["draft"]))
    return f"{share:.2f} of the draft" if share > config.longest else None


def other_language(row: Row, _: RewriteGuards) -> Any:
    """The rewrite is surely in another language than the draft."""
    wanted = row.get("lang")
    if wanted in (None, "und") or len(row["response"]) < _JUDGED_CHARS:
        return None
    lang, probability = identify(row["response"])
    return (
        f"{lang} {probability:.2f}, the draft is in {wanted}" if lang not in (wanted, "und") and probability > 0.9 else None
    )


def fact_added(row: Row, config: RewriteGuards) -> Any:
    """It states what neither the draft nor the request does, nor the headings over the draft."""
    if not config.facts:
        return None
    given = [row["draft"], row["instruction"], *(row.get("header_path") or [])]
    found = next(facts.added(row["response"], given, row.get("lang")), None)
    return f"{found.kind} {found.text!r}" if found else None


GUARDS: tuple[Callable[[Row, RewriteGuards], Any], ...] = (
    refused,
    rewrite_too_short,
    rewrite_too_long,
    other_language,
    fact_added,
)


def rewrite_fault(row: Row, config: RewriteGuards) -> tuple[str, Any] | None:
    """(the first guard that the rewrite `row` fails, what shows it), or None; `draft` is what it was written from."""
    return next(((guard.__name__, shown) for guard in GUARDS if (shown := guard(row, config)) is not None), None)


def _folded(text: str) -> str:
    return text.casefold().replace("’", "'")
