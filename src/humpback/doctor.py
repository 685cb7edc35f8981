"""What this machine has, and whether a model answers."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from humpback import lm as language_models
from humpback.errors import HumpbackError
from humpback.lm import Sampling

CORE = ("humpback", "pyarrow", "isal", "selectolax", "rensa", "fasttext-predict", "pydantic", "typer")
LOCAL = ("torch", "transformers", "trl", "accelerate", "datasets")


def examine(lm: str) -> Iterator[str]:
    """Lines to print; raises what opening or asking the model `lm` raises."""
    yield f"python        {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    for extra, names in (("core", CORE), ("local", LOCAL)):
        found = [(name, _version(name)) for name in names]
        missing = [name for name, version in found if not version]
        yield f"{extra:<13} " + ", ".join(f"{name} {version}" for name, version in found if version)
        if missing:
            yield f"  missing     {', '.join(missing)}: pip install 'humpback[{extra}]'"
    yield f"accelerator   {_accelerator()}"
    yield f"models        {', '.join(language_models.backends())}"
    started = time.monotonic()
    try:
        opened = language_models.open(lm)
        opened_in = time.monotonic() - started
        answer = opened.generate(["Say hello."], Sampling(temperature=0, max_new_tokens=8), [0])[0]
    except HumpbackError as error:
        yield f"{lm:<13} does not answer: {error.fact}"
        raise
    yield f"{lm:<13} opened in {opened_in:.1f} s, answers {answer.text!r} ({answer.finish}), role {opened.role or 'unknown'}"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _accelerator() -> str:
    devices = sorted(Path("/dev").glob("nvidia[0-9]*"))
    return ", ".join(str(device) for device in devices) if devices else "none: models run on the CPU"
