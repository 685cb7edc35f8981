"""Personal data in segments, replaced by typed placeholders: a model must not learn to recite where somebody is reached.

The placeholders are the entity names of Presidio (Microsoft), which others use too, in square brackets:
`[EMAIL_ADDRESS]`, `[IBAN_CODE]`, `[CREDIT_CARD]`, `[IP_ADDRESS]`, `[PHONE_NUMBER]`. What a checksum or a numbering plan
can confirm is confirmed. Where only the form speaks, precision goes before recall: a year or an ISBN that turns into
`[PHONE_NUMBER]` damages an answer. Names of people and postal addresses are not looked for.

Left alone on purpose, because they reach nobody: example domains (RFC 2606), `noreply@`, `git@` (the login of code
hosts), logins without a top-level domain (`user@host`), handles (`@name`), addresses that are not globally routed
(private, loopback, documentation) and the well-known public resolvers.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Outcome
from humpback.text.sentences import count_chars

# In the order in which they are looked for: what is found first is no longer there to be mistaken for something else.
Kind = Literal["EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS", "PHONE_NUMBER"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Span = tuple[int, int]

# White space and hyphens that stand inside numbers: plain, no-break, narrow no-break.
_SPACE = "[ \u00a0\u202f]"
_HYPHEN = "[-\u2010\u2011\u2013]"

# Most segments hold none of these, and then cost no more than the search for them.
_DIGITS = re.compile(r"[0-9][0-9 \u00a0\u202f\u2010\u2011\u2013./()-]{4,40}[0-9]")
_SIX_DIGITS = re.compile(r"[0-9](?:[ \u00a0\u202f\u2010\u2011\u2013./()-]{0,4}[0-9]){5}")
_TEN_DIGITS = re.compile(r"[0-9]{4}(?:[ \u00a0\u202f-]?[0-9]){6}")
_NO_DIGIT = re.compile("[^0-9]")
_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_BRACKETED_AT = re.compile(r"[\[({<]\s?(?:at|ät|æt|arroba|@)\s?[\])}>]", re.IGNORECASE)


class RedactConfig(Config):
    """Which personal data is replaced."""

    kinds: tuple[Kind, ...] = Field(KINDS, description="kinds of personal data to replace (none: text stays as it is)")


def redact(config: RedactConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each segment with personal data in `text` and `header_path` replaced; `redacted` names the kind of each."""
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


# E-mail addresses

_LOCAL = r"(?<![\w.+%@\]-])[\w.+%-]{1,64}(?:'[\w.+%-]{1,64})?"
_TLD = r"[^\W\d_]{2,24}(?![\w@])"
_DOT = r"(?:\.|\s?[\[({<]\s?(?:dot|punkt|point|punto|\.)\s?[\])}>]\s?)"
_EMAIL = re.compile(rf"({_LOCAL})@((?:[\w-]{{1,63}}\.){{1,8}}{_TLD})")
_OBFUSCATED = re.compile(
    rf"{_LOCAL}(?:{_DOT}[\w+-]{{1,64}}){{0,3}}\s?{_BRACKETED_AT.pattern}\s?(?:[\w-]{{1,63}}{_DOT}){{1,8}}{_TLD}",
    re.IGNORECASE,
)
# Without brackets only where the host is known for mail: "a look at our shop dot com" is prose.
_SPELLED = re.compile(
    rf"{_LOCAL} at (?:gmail|googlemail|hotmail|outlook|yahoo|icloud|protonmail|gmx|web|aol|live) dot {_TLD}", re.IGNORECASE
)
# Ends of file names and of service units, which look like domains: logo@2x.png, getty@tty1.service.
_NO_TLD = frozenset(
    "png jpg jpeg gif svg webp avif ico css js ts html htm php json xml yml yaml conf txt log pdf zip tar service socket "
    "timer target mount local localhost localdomain lan internal example test invalid".split()
)
_NOBODY = re.compile(r"git|.*\b(?:no|do-?not|do_not)[-_.]?reply\b.*", re.IGNORECASE)
_USERINFO = re.compile(r"://[^\s/]{0,80}$")


def _emails(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    return (match.span() for match in _EMAIL.finditer(text, *line) if _reaches_somebody(match))


def _obfuscated_emails(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    return (match.span() for match in _OBFUSCATED.finditer(text, *line))


def _spelled_emails(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    return (match.span() for match in _SPELLED.finditer(text, *line))


def _reaches_somebody(match: "re.Match[str]") -> bool:
    local, domain = match[1], match[2].casefold()
    labels = domain.split(".")
    return not (
        labels[-1] in _NO_TLD
        or "example" in labels
        or re.match(r"\dx\.", domain)
        or not any(c.isalnum() for c in local)
        or _NOBODY.fullmatch(local)
        or _USERINFO.search(match.string, max(0, match.start() - 100), match.start())
    )


# Bank accounts and payment cards

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
_IBAN = re.compile(rf"(?<![\w\]])[A-Z]{{2}}[0-9]{{2}}(?:(?:{_SPACE}|-)?[0-9A-Z]){{11,29}}")
_GROUP = rf"({_SPACE}|-)?"
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
            if _mod_97(code) == 1 and not text[stop : stop + 1].isalnum():
                yield match.start(), stop


def _mod_97(code: str) -> int:
    """The check of ISO 13616: 1 for a right IBAN."""
    return int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97


def _cards(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    for match in _CARD.finditer(text, *line):
        digits = _only_digits(match[0])
        if _ISSUERS.fullmatch(digits) and _luhn(digits):
            yield match.span()


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0


def _only_digits(number: str) -> str:
    return _NO_DIGIT.sub("", number)


# Internet addresses

_IPV4 = re.compile(r"(?<![\w.\]])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?\w)")
_IPV6 = re.compile(r"(?<![\w:.\]])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,34}(?!\w)")
_IP_BEFORE = re.compile(
    r"\b(?:ip|ipv4|ipv6|ip[- ]?(?:address|adresse|addr)|address|adresse|host|server|ping|ssh|nameserver|dns|client|from|"
    r"inet)\b[^\w\]]{0,4}$",
    re.IGNORECASE,
)
# Four small numbers with dots are also versions, sections and object identifiers.
_VERSION_BEFORE = re.compile(
    r"(?:\b(?:version|versions|vers|ver|v|release|rev|revision|build|update|upgrade|firmware|driver|player|flash|java|chrome|"
    r"chromium|opera|safari|edge|section|sections|sec|chapter|kapitel|abschnitt|figure|fig|table|tabelle|oid|part|skype|"
    r"reader|acrobat|kernel|rc|beta|to|or|and|und|bis)\b|§)[\s.:=v-]{0,3}$",
    re.IGNORECASE,
)
# Google, Cloudflare, Quad9, OpenDNS, Level 3: they stand in every guide to networks.
_RESOLVERS = frozenset(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 4.2.2.1 4.2.2.2 "
    "2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001 2620:fe::fe".split()
)


def _ipv4(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    for match in _IPV4.finditer(text, *line):
        if _is_global(match[0]) and _is_no_version(match):
            yield match.span()


def _ipv6(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    for match in _IPV6.finditer(text, *line):
        token = match[0] if match[0].endswith("::") else match[0].rstrip(":")
        if _is_global(token):
            yield match.start(), match.start() + len(token)


@lru_cache(10_000)
def _is_global(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast and str(parsed) not in _RESOLVERS


def _is_no_version(match: "re.Match[str]") -> bool:
    text, window, start = match.string, max(0, match.start() - 40), match.start()
    # One in fifty addresses has no number of three digits, but nearly all versions.
    if any(len(number) == 3 for number in match[0].split(".")) and not _VERSION_BEFORE.search(text, window, start):
        return not _is_section(match)
    return _IP_BEFORE.search(text, window, start) is not None


def _is_section(match: "re.Match[str]") -> bool:
    """At the head of a line with a title after it."""
    before = match.string[max(0, match.start() - 9) : match.start()].rpartition("\n")[2]
    return not before.strip("# *_") and re.match(r"\s+[A-Z][a-z-]", match.string[match.end() : match.end() + 9]) is not None


# Telephone numbers

# As much as can belong to one number: digits with at most a sign and spaces between, groups in brackets.
_NUMBER = re.compile(
    rf"(?:\+{_SPACE}?)?(?:\(\+?[0-9]++\)|[0-9]++)(?:{_SPACE}?(?:{_HYPHEN}|[./])?{_SPACE}?(?:\([0-9]++\)|[0-9]++))*+"
)
_SEVERAL = re.compile(rf"{_SPACE}(?:/|{_HYPHEN}){_SPACE}")
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
    rf"(?:1(?:[.-]|{_SPACE}))?(?:\([2-9][0-9]{{2}}\){_SPACE}?|[2-9][0-9]{{2}}[.-])[2-9][0-9]{{2}}[. -][0-9]{{4}}"
)
# A trunk prefix and an area code, then the rest; or pairs, as in France. One 0 alone before a hyphen is an ISBN.
_TRUNK = re.compile(
    rf"(?:\(0[0-9]{{1,5}}\)|0[0-9]{{2,5}}{_SPACE}?(?:[/.]|{_HYPHEN}|{_SPACE}))"
    r"[0-9 ./()\u00a0\u202f\u2010\u2011\u2013-]{5,}"
    rf"|0[0-9](?:[-.]|{_SPACE})[0-9]{{3,4}}(?:[-.]|{_SPACE})[0-9]{{3,4}}"
    rf"|0[1-9](?:([-.]|{_SPACE})[0-9]{{2}})(?:\1[0-9]{{2}}){{3}}"
    rf"|8{_SPACE}?\([0-9]{{3,5}}\)[0-9 -]{{5,}}|\([0-9]{{2}}\){_SPACE}?[0-9]{{4,5}}{_HYPHEN}[0-9]{{4}}"
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
    if match.end() - match.start() <= 15 or len(_only_digits(match[0])) <= 15:
        return [match.span()]
    gaps = [gap.span() for gap in _SEVERAL.finditer(match.string, *match.span())]
    starts, stops = [match.start(), *(stop for _, stop in gaps)], [*(start for start, _ in gaps), match.end()]
    return list(zip(starts, stops, strict=True))


def _dialled(text: str, start: int, stop: int, regions: tuple[str, ...]) -> int:
    """How many characters of text[start:stop] are a telephone number."""
    number = text[start:stop]
    if not 6 <= len(_only_digits(number[:99])) <= 20 or _NOT_DIALLED.fullmatch(number) or _FOLLOWED.match(text, stop):
        return 0
    window = max(0, start - 40)
    words = text[window:start].rstrip(" \n\t.:;/|*_–-")
    is_named = words != "" and not words[-1].isdigit()
    if is_named and _LABEL.search(text, window, start):
        return len(number) if len(_only_digits(number)) <= 15 and not _DATE.search(number) else 0
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
        digits = _only_digits(number)
        if _is_valid("+" + (digits[2:] if number.startswith("00") else _international_digits(number)), None):
            return len(number)
        number = re.sub(rf"(?:{_SPACE}|[./()\u2010\u2011\u2013-])*[0-9]*\)?$", "", number) if len(digits) > 8 else ""
    return 0


def _international_digits(number: str) -> str:
    # "+49 (0)30": the trunk prefix is not dialled from abroad.
    return _only_digits(number.replace("(0)", "", 1))


def _is_national(number: str, regions: tuple[str, ...], hinted: bool) -> bool:
    if _DATE.search(number):
        return False
    if _NORTH_AMERICAN.fullmatch(number):
        return _is_valid(number, "US")
    if hinted and number[0] in "0(" and len(_only_digits(number)) >= 8:
        return True
    is_trunk = len(_only_digits(number)) >= 9 and _TRUNK.fullmatch(number) is not None
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


# (kind, what a text must hold for it, where it is). The order is that of `KINDS`.
_Finder = tuple[Kind, "re.Pattern[str]", Callable[[str, Span, tuple[str, ...]], Iterator[Span]]]
_FINDERS_WITHOUT_DIGITS: tuple[_Finder, ...] = (
    ("EMAIL_ADDRESS", re.compile("@"), _emails),
    ("EMAIL_ADDRESS", _BRACKETED_AT, _obfuscated_emails),
    ("EMAIL_ADDRESS", re.compile(" dot ", re.IGNORECASE), _spelled_emails),
    ("IP_ADDRESS", _COLONS, _ipv6),
)
_FINDERS: tuple[_Finder, ...] = (
    *_FINDERS_WITHOUT_DIGITS,
    ("IBAN_CODE", re.compile(r"[A-Z]{2}[0-9]{2}(?:[ \u00a0\u202f-]?[0-9A-Z]){11}"), _ibans),
    ("CREDIT_CARD", _TEN_DIGITS, _cards),
    ("IP_ADDRESS", re.compile(r"\.[0-9]{1,3}\.[0-9]"), _ipv4),
    ("PHONE_NUMBER", _SIX_DIGITS, _phones),
)
