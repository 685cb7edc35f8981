"""Personal data in segments, replaced by typed placeholders: a model must not learn to recite where somebody is reached.

The placeholders are the entity names of Presidio (Microsoft), which others use too, in square brackets:
`[EMAIL_ADDRESS]`, `[IBAN_CODE]`, `[CREDIT_CARD]`, `[IP_ADDRESS]`, `[PHONE_NUMBER]`. What a checksum or a numbering plan
can confirm is confirmed. Where only the form speaks, precision goes before recall: a year or an ISBN that turns into
`[PHONE_NUMBER]` damages an answer. Names of people and postal addresses are not looked for.

Left alone on purpose, because they reach nobody: example domains (RFC 2606), `noreply@`, `git@` (the login of code
hosts), logins without a top-level domain (`user@host`), handles (`@name`), addresses that are not globally routed
(private, loopback, documentation) and the well-known public resolvers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import get_args

from pydantic import Field

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Outcome
from humpback.text.redaction.emails import EMAILS
from humpback.text.redaction.finder import Finder, Kind, Span
from humpback.text.redaction.internet import IPV4, IPV6
from humpback.text.redaction.payments import CARDS, IBANS
from humpback.text.redaction.telephones import PHONES, phone_numbers, regions_of
from humpback.text.sentences import count_chars

__all__ = ["KINDS", "Kind", "RedactConfig", "phone_numbers", "redact", "redacted", "regions_of"]

# In the order in which they are looked for: what is found first is no longer there to be mistaken for something else.
KINDS: tuple[Kind, ...] = get_args(Kind)
_FINDERS_WITHOUT_DIGITS: tuple[Finder, ...] = (*EMAILS, IPV6)
_FINDERS: tuple[Finder, ...] = (*_FINDERS_WITHOUT_DIGITS, IBANS, CARDS, IPV4, PHONES)
# Most segments hold none of these, and then cost no more than the search for them.
_DIGITS = re.compile(r"[0-9][0-9 \u00a0\u202f\u2010\u2011\u2013./()-]{4,40}[0-9]")


class RedactConfig(Config):
    """Which personal data is replaced."""

    kinds: tuple[Kind, ...] = Field(KINDS, description="kinds of personal data to replace (none: text stays as it is)")


def redact(config: RedactConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each segment with personal data in `text` and `header_path` replaced; `redacted` names the kind of each.

    What stands `around` it is redacted too, and not told.
    """
    for row in rows:
        path = row["header_path"] or []
        regions = regions_of(row.get("url"), row.get("lang"))
        # All at once, for speed; NUL is in no text that can be written.
        joined, counts = redacted("\0".join([row["text"], *path]), config.kinds, regions)
        kinds = [kind for kind in KINDS for _ in range(counts[kind])]
        if kinds:
            text, *path = joined.rsplit("\0", len(path))
            # The stored text of a long segment is cut, so that its length cannot be counted anew.
            n_chars = row["n_chars"] - count_chars(row["text"]) + count_chars(text)
            row = {**row, "text": text, "header_path": path, "n_chars": n_chars}
        if row.get("question"):
            row = {**row, "question": redacted(row["question"], config.kinds, regions)[0]}
        if row.get("around"):
            row = {**row, "around": [redacted(part, config.kinds, regions)[0] for part in row["around"]]}
        yield {**row, "redacted": kinds}


def redacted(text: str, kinds: tuple[Kind, ...] = KINDS, regions: tuple[str, ...] = ()) -> "tuple[str, Counter[Kind]]":
    """`text` with each personal datum replaced by `[KIND]`, and how many of each kind.

    `regions` are the countries (ISO 3166-1, upper case) whose telephone numbers are known without a country code.
    Redacting again changes nothing.
    """
    counts: Counter[Kind] = Counter()
    before = None if kinds else text
    # A number that was glued to another one stands free once that is replaced: hence until nothing changes.
    while text != before:
        before = text
        for kind, gate, find in _FINDERS if _DIGITS.search(text) else _FINDERS_WITHOUT_DIGITS:
            if kind in kinds and gate.search(text):
                spans = [span for line in _lines(text, gate) for span in find(text, line, regions)]
                counts[kind] += len(spans)
                text = _replaced(text, spans, f"[{kind}]")
    return text, +counts


def _lines(text: str, gate: "re.Pattern[str]") -> Iterator[Span]:
    """The lines in which `gate` is found: what is looked for never goes over the end of a line."""
    end = 0
    while hit := gate.search(text, end):
        start = text.rfind("\n", 0, hit.start()) + 1
        end = text.find("\n", hit.end())
        end = len(text) if end < 0 else end
        yield start, end


def _replaced(text: str, spans: list[Span], placeholder: str) -> str:
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], placeholder]
        end = stop
    return "".join([*parts, text[end:]])
