"""Texts put into another language: by a translator, which is given the text alone, or by a language model that is told."""

import re
from collections.abc import Sequence

from humpback import lm as language_models
from humpback import prompts
from humpback.lm import LM, Completion, Sampling
from humpback.lm.translator import TRANSLATOR
from humpback.prompts.quoting import quoted

TRANSLATE = "translate-v1"
_QUOTE = re.compile(r"^> ?", re.MULTILINE)


def translated(
    lm: LM, texts: Sequence[Sequence[str]], source: str, target: str, sampling: Sampling, seeds: Sequence[int]
) -> list[list[str] | str]:
    """The texts of each row in the language `target`, or why there are none: too_long, unfinished, nothing_said.

    `source` and `target` are languages as a model is told them; a seed for each text, row after row.
    """
    flat = [text for own in texts for text in own]
    if lm.role != TRANSLATOR:
        language_models.reading(lm, "forward")
        flat = [prompts.render(TRANSLATE, source=source, target=target, text=quoted(text)) for text in flat]
    said = iter(lm.generate(flat, sampling, seeds))
    return [_read([next(said) for _ in own], lm) for own in texts]


def _read(said: Sequence[Completion], lm: LM) -> list[str] | str:
    fault = next((each.finish for each in said if each.finish != "stop"), None)
    if fault:
        return "too_long" if fault == "too_long" else "unfinished"
    texts = [(each.text if lm.role == TRANSLATOR else _QUOTE.sub("", each.text)).strip() for each in said]
    return texts if all(texts) else "nothing_said"
