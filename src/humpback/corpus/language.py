"""Which language a text is in, by py3langid (offline, the model in its wheel)."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from humpback.schema import Row
from humpback.stage import Drop, Outcome

_CODE = re.compile(r"```.*?```|`[^`]*`|https?://\S+", re.DOTALL)


@cache
def _identifier():  # type: ignore[no-untyped-def]
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def identify(text: str) -> tuple[str, float]:
    """(ISO 639-1 code, probability) of the language of `text`; code blocks and addresses are left out."""
    prose = _CODE.sub(" ", text)[:3000]
    lang, probability = _identifier().classify(prose if prose.strip() else text[:3000])
    return str(lang), float(probability)


def keep_languages(languages: tuple[str, ...], min_probability: float, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each segment labelled with its language; dropped if that is none of `languages` (empty: all are kept)."""
    for row in rows:
        lang, probability = identify(row["text"])
        if languages and (lang not in languages or probability < min_probability):
            yield Drop(row, "language", f"{lang} {probability:.2f}")
        else:
            yield {**row, "lang": lang, "lang_probability": round(probability, 4)}
