"""Which instructions ask the same in nearly the same words, so that one of them is enough.

Two that share nearly all their words may ask for different things: "in C" and "in C++", "7 + 5" and "7 - 5", "with sugar"
and "without", or another name in forty words. So what is left of both without the words that ask for nothing (articles,
"please", "can you tell me") must be equal, word for word, number for number, sign for sign, and in the same order.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.text.sentences import terms

Run = tuple[str, ...]
SHINGLE = 3
# Articles, courtesy, and the frames of questions.
ASKS_NOTHING = frozenset(
    """
    a an the this please kindly hi hello hey dear you i me can could would just really actually to do is are be tell
    know want like need help have question questions answer request following so
    bitte danke gracias merci grazie obrigado obrigada пожалуйста спасибо 请 請
    """.split()
)
# Numbers, and what else is no punctuation, or stands where none can.
_SIGNS = re.compile(
    r"""
    \d+(?:[.,:]\d+)*                                                  # 3.5, 1,000, 12:30
    | [²³¹¼-¾⁰-ₜ⅐-⅟]                                                  # x², H₂O, ½
    | (?<![^\W\d_])[-–](?=\d) | (?<=\S[ ])[-–](?=[ ]\d)               # -5, 7 - 5; no hyphen, no bullet
    | (?<=[\w)\]])(?P<gap>[ ]?)\*{1,2}(?P=gap)(?=[\w(])               # 2 * 3, x**2; no emphasis
    | (?<=\d)! | !(?==)                                               # 5!, a != b
    | [()\[\]{}](?=[\d+*/=<>^-]) | (?<=[\d+*/=<>^-])[()\[\]{}]        # 2*(3+4); no aside
    | (?<=\b[a-z])['’′](?=\()                                         # f'(x)
    | (?<=\w)\# | \#(?=\w)                                            # C#, #5; no heading
    | (?<=\w[ ])A\b                                                  # Vitamin A; no article
    | (?P<other>[^\w\s`])
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# Drawn lines (a row of one sign), the ends of "what's" and "I'd", thanks.
_EMPTY = re.compile(
    r"([^\w\s])\1{2,}|(?<=\w)['’](?:m|d|s|ll|re|ve)\b|\bthank(?:s| you)(?: (?:so|very) much)?(?: in advance)?\b|[ \t]{2,}",
    re.IGNORECASE,
)


def words(instruction: str) -> list[str]:
    """The terms of an instruction, and between them its numbers, operators and other signs that are no punctuation."""
    text = _EMPTY.sub(" ", instruction.casefold() if instruction.isupper() else instruction)
    out: list[str] = []
    end = 0
    for sign in _SIGNS.finditer(text):
        other = sign["other"]
        if other and other not in "%&@/\\§" and unicodedata.category(other)[0] != "S":
            continue
        shown = sign[0].strip().replace("–", "-").replace("−", "-")
        out += [*terms(text[end : sign.start()]), shown.replace(",", "") if _THOUSANDS.fullmatch(shown) else shown]
        end = sign.end()
    return [*out, *terms(text[end:])]


def unlike(threshold: float, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The first of each set of alike instructions; the others are dropped, each naming the one that stays.

    Alike are two that are left with the same words without those that ask for nothing, if the Jaccard similarity of all
    their runs of three words reaches `threshold`. Where nothing else is left, these words are compared.
    """
    kept: dict[Run, list[tuple[str, set[Run]]]] = {}
    for row in rows:
        said = words(row["instruction"])
        own = runs(said)
        group = kept.setdefault(tuple(word for word in said if word not in ASKS_NOTHING) or tuple(said), [])
        near = [(len(own & other) / len(own | other), name) for name, other in group]
        most, twin = max(near, default=(0.0, ""), key=lambda each: each[0])
        if near and most >= threshold:
            yield Drop(row, "near_duplicate_instruction", f"{twin} {most:.2f}" if most < 1 else twin)
        else:
            group.append((row["id"], own))
            yield row


def runs(said: list[str]) -> set[Run]:
    """All runs of `SHINGLE` words; of fewer words the one there is."""
    return {tuple(said[i : i + SHINGLE]) for i in range(max(1, len(said) - SHINGLE + 1))}
