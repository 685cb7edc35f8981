"""A language model behind three calls, opened from one string: `backend:model`, for example `transformers:runs/a/m0`.

`generate` samples, `logprob` scores given targets, `decide` answers typed questions from one prefill. The file name is
the registration: `lm/echo.py` answers to `echo:...`, `lm/embedded/` to `embedded`.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from humpback.config import Config
from humpback.errors import UsageFault

Finish = Literal["stop", "length", "too_long"]


class Sampling(Config):
    """How to draw: temperature 0 is greedy. The repetition penalty counts generated tokens alone, never the prompt's."""

    temperature: float = 0.7
    top_p: float = 0.9
    max_new_tokens: int = 512
    repetition_penalty: float = 1.0


@dataclass(frozen=True)
class Completion:
    """`text` without its end token; `logprob` is the mean over its `tokens`, in nats, under the unscaled model."""

    text: str
    finish: Finish
    tokens: int
    logprob: float | None


@dataclass(frozen=True)
class Question:
    """A typed question (decision models): `predicate` yes/no, `choice`, or `score` with levels from lowest to highest."""

    kind: Literal["predicate", "choice", "score"]
    text: str
    options: tuple[str, ...] = ("yes", "no")


@dataclass(frozen=True)
class Answer:
    """A distribution over the options. `label_mass` is the probability that fell on labels at all: the parse-failure rate.

    `score` is the expectation over levels counted from 1, `confidence` the ordinal concentration (1 = certain),
    `order_gap` how far the score moved when the options were shown in reverse. `probabilities` is empty if the prompt
    was too long.
    """

    probabilities: tuple[float, ...]
    score: float | None
    confidence: float | None
    label_mass: float
    order_gap: float | None = None


class LM(Protocol):
    """What every backend offers. Lists in, lists of the same length out, in order."""

    name: str
    role: str
    context: int

    def close(self) -> None:
        """Free what it holds; it answers no more."""
        ...

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        """`text` cut at its tail to `max_tokens`, and whether it was."""
        ...

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        """One completion per prompt; `seeds` belong to the rows, so that a draw does not depend on its batch."""
        ...

    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        """Log-probability in nats of each token of each target given its prompt; None where it does not fit."""
        ...

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        """For each state, one answer per question."""
        ...


def split(spec: str) -> tuple[str, str]:
    """(backend, model) of `backend:model`; a folder without a backend is a transformers model."""
    backend, _, model = spec.partition(":")
    if "/" in backend or backend in (".", ".."):
        return "transformers", spec
    return backend, model


def open(spec: str) -> LM:
    """The model `spec`; raises `UsageFault` for an unknown backend or a model that is not there."""
    backend, model = split(spec)
    names = backends()
    if backend not in names:
        raise UsageFault(
            f"there is no model backend {backend!r} (in {spec!r})", f"type backend:model; backends: {', '.join(names)}"
        )
    opened: LM = importlib.import_module(f"humpback.lm.{backend}").open(model)
    return opened


def backends() -> list[str]:
    """The names of all backends: the modules of this package that open models."""
    here = Path(__file__).parent
    return sorted(
        p.stem for p in here.iterdir() if p.stem not in ("__init__", "__pycache__", "chat", "decisions") and p.stem[0] != "_"
    )


def model_folder(spec: str) -> Path | None:
    """The folder that holds the weights of `spec`, if it names one on this disk."""
    backend, model = split(spec)
    if backend == "embedded":
        return Path(__file__).parent / "embedded" / "model"
    return Path(model) if backend == "transformers" and Path(model).is_dir() else None


def fingerprint(spec: str) -> str:
    """What identifies the model in a plan: its backend and, for weights on disk, the plan that made them or their digest."""
    folder = model_folder(spec)
    if folder is None:
        return spec
    from humpback.lm._identity import identify

    return f"{split(spec)[0]}:{identify(folder)}"


def reading(lm: LM, wanted: str) -> LM:
    """`lm` if its role allows the task `wanted`; a model without a role is anybody's, a wrong role is refused."""
    from humpback.errors import RoleMismatch

    if lm.role not in ("", "base", wanted):
        raise RoleMismatch(
            f"{lm.name} is a {lm.role} model, and this needs a {wanted} one", f"give the folder of a {wanted} model"
        )
    return lm


def recommended(spec: str) -> dict[str, object]:
    """The settings that the model in the folder of `spec` asks for, nested as in a recipe; empty if it has none."""
    import json

    folder = model_folder(spec)
    path = folder / "humpback.json" if folder else None
    if not path or not path.is_file():
        return {}
    settings: dict[str, object] = json.loads(path.read_text(encoding="utf-8")).get("recommended", {})
    return settings
