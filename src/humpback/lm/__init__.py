"""A language model behind three calls, opened from one string: `backend:model`, for example `transformers:runs/a/m0`.

`generate` samples, `logprob` scores given targets, `decide` answers typed questions from one prefill. The file name is
the registration: `lm/echo.py` answers to `echo:...`, `lm/embedded/` to `embedded`. `lm/spec.py` has the grammar of names.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from humpback.config import Config

if TYPE_CHECKING:
    from humpback.lm.spec import Spec

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
    `order_gap` how far the score moved when the options were shown in reverse. `label_mass` is None where a server does not
    tell it. `via` says how the answer was read: `labels` (their logits, by ourselves), `decisions`, `systemone`,
    `top_logprobs`, or `written` (one label, without probabilities). `probabilities` is empty if the prompt was too long.
    """

    probabilities: tuple[float, ...]
    score: float | None
    confidence: float | None
    label_mass: float | None
    order_gap: float | None = None
    via: str = "labels"


@dataclass(frozen=True)
class Usage:
    """What calls took: requests (or batches), tokens read and written, money in the unit of the prices given."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost + other.cost,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return self + Usage(-other.calls, -other.prompt_tokens, -other.completion_tokens, -other.cost)


class LM(Protocol):
    """What every backend offers. Lists in, lists of the same length out, in order.

    A call that a model or server cannot do at all raises `LMError` with `retryable` False; what may succeed later has it
    True.
    """

    name: str
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

    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        """Log-probability in nats of each token of each target given its prompt; None where it does not fit."""
        ...

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        """For each state, one answer per question."""
        ...


def open(spec: str) -> LM:
    """The model `spec`; raises `UsageFault` for an unknown backend or a model that is not there.

    A model on a GPU lives in a process of its own, one for each GPU, so that closing it gives all memory back.
    """
    from humpback.lm.spec import parse

    parsed = parse(spec)
    processes = _processes(parsed)
    if processes:
        from humpback.lm._hosted import Hosted

        return Hosted(spec, processes)
    return open_here(spec)


def open_here(spec: str) -> LM:
    """The model `spec` in this process."""
    from humpback.lm.spec import parse

    parsed = parse(spec)
    opened: LM = importlib.import_module(f"humpback.lm.{parsed.backend}").open(parsed)
    return opened


def _processes(parsed: "Spec") -> int:
    from humpback.lm._devices import gpus
    from humpback.lm.spec import LocalOptions, VllmOptions

    if not isinstance(parsed.options, LocalOptions):
        return 0
    if parsed.options.processes is not None:
        return parsed.options.processes
    # An engine of vLLM that ends tears down what the next one in its process would stand on.
    least, each = (1, parsed.options.tensor_parallel_size) if isinstance(parsed.options, VllmOptions) else (0, 1)
    return max(least, gpus() // each)


def backends() -> list[str]:
    """The names of all backends: the modules of this package that open models."""
    here = Path(__file__).parent
    others = ("__init__", "__pycache__", "chat", "decisions", "spec")
    return sorted(p.stem for p in here.iterdir() if p.stem not in others and p.stem[0] != "_")


def reading(lm: LM, wanted: str) -> LM:
    """`lm` if its role allows the task `wanted`; a model without a role is anybody's, a wrong role is refused."""
    from humpback.errors import RoleMismatch

    if lm.role not in ("", "base", wanted):
        raise RoleMismatch(
            f"{lm.name} is a {lm.role} model, and this needs a {wanted} one", f"give the folder of a {wanted} model"
        )
    return lm
