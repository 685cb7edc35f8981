"""Numbers and other data as people write them: what every finder of personal data needs."""

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

Kind = Literal["EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS", "PHONE_NUMBER"]
Span = tuple[int, int]

# White space and hyphens that stand inside numbers: plain, no-break, narrow no-break.
SPACE = "[ \u00a0\u202f]"
HYPHEN = "[-\u2010\u2011\u2013]"
_NO_DIGIT = re.compile("[^0-9]")


class Finder(NamedTuple):
    """`find(text, line, regions)` gives the spans of `kind` in a line of `text`; a text without `gate` holds none."""

    kind: Kind
    gate: re.Pattern[str]
    find: Callable[[str, Span, tuple[str, ...]], Iterator[Span]]


def only_digits(number: str) -> str:
    return _NO_DIGIT.sub("", number)
