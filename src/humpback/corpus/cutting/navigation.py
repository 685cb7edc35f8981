"""Headings that announce no answer: "Related articles", "コメント", "Kommentare (3)", in 29 languages.

A heading about such a thing ("How do I delete cookies?", "Menu design for restaurants") must not fall, so what counts
is how much of the heading the term makes up.
"""

import re
import unicodedata
from functools import cache

from humpback.corpus.cutting.navigation_terms import KOREAN_TERMS, PAPER, PAPER_SHARE, PHRASES, UNSPACED_TERMS, WORDS
from humpback.text.sentences import HAN, HIRAGANA, KATAKANA, SOUTH_EAST, terms

_UNSPACED = re.compile(f"[{HAN}{HIRAGANA}{KATAKANA}{SOUTH_EAST}]")
_QUESTION = re.compile("[?？؟;]\\s*$")
# What is no letter; marks are left out too, in terms and headings alike.
_NO_LETTER = re.compile(r"[\W\d_]+")
# Joiners, and the dot that folding leaves of a Turkish capital "İ".
_SILENT = str.maketrans("", "", "\u200b\u200c\u200d\u2060\u0307")


def navigation_term(header: str, further: tuple[str, ...] = ()) -> str | None:
    """The term that makes `header` navigation, or None; `further` terms count where they are half of the heading.

    A heading that ends in a question mark is navigation only if it is nothing but a term.
    """
    folded = _fold(header)
    asks = bool(_QUESTION.search(folded))
    if not folded.isascii():
        glued = _NO_LETTER.sub("", folded)
        if glued in _glued_terms():
            return glued
        if _UNSPACED.search(folded):
            found = None if asks else _long_terms(further).search(glued)
            return found[0] if found and len(found[0]) >= 0.5 * len(glued) else None
    words = [word for word in terms(folded) if not word.isdecimal()]
    return _whole_words(words, 1.0 if asks else 0.0, further)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().translate(_SILENT)


def _whole_words(words: list[str], least: float, further: tuple[str, ...]) -> str | None:
    table = _phrases(further)
    if table.keys().isdisjoint(words):
        return None
    letters = sum(map(len, words))
    for start, word in enumerate(words):
        for phrase, share in table.get(word, ()):
            if words[start : start + len(phrase)] == phrase and sum(map(len, phrase)) >= max(share, least) * letters:
                return " ".join(phrase)
    return None


@cache
def _phrases(further: tuple[str, ...]) -> dict[str, list[tuple[list[str], float]]]:
    """First word of each term -> (its words, the share of a heading's letters that it must be)."""
    table: dict[str, list[tuple[list[str], float]]] = {}
    listed = [(term, 0.5) for language in PHRASES.values() for term in language.split("|")]
    listed += [(term, 1.0) for language in WORDS.values() for term in language.split()]
    listed += [(term, 0.5) for term in further] + [(term, PAPER_SHARE) for term in PAPER]
    for term, share in listed:
        words = [word for word in terms(_fold(term)) if not word.isdecimal()]
        if words:
            table.setdefault(words[0], []).append((words, share))
    return table


@cache
def _glued_terms() -> frozenset[str]:
    return frozenset(_glue(term) for term in f"{UNSPACED_TERMS} {KOREAN_TERMS}".split())


def _glue(term: str) -> str:
    return _NO_LETTER.sub("", _fold(term))


@cache
def _long_terms(further: tuple[str, ...]) -> re.Pattern[str]:
    known = [*_glued_terms(), *map(_glue, further)]
    longest_first = sorted({term for term in known if len(term) > 3}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))
