"""Bank accounts and payment cards, each confirmed by its checksum."""

import re
from collections.abc import Iterator

from humpback.text.redaction.finder import SPACE, Finder, Span, only_digits

_TEN_DIGITS = re.compile(r"[0-9]{4}(?:[ \u00a0\u202f-]?[0-9]){6}")
# Length of an IBAN by country (ISO 13616 register).
_IBAN_CHARS = {
    entry[:2]: int(entry[2:])
    for entry in """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24
    FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32
    LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24
    RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
    """.split()
}
_IBAN = re.compile(rf"(?<![\w\]])[A-Z]{{2}}[0-9]{{2}}(?:(?:{SPACE}|-)?[0-9A-Z]){{11,29}}")
_GROUP = rf"({SPACE}|-)?"
_CARD = re.compile(
    rf"(?<![\w\].,+/=#&?-])(?:[0-9]{{4}}{_GROUP}[0-9]{{4}}\1?[0-9]{{4}}\1?[0-9]{{4}}(?:\1?[0-9]{{2,3}})?"
    rf"|3[0-9]{{3}}{_GROUP}[0-9]{{6}}\2?[0-9]{{4,5}})(?![\w/=&]|[-.,][0-9])"
)
# Issuer prefixes and lengths (ISO/IEC 7812). Visa's old 13 digits are left out: a tenth of all EANs would be a card.
_ISSUERS = re.compile(
    r"4[0-9]{15}(?:[0-9]{3})?|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|35(?:2[89]|[3-8][0-9]))[0-9]{12}(?:[0-9]{3})?"
)


def _ibans(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    for match in _IBAN.finditer(text, *line):
        places = [i for i in range(*match.span()) if text[i].isalnum()]
        length = _IBAN_CHARS.get(match[0][:2], 99)
        if length <= len(places):
            stop = places[length - 1] + 1
            code = "".join(text[i] for i in places[:length])
            # The check of ISO 13616.
            checked = int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1
            if checked and not text[stop : stop + 1].isalnum():
                yield match.start(), stop


def _cards(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    for match in _CARD.finditer(text, *line):
        digits = only_digits(match[0])
        if _ISSUERS.fullmatch(digits) and _luhn(digits):
            yield match.span()


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0


IBANS = Finder("IBAN_CODE", re.compile(r"[A-Z]{2}[0-9]{2}(?:[ \u00a0\u202f-]?[0-9A-Z]){11}"), _ibans)
CARDS = Finder("CREDIT_CARD", _TEN_DIGITS, _cards)
