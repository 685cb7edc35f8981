"""Which candidate segments may be an answer: the paper's rules, each one function with its default and its source.

A rule takes a segment and the settings, and gives (what was measured) if the segment falls, else None; its name is the
reason of the drop. To add one: write the function, put it into `RULES` where it is cheap enough, give its default in
`RuleConfig`. Sources: Humpback (Li et al. 2023), appendix on data; where the paper is silent the value is ours.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, groupby
from typing import Any, Literal

from pydantic import Field

from humpback.config import Config
from humpback.corpus.segment import STORED_CHARS
from humpback.schema import Row
from humpback.stage import Drop, Outcome

# The first four are the paper's examples; the rest are ours.
NAVIGATION = (
    "advertisement", "forum", "quick link", "quick links", "free newsletter",
    "newsletter", "menu", "related posts", "related articles", "share this", "leave a comment", "leave a reply", "comments",
    "subscribe", "cookie", "cookies", "privacy policy", "login", "log in", "sign up", "cart", "copyright", "search",
    "sidebar", "navigation", "follow us", "contact us", "recent posts", "categories", "archives", "tags", "sitemap",
)  # fmt: skip
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


class RuleConfig(Config):
    """Bounds of the corpus rules; lengths in code points after white space is normalised."""

    min_chars: int = Field(600, description="shortest text of a segment (paper)")
    max_chars: int = Field(3000, description="longest text of a segment (paper)")
    ngram: int = Field(3, description="words in an n-gram of the repetition rule (ours; the paper does not say)")
    tau_max: float = Field(0.8, description="two sentences this similar (Jaccard) drop the segment (ours)")
    tau_pair: float = Field(0.5, description="sentence pairs this similar count as repeated (ours)")
    rho: float = Field(0.05, description="the share of repeated sentence pairs that drops the segment (ours)")
    upper_share: float = Field(0.9, description="share of upper-case letters that makes a text uppercase (ours)")
    navigation: tuple[str, ...] = Field(NAVIGATION, description="words that make a header navigation (four: paper)")
    overlap: Literal["largest", "smallest", "all"] = Field("largest", description="which of nested segments stay (ours)")


def too_short(row: Row, config: RuleConfig) -> Any:
    return row["n_chars"] if row["n_chars"] < config.min_chars else None


def too_long(row: Row, config: RuleConfig) -> Any:
    """Longer than `max_chars`, or than what was stored of the candidate."""
    return row["n_chars"] if row["n_chars"] > min(config.max_chars, STORED_CHARS) else None


def empty_header(row: Row, _: RuleConfig) -> Any:
    """Any header of the segment without a letter or digit."""
    return " > ".join(row["header_path"]) if "empty_header" in (row["flags"] or []) else None


def uppercase_header(row: Row, _: RuleConfig) -> Any:
    """All letters upper case. A header of one word is let through: "FAQ" and "USB" are names, not shouting."""
    header = row["header_path"][-1]
    return header if header.isupper() and len(_WORD.findall(header)) > 1 else None


def uppercase_text(row: Row, config: RuleConfig) -> Any:
    cased = [c for c in row["text"] if c.isupper() or c.islower()]
    share = sum(c.isupper() for c in cased) / len(cased) if cased else 0.0
    return share if share >= config.upper_share else None


def navigation_header(row: Row, config: RuleConfig) -> Any:
    header = row["header_path"][-1].casefold()
    return next((term for term in config.navigation if re.search(rf"\b{re.escape(term)}\b", header)), None)


def repetition(row: Row, config: RuleConfig) -> Any:
    """Two sentences nearly alike, or many somewhat alike; sentences under four words do not count."""
    sentences = [_WORD.findall(s.casefold()) for s in _SENTENCE_END.split(row["text"])[:200]]
    grams = [_ngrams(words, config.ngram) for words in sentences if len(words) >= 4]
    highest, repeated = _similar_pairs(grams, config.tau_pair)
    pairs = len(grams) * (len(grams) - 1) / 2
    if highest >= config.tau_max:
        return highest
    return repeated / pairs if pairs and repeated / pairs > config.rho else None


def _ngrams(words: list[str], n: int) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _similar_pairs(grams: list[frozenset[tuple[str, ...]]], tau: float) -> tuple[float, int]:
    """(highest Jaccard of two sets, pairs at or above `tau`), comparing only sets that share an n-gram."""
    where: dict[Any, list[int]] = defaultdict(list)
    for i, gram_set in enumerate(grams):
        for gram in gram_set:
            where[gram].append(i)
    shared = Counter(pair for places in where.values() for pair in combinations(places, 2))
    jaccard = [count / (len(grams[i]) + len(grams[j]) - count) for (i, j), count in shared.items()]
    return max(jaccard, default=0.0), sum(value >= tau for value in jaccard)


Rule = Callable[[Row, RuleConfig], Any]
# In the paper's order but for repetition, which costs most and so comes last.
RULES: tuple[Rule, ...] = (
    too_short,
    too_long,
    empty_header,
    uppercase_header,
    uppercase_text,
    navigation_header,
    repetition,
)


def apply_rules(config: RuleConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each candidate kept, or dropped by the first rule that it breaks or for lying in a larger kept one."""
    for _, page in groupby(rows, key=lambda row: row["parent"]):
        judged = [(row, _fault(row, config)) for row in page]
        passing = {row["id"]: row for row, fault in judged if fault is None}
        nested = _nested(passing, {row["id"]: row["parent_segment"] for row, _ in judged}, config.overlap)
        for row, fault in judged:
            if fault is None and row["id"] in nested:
                fault = ("overlap", nested[row["id"]])
            yield row if fault is None else Drop(row, *fault)


def _fault(row: Row, config: RuleConfig) -> tuple[str, Any] | None:
    for rule in RULES:
        measured = rule(row, config)
        if measured is not None:
            return rule.__name__, measured
    return None


def _nested(passing: dict[str, Row], above: dict[str, str | None], policy: str) -> dict[str, str]:
    """Passing segments that fall to another passing one on their path: id of the fallen -> id of the one that stays."""
    fallen: dict[str, str] = {}
    if policy == "all":
        return fallen
    for segment in passing:
        ancestor = above.get(segment)
        while ancestor:
            if ancestor in passing:
                low, high = (segment, ancestor) if policy == "largest" else (ancestor, segment)
                fallen[low] = high
            ancestor = above.get(ancestor)
    return fallen
