"""The fake that ships: deterministic, scripted, and honest about being one. For tests, and for trying a recipe's plumbing.

`echo` asks about the heading that its prompt shows, or about the first words of its second paragraph; `echo:FILE` takes
completions from the lines of FILE (by digest of the prompt). Log-probabilities and decisions are a function of the text.
"""

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from humpback.errors import UsageFault
from humpback.lm import Answer, Completion, Question, Sampling, Usage
from humpback.lm.decisions import answer, labels
from humpback.lm.journal import Remembers, key_of
from humpback.lm.options import BackendOptions
from humpback.lm.spec import Spec


class Options(BackendOptions):
    """The fake has none."""

    def files(self, model: str) -> Path | None:
        return Path(model) if Path(model).is_file() else None


class Echo(Remembers):
    """Words are its tokens. `script` holds the completions to choose from; `history` what it was asked."""

    role = ""

    def __init__(self, script: Sequence[str] = (), context: int = 4096) -> None:
        self.name = "echo"
        self.script = list(script)
        self.identity = f"echo:{key_of(self.script)}" if script else "echo"
        self.context = context
        self.history: list[str] = []

    def close(self) -> None:
        """Nothing to give back."""

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        words = text.split()
        return (text, False) if len(words) <= max_tokens else (" ".join(words[:max_tokens]), True)

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        asked = zip(prompts, seeds, strict=True)
        return [self._answered(key_of(p, sampling, s), self._complete, p, sampling, s) for p, s in asked]

    def _answered(self, key: str, ask: Callable[..., Any], *asked: Any) -> Any:
        """One answer, remembered; words are its tokens."""
        return self.answered(key, lambda: ([ask(*asked)], Usage(1, len(str(asked[0]).split()), 1)))[0]

    def _complete(self, prompt: str, sampling: Sampling, seed: int) -> Completion:
        self.history.append(prompt)
        if len(prompt.split()) + sampling.max_new_tokens > self.context:
            return Completion("", "too_long", 0, None)
        salt = seed if sampling.temperature else 0
        if self.script:
            text = self.script[_hash(f"{prompt}\0{salt}") % len(self.script)]
        else:
            shown = prompt.split("\n\n")
            text = prompt.split("heading: ")[-1] if "heading: " in prompt else shown[min(1, len(shown) - 1)]
            topic = text.split("\n")[0].removeprefix("> ").split(" > ")[-1].split()[:7]
            text = f"What should I know about {' '.join(topic)} ({_hash(str(salt)) % 4})?"
        words = text.split()
        cut = len(words) > sampling.max_new_tokens
        text = " ".join(words[: sampling.max_new_tokens]) if cut else text
        return Completion(text, "length" if cut else "stop", min(len(words), sampling.max_new_tokens), -_unit(prompt + text))

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        """Words that the prompt holds are likelier than others, so that a fitting instruction has a likelihood gain; and so
        is an end after a full stop.
        """
        asked = zip(prompts, targets, strict=True)
        return [self._answered(key_of("logprob", p, t, ended), self._score, p, t, ended) for p, t in asked]

    def _score(self, prompt: str, target: str, ended: bool) -> list[float] | None:
        if len(prompt.split()) + len(target.split()) > self.context:
            return None
        known = set(_words(prompt))
        end = [(-1.0 if target.endswith((".", "!", "?")) else -3.0) - _unit(target)] if ended else []
        return [(-1.0 if word in known else -3.0) - _unit(word) for word in _words(target)] + end

    def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
        return [[word.end() for word in _found(text.casefold())] for text in texts]

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        self.history += states
        return [[self._answered(key_of(s, q), self._decide, s, q) for q in questions] for s in states]

    def _decide(self, state: str, question: Question) -> Answer:
        if len(state.split()) > self.context:
            return Answer((), None, None, 0.0)
        n = len(labels(question))
        at = _unit(state + question.text) * (n - 1)
        weights = [math.exp(-abs(i - at)) for i in range(n)]
        shown = [math.log(w / sum(weights)) for w in weights]
        back = shown if question.kind == "predicate" else shown[::-1]
        return answer(question, shown, None if question.orders == "forward" else back)


def _words(text: str) -> list[str]:
    return [word[0] for word in _found(text.casefold())]


def _found(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"\w+", text)) or list(re.finditer(r"\S+", text))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")


def _unit(text: str) -> float:
    return _hash(text) / 2**48


def open(spec: Spec) -> Echo:
    """`echo`, or `echo:FILE` with one completion per line."""
    if not spec.model:
        return Echo()
    if not Path(spec.model).is_file():
        raise UsageFault(f"the script {spec.model} of the echo model is not a file", "give a text file, or plain: echo")
    return Echo([line for line in Path(spec.model).read_text(encoding="utf-8").splitlines() if line.strip()])
