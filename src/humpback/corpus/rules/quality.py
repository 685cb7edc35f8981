"""Which candidate segments may be an answer: the paper's rules and ours, each one function with its default and its source.

A rule takes a segment and the settings, and gives what was measured if the segment falls, else None; its name is the
reason of the drop. To add one: write the function, put it into `RULES` where it is cheap enough, give its default in
`RuleConfig`. Sources: Humpback (Li et al. 2023), appendix on data; where the paper is silent the value is ours, and the
docstring says what it was measured on ("web": 726 pages of news, blogs, shops and forums).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, groupby
from typing import Any, Literal

from pydantic import Field

from humpback.config import Config
from humpback.corpus.cutting.navigation import navigation_term
from humpback.corpus.cutting.segment import STORED_CHARS
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.text.scripts import SCRIPT_SCALE, Script, count_bytes, latin_length
from humpback.text.sentences import blocks, is_full, lines, sentences, terms, terms_of_sentences, without_code

_SMALL_ASCII = b"abcdefghijklmnopqrstuvwxyz"
_ASCII_SYMBOLS = b"$%&+<=>@\\^{}~"
# Arrows, mathematics, boxes, dingbats, Braille, emoji (by their first surrogate), private use.
_SYMBOL_BLOCKS = bytes([*range(0x22, 0x2C), 0xD8, *range(0xE0, 0xF9)])

_NOTICE_CHARS = 300  # an answer may mention cookies; a notice begins with them
_NOTICE = re.compile(
    r"(?:javascript (?:is |must be )?(?:currently )?(?:disabled|deactivated|not enabled|enabled to)|"
    r"(?:enable|activate|turn on) javascript (?:in your|to (?:view|use|continue|see))|requires javascript|"
    r"javascript (?:ist )?(?:in ihrem browser )?deaktiviert|aktivieren sie (?:bitte )?javascript|"
    r"(?:activer|activez) javascript|javascript est désactivé|(?:activar?|habilit\w+) javascript|"
    r"javascript (?:está|es) des\w+|javascript è disabilitato|включите javascript|請啟用 ?javascript|请启用 ?javascript|"
    r"javascript ?を有効に|"
    r"(?:we|this (?:web ?)?site|our (?:web ?)?site) (?:and our partners )?uses? cookies|"
    r"(?:wir|diese (?:web)?seite|diese website|unsere website) (?:verwenden|nutzen|benutzen|setzen|verwendet|nutzt) "
    r"(?:auf \w+ \w+ )?(?:diese )?cookies|verwendung von cookies zu|"
    r"(?:nous utilisons|ce site utilise) des cookies|(?:utilizamos|usamos|este sitio (?:web )?utiliza) cookies|"
    r"(?:utilizziamo i|questo sito utilizza i?) ?cookie|este site (?:utiliza|usa) cookies|"
    r"(?:wij|we|deze website) (?:gebruiken|maken gebruik van|gebruikt) cookies|pliki (?:typu )?cookies? i podobne|"
    r"(?:strona|serwis) (?:używa|korzysta z|wykorzystuje) (?:plik(?:i|ów) )?cookies|vi (?:använder|bruger|bruker) cookies|"
    r"мы используем (?:файлы )?cookie|çerez(?:ler)? kullan|当社は cookie|本网站使用 ?cookie|我们使用 ?cookie|"
    r"(?:please |bitte )?(?:disable|turn off|deaktivieren sie) (?:your |ihren )?(?:ad ?blocker|werbeblocker|adblocker))"
)
_NOTICE_WORDS = ("cookie", "javascript", "blocker", "çerez")  # one is in each notice
_TEASER_ENDS = (
    "…", "...", "[…]", "[...]", "read more", "continue reading", "read on", "weiterlesen", "mehr lesen", "lire la suite",
    "en savoir plus", "leer más", "seguir leyendo", "leggi tutto", "continua a leggere", "leia mais", "lees meer",
    "lees verder", "czytaj dalej", "czytaj więcej", "číst dál", "läs mer", "læs mere", "les mer", "lue lisää",
    "читать далее", "читати далі", "devamını oku", "اقرأ المزيد", "ادامه مطلب", "baca selengkapnya", "xem thêm",
    "続きを読む", "もっと見る", "阅读全文", "查看更多", "閱讀更多", "더보기", "อ่านต่อ",
)  # fmt: skip
_CASED_SHARE = 0.8  # with fewer cased letters a text is of a script without case, and those are its acronyms
_LONG_LINE = 10  # terms: shorter lines without a stop are names, menus, prices
_LONG_CHARS = 120
_LEAST_TERMS = 4  # shorter sentences do not count as repeated: "Yes, it is."
_MOST_SENTENCES = 200  # of which any two are compared


class RuleConfig(Config):
    """Bounds of the corpus rules; lengths in code points after white space is normalised, in Latin characters' worth."""

    min_chars: int = Field(600, description="shortest text of a segment (paper)")
    max_chars: int = Field(3000, description="longest text of a segment (paper)")
    script_scale: dict[Script, float] = Field(
        SCRIPT_SCALE, description="Latin characters that one of a denser script is worth; 1: as in the paper (ours)"
    )
    navigation: tuple[str, ...] = Field((), description="further terms that make a header navigation (ours)")
    link_share: float = Field(0.5, description="share of characters inside links that makes a list of links (ours)")
    upper_share: float = Field(0.9, description="share of upper-case letters that makes a text uppercase (ours)")
    symbol_share: float = Field(0.1, description="share of symbols that makes a text no prose (ours)")
    teaser_share: float = Field(0.4, description="share of text in lines that break off: a list of teasers (ours)")
    ngram: int = Field(3, description="terms in an n-gram of the repetition rule (ours; the paper does not say)")
    tau_max: float = Field(0.8, description="two sentences this similar (Jaccard) drop the segment (ours)")
    tau_pair: float = Field(0.5, description="sentence pairs this similar count as repeated (ours)")
    rho: float = Field(0.05, description="the share of repeated sentence pairs that drops the segment (ours)")
    overlap: Literal["largest", "smallest", "all"] = Field("largest", description="which of nested segments stay (ours)")


def too_short(row: Row, config: RuleConfig) -> Any:
    length = latin_length(row["text"], row["n_chars"], config.script_scale)
    return length if length < config.min_chars else None


def too_long(row: Row, config: RuleConfig) -> Any:
    """Longer than `max_chars`, or than what was stored of the candidate."""
    if row["n_chars"] > STORED_CHARS:
        return row["n_chars"]
    length = latin_length(row["text"], row["n_chars"], config.script_scale)
    return length if length > config.max_chars else None


def empty_header(row: Row, _: RuleConfig) -> Any:
    """Any header of the segment without a letter or digit (paper)."""
    return " > ".join(row["header_path"]) if "empty_header" in (row["flags"] or []) else None


def uppercase_header(row: Row, _: RuleConfig) -> Any:
    """All letters upper case (paper). One cased word is let through: "FAQ" and "自転車 の USB" are names, not shouting."""
    header = row["header_path"][-1]
    if not header.isupper():
        return None
    letters = [c for c in header if c.isalpha()]
    cased = sum(c.isupper() for c in letters) >= _CASED_SHARE * len(letters)
    return header if cased and sum(word.isupper() for word in header.split()) > 1 else None


def uppercase_text(row: Row, config: RuleConfig) -> Any:
    """Nearly all letters upper case (paper); not where most letters have no case, whatever acronyms stand between."""
    text = row["text"]
    # Enough small ASCII letters settle it at a fortieth of the cost of asking each character.
    if count_bytes(text.encode("utf-8", "surrogatepass"), _SMALL_ASCII) > (1 - config.upper_share) * len(text):
        return None
    letters = [c for c in text if c.isalpha()]
    upper, lower = sum(map(str.isupper, letters)), sum(map(str.islower, letters))
    if not upper or upper + lower < _CASED_SHARE * len(letters):
        return None
    return upper / (upper + lower) if upper / (upper + lower) >= config.upper_share else None


def navigation_header(row: Row, config: RuleConfig) -> Any:
    """A header that announces no answer (paper; the terms but four are ours, see `navigation`)."""
    return navigation_term(row["header_path"][-1], config.navigation)


def link_list(row: Row, config: RuleConfig) -> Any:
    """Mostly links (ours). On the web all six segments from a half on were lists of headlines or of references; the two
    next below were answers."""
    share = row.get("link_share") or 0.0
    return share if share >= config.link_share else None


def lorem_ipsum(row: Row, _: RuleConfig) -> Any:
    """Filler text (after C4, Raffel et al. 2020, section 2.2), unless the header says that it is the subject."""
    found = "lorem ipsum" in row["text"].casefold() and "ipsum" not in row["header_path"][-1].casefold()
    return "lorem ipsum" if found else None


def site_notice(row: Row, _: RuleConfig) -> Any:
    """Begins by asking for consent to cookies, for JavaScript, or for an advertisement blocker to go (after C4).

    C4 drops lines with such words anywhere; an answer on cookies would fall with them, so only the beginning is read.
    """
    beginning = row["text"][:_NOTICE_CHARS].casefold()
    if not any(word in beginning for word in _NOTICE_WORDS):
        return None
    found = _NOTICE.search(beginning)
    return found[0] if found else None


def symbols(row: Row, config: RuleConfig) -> Any:
    """Signs that are no letters, digits or common punctuation (ours), outside code."""
    text = without_code(row["text"])
    ascii_signs = count_bytes(text.encode("utf-8", "surrogatepass"), _ASCII_SYMBOLS)
    signs = ascii_signs + text.count("\ufffd") + (0 if text.isascii() else count_bytes(blocks(text), _SYMBOL_BLOCKS))
    share = signs / len(text) if text else 0.0
    return share if share >= config.symbol_share else None


def unfinished(row: Row, config: RuleConfig) -> Any:
    """Teasers: three lines in ten, and three at least, break off ("...", "Read more") and hold much of the text (ours)."""
    whole = [line.strip() for line in row["text"].split("\n")]
    broken = [line for line in whole if line[-24:].casefold().rstrip(" »›→>)").endswith(_TEASER_ENDS)]
    if len(broken) < 3 or len(broken) < 0.3 * sum(map(bool, whole)):
        return None
    share = sum(map(len, broken)) / sum(map(len, whole))
    return share if share >= config.teaser_share else None


def no_prose(row: Row, _: RuleConfig) -> Any:
    """No full sentence and no line of ten terms: menus, tables, price lists, line-ups (ours). Code is an answer."""
    text = row["text"]
    if "```" in text or "~~~" in text:
        return None
    prose = lines(text, headings=False)
    # A long line that ends in a full stop settles it for most texts, unread.
    if any(len(line) > _LONG_CHARS and line[-1] in ".。" for line in prose):
        return None
    if any(map(is_full, prose)) or any(is_full(sentence) for line in prose for sentence in sentences(line)):
        return None
    return None if any(len(terms(line)) >= _LONG_LINE for line in prose) else "no sentence"


def repetition(row: Row, config: RuleConfig) -> Any:
    """Two sentences nearly alike, or many somewhat alike (paper, bounds ours); short ones, code and tables do not count."""
    # What two sentences of that similarity share at least, if they are as short as may be.
    least = 2 * config.tau_pair / (1 + config.tau_pair) * max(1, _LEAST_TERMS - config.ngram + 1)
    recurring = _recurring_ngrams(terms("\n".join(lines(row["text"]))), config.ngram)
    if len(recurring) < min(2.0, least):
        return None
    long_enough = [found for found in terms_of_sentences(row["text"])[:_MOST_SENTENCES] if len(found) >= _LEAST_TERMS]
    words = {word for gram in recurring for word in gram}
    alike = [
        frozenset(zip(*(found[i:] for i in range(config.ngram)), strict=False))
        for found in long_enough
        if not words.isdisjoint(found)
    ]
    highest, repeated = _similar_pairs(alike, recurring, config.tau_pair)
    pairs = len(long_enough) * (len(long_enough) - 1) / 2
    if highest >= config.tau_max:
        return highest
    return repeated / pairs if pairs and repeated / pairs > config.rho else None


def _recurring_ngrams(words: list[str], n: int) -> set[tuple[str, ...]]:
    """The n-grams that occur more than once; only those all of whose words do are looked at, which are few."""
    often = {word for word, count in Counter(words).items() if count > 1}
    runs = bytes(map(often.__contains__, words))
    wanted, at = b"\1" * n, -1
    grams: Counter[tuple[str, ...]] = Counter()
    while (at := runs.find(wanted, at + 1)) >= 0:
        grams[tuple(words[at : at + n])] += 1
    return {gram for gram, count in grams.items() if count > 1}


def _similar_pairs(grams: list[frozenset[Any]], recurring: set[Any], tau: float) -> tuple[float, int]:
    """(highest Jaccard of two sets, pairs at or above `tau`), comparing only sets that share a `recurring` n-gram."""
    where: dict[Any, list[int]] = defaultdict(list)
    for i, found in enumerate(grams):
        for gram in found & recurring:
            where[gram].append(i)
    shared = Counter(pair for places in where.values() for pair in combinations(places, 2))
    jaccard = [count / (len(grams[i]) + len(grams[j]) - count) for (i, j), count in shared.items()]
    return max(jaccard, default=0.0), sum(value >= tau for value in jaccard)


Rule = Callable[[Row, RuleConfig], Any]
# The cheap ones first: most candidates fall by length, and never meet the others.
RULES: tuple[Rule, ...] = (
    too_short,
    too_long,
    empty_header,
    link_list,
    uppercase_header,
    navigation_header,
    uppercase_text,
    site_notice,
    lorem_ipsum,
    symbols,
    unfinished,
    no_prose,
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
