"""Finished answers of a stage in work, one line each: a killed run asks the model again for what was in flight alone.

A line is keyed by what was asked. Local models are asked in batches, and a batch is one line: it is answered whole or
not at all, so that a run that goes on forms the same batches and gets the same numbers. Servers answer request by request.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from humpback.lm import Answer, Completion, Usage

Given = Completion | Answer | list[float] | None


class Journal:
    """The file `path` + `part` to append to; what it and its siblings (any `part`) hold is known from the start.

    `heard` is told how many answers each new or remembered line brought.
    """

    def __init__(self, path: Path, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._heard = heard or _nobody
        own = path.with_name(path.name + part)
        for file in sorted(path.parent.glob(path.name + "*")):
            good = self._read(file)
            if file == own:
                os.truncate(own, good)
        self._file = own.open("ab")

    def _read(self, path: Path) -> int:
        """The bytes of whole lines in `path`: a kill may have cut the last one off, or a sibling be at it."""
        good = 0
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            entry = orjson.loads(line)
            self._known[entry["key"]] = entry
            good += len(line)
        return good

    def recall(self, key: str) -> tuple[list[Given], Usage] | None:
        """What was answered under `key`, and what it took; None if nothing was."""
        entry = self._known.get(key)
        if entry is None:
            return None
        self._heard(len(entry["answers"]))
        return [_unpack(answer) for answer in entry["answers"]], Usage(**entry["usage"])

    def record(self, key: str, answers: Sequence[Given], usage: "Usage") -> None:
        entry = {"key": key, "answers": [_pack(answer) for answer in answers], "usage": asdict(usage)}
        self._file.write(orjson.dumps(entry) + b"\n")
        self._file.flush()
        self._heard(len(answers))

    def close(self) -> None:
        self._file.close()


class Remembers:
    """What a backend does with its journal: `answered` asks only for what the journal does not answer."""

    usage = Usage()
    _journal: Journal | None = None

    def remember(self, journal: Path | None, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        if self._journal:
            self._journal.close()
        self._journal = Journal(journal, heard, part) if journal else None

    def answered(self, key: str, ask: Callable[[], tuple[list[Given], Usage]]) -> list[Given]:
        """The answers under `key`, from the journal or else from `ask`; what they took counts either way."""
        known = self.recalled(key)
        if known is not None:
            return known
        answers, usage = ask()
        self.recorded(key, answers, usage)
        return answers

    def recalled(self, key: str) -> list[Given] | None:
        """What the journal answers under `key`; it counts as used."""
        known = self._journal.recall(key) if self._journal else None
        self.usage += known[1] if known else Usage()
        return known[0] if known else None

    def recorded(self, key: str, answers: list[Given], usage: Usage) -> None:
        if self._journal:
            self._journal.record(key, answers, usage)
        self.usage += usage


def _nobody(_: int) -> None:
    """Hears nothing."""


def key_of(*asked: Any) -> str:
    """A digest of what was asked: the call, its prompts or token ids, its sampling, its seeds."""
    return hashlib.blake2b(orjson.dumps(asked, default=_plain), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else asdict(value)


def _pack(answer: Given) -> Any:
    return asdict(answer) if isinstance(answer, Completion | Answer) else answer


def _unpack(packed: Any) -> Given:
    if isinstance(packed, dict):
        if "text" in packed:
            return Completion(**packed)
        return Answer(**{**packed, "probabilities": tuple(packed["probabilities"])})
    given: list[float] | None = packed
    return given
