"""How much of two texts is in the same words and the same order."""

from functools import cache
from typing import Any

from humpback.text.sentences import terms


def rouge_l(one: str, other: str) -> float:
    """F1 of the longest common subsequence of their terms (Lin 2004, section 3.1); 1 of equal ones."""
    return 1.0 if terms(one) == terms(other) else float(_scorer().score(one, other)["rougeL"].fmeasure)


@cache
def _scorer() -> Any:
    """The library's, over terms of all scripts: its own tokenizer knows the letters a to z alone."""
    from rouge_score.rouge_scorer import RougeScorer  # draws in nltk, and a finished run needs none of it

    return RougeScorer(["rougeL"], tokenizer=_Terms())


class _Terms:
    def tokenize(self, text: str) -> list[str]:
        return terms(text)
