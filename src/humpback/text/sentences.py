"""Sentences and terms of Markdown text, in every script: what the rules count.

A sentence ends where its script ends one: at a stop with a blank after it (Latin, Cyrillic, Greek, Hangul and most
others), at a stop alone (Chinese, Japanese, danda, Arabic, Armenian, Ethiopic), at a blank (Thai, Lao, Khmer, Burmese);
and at the end of a line. Code and tables are no prose and have no sentences.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

# Scripts without blanks between words, as ranges of a character class: Han, kana, and four of South-East Asia.
HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HIRAGANA = "\u3041-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
SOUTH_EAST = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u109f\u1780-\u17d3\uaa60-\uaa7f"
UNSPACED = HAN + HIRAGANA + KATAKANA + SOUTH_EAST

# Stops that need no blank after them: full width; Arabic, Urdu; danda; Armenian; Ethiopic; Burmese; Khmer; Tibetan.
_FULL_STOPS = "。！？｡‼⁇⁈⁉؟۔।॥։።፧፨၊။។៕៚།༎"
_STOPS = ".!?…;؛．" + _FULL_STOPS
_CLOSING = "\"'”’»«›‹“)）\\]］}」』】》〉*_"
_STOP = re.compile(f"[{_STOPS}][{_STOPS}]*[{_CLOSING}]*(\\s*)")
_CLOSERS = _CLOSING.replace("\\\\", "").replace("\\", "") + " "
_ENDS = frozenset(_STOPS) - {"؛"}
_OPENING = "\"'“”„‘«»‹›([{「『¿¡*_ "
# "「…。」と言った": after the quotation the sentence goes on.
_QUOTATION_PARTICLE = re.compile("[」』](?=[とっ])")
_PHRASE_BLANK = re.compile(f"(?<=[{SOUTH_EAST}ๆຯ])\\s+(?=[{SOUTH_EAST}])")

_SOUTH_EAST_BLOCKS = (0x0E, 0x10, 0x17, 0xAA)

# What stands before a full stop that ends no sentence, case-folded. "etc." and its like are not here: they end many.
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms prof st jr vs fig figs vol no nos pp ed eds approx dept est gen gov sen rep rev capt col lt sgt hon inc "
    "co corp ltd mt jan feb mar apr jun jul aug sep sept oct nov dec "
    "bzw ca evtl ggf vgl nr abs abb art bd hrsg sog str tel usf zzgl inkl exkl mio mrd jh jhd dipl ing frl hr fr phil "
    "mme mlle mm env av apr chap p.ex éd boul sr sra srta dra dto pág págs núm ej ud uds ee.uu av avda ex exmo sig dott "
    "dotts ecc pag nn sec dhr mevr blz bijv nl resp tzn np tzw ul godz ok zob tj tzv např č str atd obr bl.a t.ex "
    "f.eks kl ca ift mvh tlf esim mm ns vrt стр рис г гг им ул см тыс млн млрд руб др проф т.е т.д т.п грн вул напр "
    "κ κα κκ βλ πχ σελ".split()
)

_FENCED = re.compile(r"^[ \t>]*(`{3,}|~{3,}).*?(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
# List, quotation and heading marks before a line's text.
_MARKERS = re.compile(r"^\s*(?:(?:[-*+•·▪–‣]|\d{1,3}[.)]|>|#{1,6})\s+)*")
# A line that was cut in mid-sentence: no stop before, a small letter after.
_WRAPPED = re.compile(r"\n(?=[a-zß-öø-ÿα-ωа-яё])(?<=[^.!?:;|…\n]\n)")


def without_code(text: str) -> str:
    """`text` with its fenced blocks of code (CommonMark, section 4.5) left out."""
    return _FENCED.sub("\n", text) if "```" in text or "~~~" in text else text


def lines(text: str, headings: bool = True) -> list[str]:
    """The lines of prose of the Markdown `text`: without code, tables, blank lines, and the marks of lists and headings."""
    whole = _WRAPPED.sub(" ", without_code(text)).split("\n")
    bare = [_MARKERS.sub("", line, 1) for line in whole if line and (headings or line[0] != "#")]
    return [line for line in bare if line and line[0] != "|"]


def sentences(text: str) -> list[str]:
    """The sentences of the Markdown `text`, and its headings and list items, which end as lines do."""
    whole = [sentence for line in lines(text) for sentence in _split(line)]
    if text.isascii() or not any(block in blocks(text) for block in _SOUTH_EAST_BLOCKS):
        return whole
    return [phrase for sentence in whole for phrase in _PHRASE_BLANK.split(sentence)]


def spans(text: str) -> list[tuple[int, int]]:
    """Where in `text` each of its `sentences` stands: (beginning, end), in characters."""
    # Code and tables may hold the same words. A line that was cut in mid-sentence is one sentence with the next, and its
    # break then a blank.
    prose = _FENCED.sub(_blank, text) if "```" in text or "~~~" in text else text
    if "|" in prose:
        prose = "\n".join(" " * len(line) if _MARKERS.sub("", line, 1)[:1] == "|" else line for line in prose.split("\n"))
    flat, at, found = prose.replace("\n", " "), 0, []
    for sentence in sentences(text):
        begin = flat.find(sentence, at)
        if begin >= 0:
            at = begin + len(sentence)
            found.append((begin, at))
    return found


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def joined(spans: Sequence[tuple[int, int]], counts: Sequence[int], least: int) -> list[tuple[int, int]]:
    """`spans`, those of a lower count than `least` made one with the next, and the last with the one before."""
    made: list[list[int]] = []
    for (begin, end), count in zip(spans, counts, strict=True):
        if made and made[-1][2] < least:
            made[-1] = [made[-1][0], end, made[-1][2] + count]
        else:
            made.append([begin, end, count])
    if len(made) > 1 and made[-1][2] < least:
        made[-2:] = [[made[-2][0], made[-1][1], made[-2][2] + made[-1][2]]]
    return [(begin, end) for begin, end, _ in made]


def pieces(text: str, least: int) -> list[str]:
    """The sentences of `text`; one of fewer than `least` terms is taken with the next, the last one with that before it."""
    found = spans(text)
    counts = [len(terms(text[begin:end])) for begin, end in found]
    return [text[begin:end] for begin, end in joined(found, counts, least)]


def is_full(sentence: str, least: int = 4) -> bool:
    """Whether `sentence` ends as sentences do and has `least` terms: a heading or the name of a thing seldom does."""
    return sentence.rstrip(_CLOSERS)[-1:] in _ENDS and len(terms(sentence)) >= least


def _split(line: str) -> list[str]:
    out: list[str] = []
    start = 0
    for stop in _STOP.finditer(line):
        if _ends_sentence(line, stop):
            out.append(line[start : stop.end()].rstrip())
            start = stop.end()
    rest = line[start:].strip()
    return [*out, rest] if rest else out


def _ends_sentence(line: str, stop: re.Match[str]) -> bool:
    begin, end = stop.span()
    if end == len(line):
        return True
    mark = line[begin]
    if mark in _FULL_STOPS:
        return not _QUOTATION_PARTICLE.search(line, begin, end + 1)
    if mark == "．":
        return not line[end].isdecimal()
    # In Greek alone the semicolon asks a question.
    before = line[begin - 1 : begin]
    if not stop[1] or (mark == ";" and not ("Ͱ" <= before <= "Ͽ" or "ἀ" <= before <= "῾")):
        return False
    following = line[end : end + 4].lstrip(_OPENING)[:1]
    if following.islower():
        return False
    return mark != "." or line[begin + 1 : begin + 2] == "." or not _is_abbreviation(line[max(0, begin - 16) : begin])


def _is_abbreviation(before: str) -> bool:
    """The word before a full stop is an initial, an ordinal of one or two digits ("3. Mai"), or a known abbreviation."""
    words = before.split()
    if not words or before[-1].isspace():
        return False
    word = words[-1].lstrip(_OPENING).casefold()
    if word.isdecimal():
        return len(word) <= 2
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or ("." in word and len(word) <= 8)


@cache
def _term() -> re.Pattern[str]:
    # `\w` holds no combining marks, without which words of Indic scripts, pointed Hebrew or Arabic fall to pieces.
    signs = "".join(chr(c) for c in range(0x300, 0x2000) if unicodedata.category(chr(c))[0] == "M") + "\u200c\u200d"
    thai_lao = "[\u0e40-\u0e44\u0ec0-\u0ec4]?[{0}][{1}ะาำະາຳ]*"  # vowels stand before and after their consonant
    stacked = "(?:[\u1039\u17d2][{0}][{1}]*)*"  # Burmese and Khmer write the second consonant below the first
    return re.compile(
        f"[{HAN}]|[{HIRAGANA}]{{1,4}}|[{KATAKANA}]+|{(thai_lao + stacked).format(SOUTH_EAST, signs)}"
        f"|[^\\W_{UNSPACED}](?:[^\\W{UNSPACED}]|[{signs}])*"
    )


# High bytes of UTF-16 where words are what stands between blanks and punctuation: Latin, Greek, Cyrillic, punctuation.
_PLAIN_BLOCKS = bytes([0, 1, 2, 3, 4, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x25, 0x26, 0x27])
# The same in UTF-8: U+2000 to U+2FFF and U+0080 to U+00BF are punctuation and symbols, and so is the rest of ASCII.
_WIDE_PUNCTUATION = re.compile(rb"\xe2..", re.DOTALL)
_LATIN_PUNCTUATION = re.compile(rb"\xc2.", re.DOTALL)
_PUNCTUATION_TO_BLANK = bytes(c if c > 127 or chr(c).isalnum() or c == 10 else 0x20 for c in range(256))


def blocks(text: str) -> bytes:
    """The high byte of each UTF-16 unit: the block of 256 code points that a character is in, far cheaper than a regex."""
    return text.encode("utf-16-le", "surrogatepass")[1::2]


def terms(text: str) -> list[str]:
    """The terms of `text`, case-folded: what "word" means to a rule that counts words.

    A word where blanks part words. Elsewhere what carries about as much, so that a bound on terms holds in every
    script: a Han character; a run of katakana (a loanword), up to four hiragana (endings and particles); in Thai,
    Lao, Khmer and Burmese a letter with its signs. Measured on a book in English and in translation, a sentence
    has 20 terms in English, 24 in Chinese, 19 in Japanese.
    """
    return _terms_of_lines(text.replace("\n", " "))[0]


def terms_of_sentences(text: str) -> list[list[str]]:
    """The terms of each sentence of the Markdown `text`."""
    return _terms_of_lines("\n".join(sentences(text)))


def _terms_of_lines(text: str) -> list[list[str]]:
    """The terms of each line, at one pass for all of them: the rules' innermost loop."""
    folded = text.casefold().replace("\u00ad", "")
    if not folded.isascii() and blocks(folded).translate(None, _PLAIN_BLOCKS):
        return [_term().findall(line) for line in folded.split("\n")]
    # Bytes are several times faster here than a regular expression on text.
    data = _WIDE_PUNCTUATION.sub(b" ", folded.encode("utf-8", "surrogatepass"))
    data = _LATIN_PUNCTUATION.sub(b" ", data) if b"\xc2" in data else data
    spaced = data.translate(_PUNCTUATION_TO_BLANK).decode("utf-8", "surrogatepass")
    return [line.split() for line in spaced.split("\n")]


def count_chars(text: str) -> int:
    """Code points after runs of white space are taken as one."""
    return len(" ".join(text.split()))
