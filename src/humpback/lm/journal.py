"""Finished answers of a stage in work, one line each: a killed run asks the model again for what was in flight alone.

A line is keyed by the model's identity and what was asked. Local models are asked in batches, and a batch is one line: it is
answered whole or not at all, so that a run that goes on forms the same batches and gets the same numbers. Servers answer
request by request.
"""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from humpback.lm import Answer, Completion, Usage

Given = Completion | Answer | list[float] | None


class Journal:
    """The file `path` + `part` to append to; what it and its siblings (any `part`) hold is known from the start.

    Answers are those of the model `identity` and of no other. `heard` is told how many each new or remembered line brought.
    """

    def __init__(self, path: Path, identity: str, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._identity = identity
        self._heard = heard or (lambda _: None)
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
        entry = self._known.get(key_of(self._identity, key))
        if entry is None:
            return None
        self._heard(len(entry["answers"]))
        return [_unpack(answer) for answer in entry["answers"]], Usage(**entry["usage"])

    def record(self, key: str, answers: Sequence[Given], usage: Usage) -> None:
        packed = [asdict(each) if isinstance(each, Completion | Answer) else each for each in answers]
        entry = {"key": key_of(self._identity, key), "answers": packed, "usage": asdict(usage)}
        self._file.write(orjson.dumps(entry) + b"\n")
        self._file.flush()
        self._heard(len(answers))

    def close(self) -> None:
        self._file.close()


class Remembers:
    """What a backend does with its journal: `answered` asks only for what the journal does not answer.

    `identity` is set by `lm.open`.
    """

    identity: str
    usage = Usage()
    _journal: Journal | None = None
    _since: float | None = None

    def remember(self, journal: Path | None, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        if self._journal:
            self._journal.close()
        self._journal = Journal(journal, self.identity, heard, part) if journal else None

    def answered(self, key: str, ask: Callable[[], tuple[list[Given], Usage]]) -> list[Given]:
        """The answers under `key`, from the journal or else from `ask`; what they took counts either way."""
        known = self.recalled(key)
        if known is not None:
            return known
        self.started()
        answers, usage = ask()
        self.recorded(key, answers, usage)
        return answers

    def recalled(self, key: str) -> list[Given] | None:
        """What the journal answers under `key`; it counts as used."""
        known = self._journal.recall(key) if self._journal else None
        self.usage += known[1] if known else Usage()
        return known[0] if known else None

    def started(self) -> None:
        """The model is at work from now on."""
        self._since = time.perf_counter()

    def recorded(self, key: str, answers: list[Given], usage: Usage) -> None:
        """`answers` came. Of requests that are at work side by side each took the time since the one that ended before."""
        now = time.perf_counter()
        usage = replace(usage, seconds=0.0 if self._since is None else now - self._since)
        self._since = now
        if self._journal:
            self._journal.record(key, answers, usage)
        self.usage += usage


def key_of(*asked: Any) -> str:
    """A digest of what was asked: the call, its prompts or token ids, its sampling, its seeds."""
    return hashlib.blake2b(orjson.dumps(asked, default=_as_json), digest_size=16).hexdigest()


def _as_json(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else asdict(value)


def _unpack(packed: Any) -> Given:
    if isinstance(packed, dict):
        if "text" in packed:
            return Completion(**packed)
        return Answer(**{**packed, "probabilities": tuple(packed["probabilities"])})
    given: list[float] | None = packed
    return given
