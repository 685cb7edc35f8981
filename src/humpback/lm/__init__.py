"""A language model behind three calls, opened from one string: `backend:model`, for example `transformers:runs/a/m0`.

`generate` samples, `logprob` scores given targets, `decide` answers typed questions from one prefill. The file name is
the registration: `lm/echo.py` answers to `echo:...`, `lm/embedded/` to `embedded`. A backend has `Options`, its settings,
and `open(spec)`, and loads what is heavy when a model is opened. `lm/spec.py` has the grammar of names.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Literal, Protocol

from humpback.config import Config

Finish = Literal["stop", "length", "too_long"]
Orders = Literal["both", "forward", "checked"]


class Sampling(Config):
    """How to draw: temperature 0 is greedy. The repetition penalty counts generated tokens alone, never the prompt's."""

    temperature: float = 0.7
    top_p: float = 0.9
    max_new_tokens: int = 512
    repetition_penalty: float = 1.0


@dataclass(frozen=True)
class Completion:
    """`text` without its end token and without what the model thought; `tokens` count both. `logprob` is the mean over them,
    in nats, under the unscaled model; None where it cannot be had, or where some of them are thoughts.
    """

    text: str
    finish: Finish
    tokens: int
    logprob: float | None


@dataclass(frozen=True)
class Question:
    """A typed question (decision models): `predicate` yes/no, `choice`, or `score` with levels from lowest to highest.

    Its options are shown in both `orders`, and the answer is the mean; `forward` as they stand; or `checked`: the answer is
    that of `forward`, and the reverse is asked to see how far it depends on the order.
    """

    kind: Literal["predicate", "choice", "score"]
    text: str
    options: tuple[str, ...] = ("yes", "no")
    orders: Orders = "both"


@dataclass(frozen=True)
class Answer:
    """A distribution over the options. `label_mass` is the probability that fell on labels at all: the parse-failure rate.

    `score` is the expectation over levels counted from 1, `confidence` the ordinal concentration (1 = certain),
    `order_gap` how far the score moved when the options were shown in reverse, and `order_flips` whether another option was
    the likeliest then; both None where they were not. `label_mass` is None where a server does not tell it. `via` says how
    the answer was read: `labels` (their logits, by ourselves), `decisions`, `systemone`, `top_logprobs`, or `written` (one
    label, without probabilities). `probabilities` is empty if the prompt was too long.
    """

    probabilities: tuple[float, ...]
    score: float | None
    confidence: float | None
    label_mass: float | None
    order_gap: float | None = None
    via: str = "labels"
    order_flips: bool | None = None


@dataclass(frozen=True)
class Usage:
    """What calls took: requests (or batches), tokens read and written, money in the unit of the prices given.

    `seconds` is the time spent inside the model or before the server, added up over the processes that hold copies. Usages
    are equal whatever time they took.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = field(default=0.0, compare=False)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost + other.cost,
            self.seconds + other.seconds,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return self + Usage(-other.calls, -other.prompt_tokens, -other.completion_tokens, -other.cost, -other.seconds)


class LM(Protocol):
    """What every backend offers. Lists in, lists of the same length out, in order.

    A call that a model or server cannot do at all raises `LMError` with `retryable` False; what may succeed later has it
    True. `name` is what rows show; `identity` is `spec.fingerprint`, what plans and journals know the model by.
    """

    name: str
    identity: str
    role: str
    context: int
    usage: Usage

    def close(self) -> None:
        """Free what it holds; it answers no more."""
        ...

    def remember(self, journal: Path | None, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        """Append finished answers to the file `journal` + `part`, and take from there, and from its other parts, what they
        answer already; None: no more. `heard` is told how many answers came, as they come.
        """
        ...

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        """`text` cut at its tail to `max_tokens`, and whether it was."""
        ...

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        """One completion per prompt; `seeds` belong to the rows, so that a draw does not depend on its batch."""
        ...

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        """Log-probability in nats of each token of each target given its prompt; None where it does not fit.

        `ended`: the token that ends an answer stands after each target, and its value is the last.
        """
        ...

    def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
        """Where in each text each of its tokens as a target ends, in characters; None where no tokenizer is at hand."""
        ...

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        """For each state, one answer per question."""
        ...


def open(spec: str) -> LM:
    """The model `spec`; raises `UsageFault` for an unknown backend or a model that is not there.

    A model on a GPU lives in a process of its own, one for each GPU, so that closing it gives all memory back.
    """
    from humpback.lm.devices import gpus
    from humpback.lm.spec import parse

    processes = parse(spec).options.processes_on(gpus())
    if processes:
        from humpback.lm.hosted import Hosted

        return Hosted(spec, processes)
    return open_here(spec)


def open_here(spec: str, identity: str = "") -> LM:
    """The model `spec` in this process; `identity` is given by who knows it already, since weights are long to read."""
    from humpback.lm.spec import fingerprint, parse

    parsed = parse(spec)
    module = backend(parsed.backend)
    assert module is not None, "`parse` found it"
    opened: LM = module.open(parsed)
    opened.identity = identity or fingerprint(spec)
    return opened


def backends() -> list[str]:
    """The names of all backends: the modules of this package that have `Options` and `open`."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__) if backend(each.name))


def backend(name: str) -> ModuleType | None:
    """The module that opens models named `name:...`; None if there is none."""
    if name.startswith("_") or not name.isidentifier() or find_spec(f"{__name__}.{name}") is None:
        return None
    module = importlib.import_module(f"{__name__}.{name}")
    return module if hasattr(module, "Options") and hasattr(module, "open") else None


def reading(lm: LM, wanted: str) -> LM:
    """`lm` if its role allows the task `wanted`; a model without a role is anybody's, a wrong role is refused."""
    from humpback.errors import RoleMismatch

    if lm.role not in ("", "base", wanted):
        raise RoleMismatch(
            f"{lm.name} is a {lm.role} model, and this needs a {wanted} one", f"give the folder of a {wanted} model"
        )
    return lm
