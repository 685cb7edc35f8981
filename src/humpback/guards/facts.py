"""What a text states that another does not: numbers, their units, names, quotations, code and addresses.

A rewrite may say the same in other words, in other figures ("1,000", "a thousand") and units of another spelling ("5 km",
"5 kilometres"). What it may not do is to state what its source does not.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from humpback.text.sentences import sentences

# Names are told by their capitals where other nouns have none.
_CAPITAL_NOUNS = ("de", "lb")
_CODE = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)|`([^`\n]+)`", re.DOTALL)
_ADDRESS = re.compile(r"\bhttps?://\S*[\w/]|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|„([^“”\n]+)[“”]")
_CLOSING = "\"'”’»)"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# A list's own numbers, and those of steps and sections, state nothing.
_ORDER = re.compile(r"^[ \t>]*(?:[*_#]+[ \t]*)?\d{1,2}[.)](?=\s)|\b(?:step|part|section|tip|point|phase|day)s? \d{1,2}\b",
                    re.MULTILINE | re.IGNORECASE)  # fmt: skip
_BLANKS = " \u00a0\u202f-"
_NUMBER = re.compile(
    rf"(?<![\d.,A-Za-z_])(?P<money>[$€£¥])?\s?(?P<number>\d+(?:[.,:/]\d+)*)(?P<unit>[{_BLANKS}]?(?:%|°[CF]?|[^\W\d_]+))?"
)
_GROUPS = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
_MANY = re.compile(r"(?<![\d.,])(\d+(?:[.,]\d+)?) (1000(?:000){0,2}|100)(?!\d)")
# The languages in which numbers are read that are spelt out.
_SPELT = ("en", "fr", "es", "pt", "de", "it", "nl")
_UNITS = {
    spelling: canonical
    for canonical, spellings in {
        "%": "% percent per", "mm": "mm millimetre millimeter", "cm": "cm centimetre centimeter", "m": "m metre meter",
        "km": "km kilometre kilometer", "in": "inch inche", "ft": "ft foot feet", "yd": "yd yard", "mi": "mi mile",
        "mg": "mg milligram milligramme", "g": "g gram gramme", "kg": "kg kilo kilogram kilogramme", "t": "tonne ton",
        "lb": "lb pound", "oz": "oz ounce", "ml": "ml millilitre milliliter", "l": "l litre liter", "gal": "gallon gal",
        "°C": "°c celsius c", "°F": "°f fahrenheit f", "s": "s sec second", "min": "min minute", "h": "h hr hour",
        "d": "day", "wk": "week", "mo": "month", "y": "year yr", "$": "$ dollar usd", "€": "€ euro eur", "£": "£ gbp",
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
        code = found[1] or found[2] or ""
        lines = [line for line in map(_folded, code.split("\n")) if line]
        yield from (Fact("code", line) for line in lines if line not in folded)
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
    """Emphasis and the marks of list items off; fractions and widths as plain figures."""
    return unicodedata.normalize("NFKC", re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", "", text)).replace("⁄", "/")


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


# Numbers.


def _numbers_added(text: str, source: str, lang: str | None) -> Iterator[Fact]:
    known: dict[str, set[str]] = {}
    for _, values, unit in _numbers(source, lang):
        for value in values:
            known.setdefault(value, set()).add(unit)
    for written, values, unit in _numbers(text, lang):
        held = values & known.keys()
        if not held:
            yield Fact("number", written)
        elif unit and not any(unit in known[value] or "" in known[value] for value in held):
            yield Fact("unit", f"{written} {unit}")


def _numbers(text: str, lang: str | None) -> Iterator[tuple[str, set[str], str]]:
    """(as it stands, all that it may mean, its unit or "") of each number, in figures or words.

    "One" and "two" by themselves are pronouns and commonplaces as often as numbers, and are none.
    """
    text = _ORDER.sub(" ", text)
    if lang in (None, "und", *_SPELT):
        from text_to_num import alpha2digit  # loads its languages, and few runs rewrite

        text = alpha2digit(text, lang if lang in _SPELT else "en")
    text = _MANY.sub(_product, _GROUPS.sub("", text))
    for found in _NUMBER.finditer(text):
        unit = _UNITS.get(_singular((found["unit"] or "").strip(_BLANKS).casefold()), "")
        yield found["number"], _values(found["number"]), _UNITS.get(found["money"] or "", "") or unit


def _product(found: re.Match[str]) -> str:
    """2.5 million as the one number that it is."""
    return f"{float(found[1].replace(',', '.')) * int(found[2]):.10g}"


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 1 else word


def _values(number: str) -> set[str]:
    """What a number may mean: "1,000" is a thousand, or one. Times, dates and fractions are one thing."""
    parts = re.split("[:/]", number)
    if len(parts) > 1:
        return {":".join(map(_value, parts))}
    made = {_value(number)}
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", number):
        made.add(_value(re.sub("[.,]", "", number)))
    return made


def _value(number: str) -> str:
    whole, _, rest = number.replace(",", ".").partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")


# Names.


def _names_added(text: str, source: str, lang: str | None) -> Iterator[Fact]:
    known = {_bare(word) for word in _WORD.findall(source)}
    known |= {part for word in known for part in word.split("-")}
    for sentence in sentences(text):
        words = list(_WORD.finditer(sentence))
        capitals = [word for word in words if word[0][0].isupper()]
        # A heading has capitals throughout; there, as at a sentence's beginning, only what is never written small is a name.
        titled = len(capitals) > len(words) / 2 and sentence.rstrip(_CLOSING)[-1:] not in {*".!?…"}
        for i, word in enumerate(words):
            written = word[0]
            if not any(letter.isupper() for letter in written) or _bare(written) in (
                "i",
                "i'm",
                "i've",
                "i'll",
                "i'd",
                "ok",
            ):
                continue
            first = i == 0 or sentence[words[i - 1].end() : word.start()].rstrip(" \"'“‘(")[-1:] in set(":;.!?…—–-/")
            doubtful = written[1:].islower() and (first or titled)
            if doubtful and (lang not in (None, "en", "und") or _bare(written) in small_words()):
                continue
            if not all(_is_known(part, known) for part in _bare(written).split("-")):
                yield Fact("name", written)


def _bare(word: str) -> str:
    """Folded, without the genitive."""
    return re.sub("'s?$", "", word.casefold().replace("’", "'")) if "'" in word or "’" in word else word.casefold()


def _is_known(word: str, known: set[str]) -> bool:
    """Whether the source has the word, or one that is made of it: Germany and German, Paris and Parisian."""
    if word in known or (word in small_words() and len(word) < 3):
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
