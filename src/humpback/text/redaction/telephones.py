"""Telephone numbers: by a label, a country code, or the numbering plan of the country that a page is from."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

from humpback.text.redaction.finder import HYPHEN, SPACE, Finder, Span, only_digits

_SIX_DIGITS = re.compile(r"[0-9](?:[ \u00a0\u202f\u2010\u2011\u2013./()-]{0,4}[0-9]){5}")
# As much as can belong to one number: digits with at most a sign and spaces between, groups in brackets.
_NUMBER = re.compile(
    rf"(?:\+{SPACE}?)?(?:\(\+?[0-9]++\)|[0-9]++)(?:{SPACE}?(?:{HYPHEN}|[./])?{SPACE}?(?:\([0-9]++\)|[0-9]++))*+"
)
_SEVERAL = re.compile(rf"{SPACE}(?:/|{HYPHEN}){SPACE}")
_FOLLOWED = re.compile(r"-?[\w@]|[,.:][0-9]|\s?[%€$£°]|\s?(?:MHz|GHz|Hz|km|EUR|USD|CHF|mm|px)\b")
_AFTER_WORD = r"(?:[\s.]{0,2}(?:nr|no|num|number|nummer|n°|nº|us|ist|is|at|on|us at|us on|uns an)\b)?[\s.:;/|*_–-]{0,5}$"
_LABEL = re.compile(
    r"(?:(?<![\w-])(?:tel|telefon|telefonnummer|telefono|teléfono|telefone|telephone|téléphone|tél|telef|telefoon|telefax|tlf|"
    r"tfn|fon|phone|fax|faks|hotline|whatsapp|viber|puhelin|puh|тел|телефон|факс|τηλ|電話|电话|전화)|[☎☏✆📞📱📠℡])"
    + _AFTER_WORD,
    re.IGNORECASE,
)
# Words that also stand before other numbers: here the number itself must look dialled.
_HINT = re.compile(
    r"(?<![\w-])(?:mobile|mobil|mobiltelefon|mobilnummer|mob|móvil|handy|cell|cel|celular|cellulare|portable|gsm|моб|call|"
    r"dial|text|ring|contact)" + _AFTER_WORD,
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:\b(?:isbn(?:-1[03])?|issn|ean|gtin|asin|doi|nr|no|num|number|nummer|art|artikel|item|sku|model|id|konto|kto|blz|bic|"
    r"account|code|ref|part|ust|vat|siret|siren|zip|plz|patent|order|bestell|az|oclc|lccn|pmid|arxiv)\b|[#№€$£§])[\W]{0,3}$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<![0-9./-])(?:[0-9]{1,2}([./-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})|(?:19|20)[0-9]{2}([./-])[0-9]{1,2}\2[0-9]{1,2})"
    r"(?![./-]?[0-9])"
)
_NOT_DIALLED = re.compile(
    r"(?:19|20)[0-9]{2}\W{1,3}(?:19|20)[0-9]{2}"  # years
    r"|[0-9]{1,3}(?:\.[0-9]{3})+"  # thousands
    r"|[1-9][0-9]?\.[0-9]{1,2}\.[0-9]{3,}(?:\.[0-9]+)?"  # a version: Windows Phone 8.1.15063
    r"|[^+]*000.?000"  # millions
)
_NORTH_AMERICAN = re.compile(
    rf"(?:1(?:[.-]|{SPACE}))?(?:\([2-9][0-9]{{2}}\){SPACE}?|[2-9][0-9]{{2}}[.-])[2-9][0-9]{{2}}[. -][0-9]{{4}}"
)
# A trunk prefix and an area code, then the rest; or pairs, as in France. One 0 alone before a hyphen is an ISBN.
_TRUNK = re.compile(
    rf"(?:\(0[0-9]{{1,5}}\)|0[0-9]{{2,5}}{SPACE}?(?:[/.]|{HYPHEN}|{SPACE}))"
    r"[0-9 ./()\u00a0\u202f\u2010\u2011\u2013-]{5,}"
    rf"|0[0-9](?:[-.]|{SPACE})[0-9]{{3,4}}(?:[-.]|{SPACE})[0-9]{{3,4}}"
    rf"|0[1-9](?:([-.]|{SPACE})[0-9]{{2}})(?:\1[0-9]{{2}}){{3}}"
    rf"|8{SPACE}?\([0-9]{{3,5}}\)[0-9 -]{{5,}}|\([0-9]{{2}}\){SPACE}?[0-9]{{4,5}}{HYPHEN}[0-9]{{4}}"
)
# Where a language's numbers are dialled, for pages whose domain names no country.
_SPOKEN_IN = {
    "cs": "CZ", "da": "DK", "de": "DE AT CH", "el": "GR", "en": "GB", "es": "ES", "fi": "FI", "fr": "FR BE CH", "hu": "HU",
    "it": "IT CH", "ja": "JP", "ko": "KR", "nl": "NL BE", "pl": "PL", "pt": "PT BR", "ru": "RU", "sv": "SE", "tr": "TR",
    "uk": "UA",
}  # fmt: skip
# Country domains that everybody uses.
_WORLDWIDE = frozenset("ai cc co fm gg io la ly me nu st tk to tv vc ws".split())


@lru_cache(1_000)
def regions_of(url: str | None, lang: str | None) -> tuple[str, ...]:
    """The countries whose telephone numbers a page may give without a country code, by its domain and its language."""
    try:
        domain = (urlsplit(url or "").hostname or "").rpartition(".")[2]
    except ValueError:
        domain = ""
    country = "GB" if domain == "uk" else domain.upper()
    known = len(country) == 2 and domain not in _WORLDWIDE and domain != "eu"
    return tuple(dict.fromkeys([*([country] if known else []), *_SPOKEN_IN.get(lang or "", "").split()]))


def _phones(text: str, line: Span, regions: tuple[str, ...]) -> Iterator[Span]:
    for match in _NUMBER.finditer(text, *line):
        # Most numbers are years and prices.
        if match.end() - match.start() >= 6:
            for start, stop in _pieces(match):
                length = _dialled(text, start, stop, regions)
                if length:
                    yield start, start + length


def _pieces(match: "re.Match[str]") -> list[Span]:
    """Where `match` has more digits than a telephone number (15, ITU-T E.164): the numbers that it lists."""
    if match.end() - match.start() <= 15 or len(only_digits(match[0])) <= 15:
        return [match.span()]
    gaps = [gap.span() for gap in _SEVERAL.finditer(match.string, *match.span())]
    starts, stops = [match.start(), *(stop for _, stop in gaps)], [*(start for start, _ in gaps), match.end()]
    return list(zip(starts, stops, strict=True))


def _dialled(text: str, start: int, stop: int, regions: tuple[str, ...]) -> int:
    """How many characters of text[start:stop] are a telephone number."""
    number = text[start:stop]
    if not 6 <= len(only_digits(number[:99])) <= 20 or _NOT_DIALLED.fullmatch(number) or _FOLLOWED.match(text, stop):
        return 0
    window = max(0, start - 40)
    words = text[window:start].rstrip(" \n\t.:;/|*_–-")
    is_named = words != "" and not words[-1].isdigit()
    if is_named and _LABEL.search(text, window, start):
        return len(number) if len(only_digits(number)) <= 15 and not _DATE.search(number) else 0
    if text[start - 1 : start] and (text[start - 1].isalnum() or text[start - 1] in "_]/=#&?%@$€£-–.,:+*"):
        return 0
    if number.startswith(("+", "(+", "00")):
        return _international(number)
    hinted = is_named and _HINT.search(text, window, start) is not None
    return len(number) if _is_national(number, regions, hinted) and not _OTHER_NUMBER.search(text, window, start) else 0


def _international(number: str) -> int:
    """The length of the number with a country code at the beginning of `number`; what follows may be another thing."""
    if number.startswith("00") and number.strip("0123456789") == "":
        return 0
    while number:
        digits = only_digits(number)
        # "+49 (0)30": the trunk prefix is not dialled from abroad.
        if _is_valid("+" + (digits[2:] if number.startswith("00") else only_digits(number.replace("(0)", "", 1))), None):
            return len(number)
        number = re.sub(rf"(?:{SPACE}|[./()\u2010\u2011\u2013-])*[0-9]*\)?$", "", number) if len(digits) > 8 else ""
    return 0


def _is_national(number: str, regions: tuple[str, ...], hinted: bool) -> bool:
    if _DATE.search(number):
        return False
    if _NORTH_AMERICAN.fullmatch(number):
        return _is_valid(number, "US")
    if hinted and number[0] in "0(" and len(only_digits(number)) >= 8:
        return True
    is_trunk = len(only_digits(number)) >= 9 and _TRUNK.fullmatch(number) is not None
    return is_trunk and any(_is_valid(number, region) for region in regions)


@cache
def phone_numbers() -> Any:
    """The library of telephone numbers; loading it takes a tenth of a second."""
    import phonenumbers

    return phonenumbers


@lru_cache(10_000)
def _is_valid(number: str, region: str | None) -> bool:
    """Whether the numbering plan of its country knows `number` (libphonenumber's rules)."""
    library = phone_numbers()
    try:
        return bool(library.is_valid_number(library.parse(number, region)))
    except library.NumberParseException:
        return False


PHONES = Finder("PHONE_NUMBER", _SIX_DIGITS, _phones)
