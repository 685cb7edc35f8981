"""What a text states that another does not: numbers, their units, names, quotations, code and addresses.

A rewrite may say the same in other words, in other figures ("1,000", "a thousand") and units of another spelling ("5 km",
"5 kilometres"). What it may not do is to state what its source does not.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import NamedTuple

from humpback.text.sentences import sentences

# Names are told by their capitals where other nouns have none.
_CAPITAL_NOUNS = ("de", "lb")
_CODE = re.compile(
    r"^[ \t]*(`{3,}+|~{3,}+)[^\n]*\n(?P<block>.*?)(?:^[ \t]*\1|\Z)|`{1,3}(?P<inline>[^`\n]{1,300})`",
    re.DOTALL | re.MULTILINE,
)
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S{0,300}[\w/]|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}")
# An inch sign stands right behind its number.
_QUOTED = re.compile(
    r"(?<!\d)\"([^\"\n]{1,300})\"|“([^”“\n]{1,300})”|«([^»«\n]{1,300})»|„([^“”„\n]{1,300})[“”]|「([^」「\n]{1,300})」"
)
# What is written with a capital and names nothing.
_NO_NAMES = {"i", "i'm", "i've", "i'll", "i'd", "ok", "e", "g", "am", "pm"}
# Where an article or pronoun is joined to its word by an apostrophe.
_ELIDES = ("fr", "it", "ca")
_CLOSING = "\"'”’»)"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# A list's own numbers, and those of steps and sections, state nothing; but in a source they may be what is stated.
_ORDER = re.compile(
    r"^[ \t>]*(?:[*_#]+[ \t]*)?\(?\d{1,2}[.)](?=\s)|(?<=[ ,;:])\(\d\)"
    r"|\b(?:step|part|section|tip|point|method|option)s? \d{1,2}\b",
    re.MULTILINE | re.IGNORECASE,
)
_BLANKS = " \u00a0\u202f-"
_NUMBER = re.compile(
    rf"(?<![\d.,A-Za-z_])(?P<money>[$€£¥])?\s?(?P<number>\d+(?:[.,:/]\d+)*)"
    rf"(?P<unit>[{_BLANKS}]?(?:[%$€£¥]|°[CF]?|[^\W\d_]+))?"
)
_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?!\d)")
_MANY = re.compile(r"(?<![\d.,])(\d+(?:[.,]\d{3})*(?:[.,]\d+)?) (1000(?:000){0,3}|100)(?!\d)")
# The languages in which numbers are read that are spelt out.
_SPELT = ("en", "fr", "es", "pt", "de", "it", "nl")
_UNITS = {
    spelling: canonical
    for canonical, spellings in {
        "%": "% percent", "mm": "mm millimetre millimeter", "cm": "cm centimetre centimeter", "m": "m metre meter",
        "km": "km kilometre kilometer", "in": "inch inche", "ft": "ft foot feet", "yd": "yd yard", "mi": "mi mile",
        "µg": "µg μg mcg microgram microgramme", "mg": "mg milligram milligramme", "g": "g gram gramme",
        "kg": "kg kilo kilogram kilogramme", "t": "tonne ton",
        "lb": "lb pound", "oz": "oz ounce", "ml": "ml millilitre milliliter", "l": "l litre liter", "gal": "gallon gal",
        "°C": "°c celsius c", "°F": "°f fahrenheit f", "s": "s sec second", "min": "min minute", "h": "h hr hour",
        "d": "day", "wk": "week", "mo": "month", "y": "year yr", "$": "$ dollar usd", "€": "€ euro eur",
        "£": "£ gbp", "¥": "¥ yen",
        "kb": "kb kilobyte", "mb": "mb megabyte", "gb": "gb gigabyte", "tb": "tb terabyte", "w": "w watt", "v": "v volt",
        "cup": "cup", "tbsp": "tbsp tablespoon", "tsp": "tsp teaspoon", "kcal": "kcal calorie", "hz": "hz hertz",
    }.items()
    for spelling in spellings.split()
}  # fmt: skip


class Fact(NamedTuple):
    """Its kind (number, unit, name, quotation, code, address), and as it stands."""

    kind: str
    text: str


def added(text: str, sources: Sequence[str], lang: str | None = None) -> Iterator[Fact]:
    """What `text` states and none of its `sources` does; `lang` is the language of `text`."""
    own, given = _plain(text), _plain("\n".join(sources))
    folded = _folded(given)
    for found in _CODE.finditer(own):
        code = found["block"] or found["inline"] or ""
        lines = [line for line in map(_folded, code.split("\n")) if line]
        yield from (Fact("code", line) for line in lines if not _stands_in(line, folded))
    own = _CODE.sub(" ; ", own)
    yield from (Fact("address", each) for each in _ADDRESS.findall(own) if each.casefold() not in folded)
    own = _ADDRESS.sub(" ; ", own)
    for found in _QUOTED.finditer(own):
        said = next(filter(None, found.groups()))
        # A word between quotation marks is a way of saying it.
        if len(said.split()) > 2 and _folded(said).strip(" .,!?;:") not in folded:
            yield Fact("quotation", said)
    yield from _numbers_added(own, given, lang)
    if lang not in _CAPITAL_NOUNS:
        yield from _names_added(own, given, lang)


def _plain(text: str) -> str:
    """Emphasis off; fractions, widths and the digits of other scripts as plain figures, a mixed number as its two parts."""
    apart = re.sub(r"(?<=\d)(?=[¼-¾⅐-⅞⁰²³¹⁴-⁹])", " ", re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", "", text))
    plain = unicodedata.normalize("NFKC", apart).replace("⁄", "/").replace("per cent", "percent")
    return plain if plain.isascii() else re.sub(r"\d", lambda found: str(unicodedata.decimal(found[0])), plain)


def _stands_in(code: str, text: str) -> bool:
    """By itself, and not within a longer word."""
    return re.search(rf"(?<!\w){re.escape(code)}(?!\w)", text) is not None


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


# Numbers.


def _numbers_added(text: str, source: str, lang: str | None) -> Iterator[Fact]:
    known: dict[str, set[str]] = {}
    for _, values, unit in _numbers(source, lang, threshold=0):
        for value in values:
            known.setdefault(value, set()).add(unit)
    for written, values, unit in _numbers(_ORDER.sub(" ", text), lang, threshold=3):
        held = values & known.keys()
        if not held:
            yield Fact("number", written)
        elif unit and not any(unit in known[value] or "" in known[value] for value in held):
            yield Fact("unit", f"{written} {unit}")


def _numbers(text: str, lang: str | None, threshold: int) -> Iterator[tuple[str, set[str], str]]:
    """(as it stands, all that it may mean, its unit or "") of each number, in figures or words.

    Words under `threshold` that stand alone are none: "one" and "two" are pronouns and commonplaces as often.
    """
    if lang in (None, "und", *_SPELT):
        from text_to_num import alpha2digit  # loads its languages, and few runs rewrite

        text = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", r"\1", alpha2digit(text, lang if lang in _SPELT else "en", threshold))
    text = _MANY.sub(_product, _GROUPS.sub(lambda found: re.sub(r"\D", "", found[0]), text))
    for found in _NUMBER.finditer(text):
        unit = _UNITS.get(_singular((found["unit"] or "").strip(_BLANKS).casefold()), "")
        yield found["number"], _values(found["number"]), _UNITS.get(found["money"] or "", "") or unit


def _product(found: re.Match[str]) -> str:
    """2.5 million as the one number that it is."""
    return f"{max(map(Decimal, _values(found[1]))) * int(found[2]):f}"


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 1 else word


def _values(number: str) -> set[str]:
    """What a number may mean. Times, dates and fractions are one thing; a half is also .5.

    "1,000" is a thousand; but "1.000" is a thousand or one, as the languages have it.
    """
    parts = re.split("[:/]", number)
    if len(parts) > 1:
        made = {":".join(map(_value, parts))}
        return made | ({"0.5"} if number == "1/2" else {"0.25"} if number == "1/4" else set())
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        return {_value(number.replace(",", ""))}
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", number):
        whole = _value(number.replace(".", ""))
        return {whole, _value(number)} if number.count(".") == 1 and "," not in number else {whole}
    return {_value(number)}


def _value(number: str) -> str:
    """In one spelling; the last mark is that of the decimals, and those before it part groups."""
    *groups, rest = re.split("[.,]", number)
    whole, rest = ("".join(groups), rest.rstrip("0")) if groups else (rest, "")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")


# Names.


def _names_added(text: str, source: str, lang: str | None) -> Iterator[Fact]:
    known = {_bare(word) for word in _words(source, lang)}
    known |= {part for word in known for part in word.split("-")}
    for part in [*sentences(text), *_cells(text)]:
        sentence = _unelided(part, lang)
        words = list(_WORD.finditer(sentence))
        capitals = [word for word in words if word[0][0].isupper()]
        # A heading has capitals throughout; there, as at a beginning, only what English never writes small is a name.
        titled = len(capitals) > len(words) / 2 and sentence.rstrip(_CLOSING)[-1:] not in {*".!?…"}
        for i, word in enumerate(words):
            written = word[0]
            if not any(letter.isupper() for letter in written) or _bare(written) in _NO_NAMES:
                continue
            before = sentence[words[i - 1].end() : word.start()].rstrip() if i else ""
            first = i == 0 or before[-1:] in {*":;.!?…—–-/([\"'“‘«„|"}
            loud = written.isupper() and len(written) > 1
            doubtful = first or titled if not any(letter.isupper() for letter in written[1:]) else loud
            if doubtful and (lang not in (None, "en", "und") or _is_small(written)):
                continue
            if not all(_is_known(part, known) for part in _bare(written).split("-")):
                yield Fact("name", written)


def _words(text: str, lang: str | None) -> list[str]:
    return _WORD.findall(_unelided(text, lang))


def _unelided(text: str, lang: str | None) -> str:
    """ "L'Italie" as the two words that it is."""
    return re.sub(r"\b([^\W\d_]{1,7}['’])(?=[^\W\d_])", r"\1 ", text) if lang in _ELIDES else text


def _cells(text: str) -> Iterator[str]:
    """What stands in tables, which are no prose."""
    for line in text.split("\n"):
        if line.lstrip().startswith("|"):
            yield from (cell.strip() for cell in line.split("|") if cell.strip(" -:"))


def _is_small(word: str) -> bool:
    """Whether English writes it small: a word of the list or one made of it, all parts of one with hyphens, a letter."""
    parts = _bare(word).split("-")
    return all(len(part) == 1 or part in small_words() or _is_made(part) for part in parts)


def _is_made(word: str) -> bool:
    """Hooking of hook, baking of bake, running of run, bulkier of bulky."""
    stem = word.removesuffix("ing")
    if stem != word and len(stem) > 2:
        return not small_words().isdisjoint({stem, f"{stem}e", stem[:-1] if stem[-2:-1] == stem[-1] else stem})
    return any(word.endswith(end) and f"{word.removesuffix(end)}y" in small_words() for end in ("ier", "iest", "ily"))


def _bare(word: str) -> str:
    """Folded, without the genitive."""
    return re.sub("'s?$", "", word.casefold().replace("’", "'")) if "'" in word or "’" in word else word.casefold()


def _is_known(word: str, known: set[str]) -> bool:
    """Whether the source has the word, or one that is made of it: Germany and German, Paris and Parisian."""
    if word in known:
        return True
    return any(
        len(one) >= 4 and other.startswith(one) and len(other) - len(one) <= 3
        for each in known
        for one, other in ((word, each), (each, word))
    )


@cache
def small_words() -> frozenset[str]:
    """English words that are written small within a sentence (`scripts/small_words.py`)."""
    return frozenset((resources.files(__package__) / "small_words.txt").read_text("utf-8").split())
