"""How much of two texts is in the same words and the same order."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from humpback.text.sentences import terms


def rouge_l(one: str, other: str) -> float:
    """F1 of the longest common subsequence of their terms (Lin 2004, section 3.1); 1 of equal ones."""
    return 1.0 if terms(one) == terms(other) else float(_scorer().score(one, other)["rougeL"].fmeasure)


class Pool:
    """Texts that others may be like."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._known: list[tuple[str, Counter[str], int]] = []
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        own = terms(text)
        self._known.append((text, Counter(own), len(own)))

    def likest(self, text: str, above: float = 0.0, but: int | None = None) -> float:
        """The largest ROUGE-L over `above` with one of them, or 0; `but` is the number of one that is left out.

        Two texts share at most the terms that both have, by which most are passed over.
        """
        own = terms(text)
        counts, most = Counter(own), 0.0
        for number, (other, known, length) in enumerate(self._known):
            if number != but and 2 * (counts & known).total() > max(above, most) * (len(own) + length):
                most = max(most, rouge_l(text, other))
        return most if most > above else 0.0


@cache
def _scorer() -> Any:
    """The library's, over terms of all scripts: its own tokenizer knows the letters a to z alone."""
    from rouge_score.rouge_scorer import RougeScorer  # draws in nltk, and a finished run needs none of it

    return RougeScorer(["rougeL"], tokenizer=_Terms())


class _Terms:
    def tokenize(self, text: str) -> list[str]:
        return terms(text)
