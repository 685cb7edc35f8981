"""Every prompt is a file here, named `<use>-v<version>.txt`; its text is part of the plan of each stage that renders it.

A prompt that changes gets a new version and a new file: a judgement made under the old words stays reproducible. Who renders
what is noted (`noted`), so that a stage whose plan does not name a prompt that it used is refused.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from humpback.errors import UsageFault

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def names() -> list[str]:
    """The names of all prompts, sorted."""
    files = resources.files(__name__).iterdir()
    return sorted(f.name.removesuffix(".txt") for f in files if f.name.endswith(".txt"))


_NOTES: ContextVar[set[str] | None] = ContextVar("prompts that were used", default=None)


@contextmanager
def noted() -> Iterator[set[str]]:
    """Inside, the names of all prompts that are read or rendered are entered into the set."""
    used: set[str] = set()
    token = _NOTES.set(used)
    try:
        yield used
    finally:
        _NOTES.reset(token)


def _note(name: str) -> None:
    notes = _NOTES.get()
    if notes is not None:
        notes.add(name)


def digests(*wanted: str) -> dict[str, str]:
    """Name -> sha256 of the text of each prompt, for `Config.reads`."""
    return {name: hashlib.sha256(source(name).encode()).hexdigest() for name in wanted}


def source(name: str) -> str:
    """The template text of the prompt `name`; raises `UsageFault` if there is none."""
    _note(name)
    return _text(name)


@cache
def _text(name: str) -> str:
    path = resources.files(__name__) / f"{name}.txt"
    if not path.is_file():
        raise UsageFault(f"there is no prompt {name!r}", f"choose one of: {', '.join(names())}")
    return path.read_text(encoding="utf-8").rstrip("\n")


def render(name: str, **values: Any) -> str:
    """The prompt `name` with its slots filled; a missing slot raises `jinja2.UndefinedError`."""
    _note(name)
    return _template(name).render(**values).rstrip("\n")


@cache
def _template(name: str) -> Template:
    return _ENVIRONMENT.from_string(_text(name))
