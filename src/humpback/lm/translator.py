"""Translators: models that do nothing but translate, behind the same calls as language models.

What one is asked is the text itself, and what it completes it with is the translation, sentence by sentence, as such
models were trained; code, tables and the marks of lists stay as they are. It has the role `translator`, so that whoever
asks for answers or judgements refuses it, and gives neither probabilities nor decisions.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial

from humpback.errors import LMError
from humpback.lm import Answer, Completion, Finish, Question, Sampling, Usage
from humpback.lm.journal import Given, Remembers, key_of
from humpback.text.sentences import spans

TRANSLATOR = "translator"
# Texts that are remembered together: few, so that a killed run asks little again.
BATCH = 32
# What becomes of a text if it becomes of one of its sentences, the worst first.
WORSE: tuple[Finish, ...] = ("too_long", "length")


class Translator(Remembers, ABC):
    """Sampling is not read, since the translation is the likeliest one that is found, but for its bound of tokens."""

    role = TRANSLATOR

    def __init__(self, name: str, context: int) -> None:
        self.name, self.context = name, context

    @abstractmethod
    def translated(self, sentences: Sequence[str], max_new_tokens: int) -> list[Completion]:
        """Each sentence in the other language; `too_long` where it does not fit."""

    @abstractmethod
    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]: ...

    def close(self) -> None:
        """Nothing to give back, unless a backend has more."""

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        """Equal texts are translated once; those of like length together."""
        most = sampling.max_new_tokens
        unique = sorted(dict.fromkeys(prompts), key=lambda text: (len(text), text))
        made: dict[str, Given] = {}
        for at in range(0, len(unique), BATCH):
            batch = unique[at : at + BATCH]
            asked = partial(self._asked, batch, most)
            made |= zip(batch, self.answered(key_of("translate", batch, most), asked), strict=True)
        found: list[Completion] = [made[text] for text in prompts]  # type: ignore[misc]
        return found

    def _asked(self, texts: Sequence[str], most: int) -> tuple[list[Given], Usage]:
        cut = [spans(text) for text in texts]
        sentences = list(dict.fromkeys(text[a:b] for text, own in zip(texts, cut, strict=True) for a, b in own))
        said = dict(zip(sentences, self.translated(sentences, most), strict=True)) if sentences else {}
        made: list[Given] = [_whole(text, own, said) for text, own in zip(texts, cut, strict=True)]
        return made, Usage(1, sum(len(each.split()) for each in sentences), sum(each.tokens for each in said.values()))

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        raise self._cannot("log-probabilities")

    def offsets(self, texts: Sequence[str]) -> None:
        return None

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        raise self._cannot("decisions")

    def _cannot(self, what: str) -> LMError:
        return LMError(f"{self.name} is a translator and gives no {what}", "name a language model there")


def _whole(text: str, cut: Sequence[tuple[int, int]], said: Mapping[str, Completion]) -> Completion:
    """`text` with each of its sentences translated, and all between them as it is."""
    parts, at = list[str](), 0
    for begin, end in cut:
        parts += [text[at:begin], said[text[begin:end]].text]
        at = end
    own = [said[text[begin:end]] for begin, end in cut]
    finish: Finish = next((kind for kind in WORSE if any(each.finish == kind for each in own)), "stop")
    whole = "" if finish == "too_long" else "".join([*parts, text[at:]])
    return Completion(whole, finish, sum(each.tokens for each in own), None)
