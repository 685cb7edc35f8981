"""Which language a text is in, offline."""

import pytest

from humpback.corpus.language import identify, keep_languages
from humpback.stage import Drop

ENGLISH = "A worn chain ruins the cassette long before it breaks, so measure it twice a year."
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


@pytest.mark.parametrize("text", ["", "   ", "```\nx\n```", "12345", "\ufffd", "😀" * 50])
def test_text_that_is_no_language(text: str) -> None:
    """Nothing, or only code, gives some answer and no exception."""
    lang, probability = identify(text)
    assert lang
    assert 0.0 <= probability <= 1.0 + 1e-6


def test_other_languages_are_dropped_with_what_they_are() -> None:
    """The drop says the language found, so that a corpus of the wrong language explains itself."""
    out = list(keep_languages(("en",), 0.65, [{"id": "a", "text": ENGLISH}, {"id": "b", "text": GERMAN}]))
    assert [outcome.reason if isinstance(outcome, Drop) else outcome["lang"] for outcome in out] == ["en", "language"]
    assert isinstance(out[1], Drop)
    assert out[1].value.startswith("de ")


def test_unsure_texts_are_dropped() -> None:
    """The right language below the bound falls too."""
    assert isinstance(next(keep_languages(("en",), 1.1, [{"id": "a", "text": ENGLISH}])), Drop)


def test_no_languages_means_all() -> None:
    """An empty list keeps every language, and still labels it."""
    out = list(keep_languages((), 2.0, [{"id": "b", "text": GERMAN}]))
    assert [outcome["lang"] for outcome in out if not isinstance(outcome, Drop)] == ["de"]
