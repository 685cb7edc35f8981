"""A model in processes of its own, one copy in each: closing it ends them, so that a GPU is free for whoever comes next.

Prompts are cut into portions, by length, and whichever copy is idle takes the next one. A process that dies is started again
and its portion given out once more; a portion that ends two processes ends the call.
"""

import multiprocessing
import os
import pickle
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from humpback.errors import LMError
from humpback.lm import LM, Answer, Completion, Question, Sampling, Usage, open_here
from humpback.lm.devices import share, visible
from humpback.lm.spec import fingerprint, parse
from humpback.orphans import die_with_parent

TRIES = 2


@dataclass
class Portion:
    """Some rows of one call: `places` in the caller's lists, the method and its arguments."""

    places: list[int]
    call: tuple[str, tuple[Any, ...]]
    tries: int = 0


@dataclass
class Copy:
    """One process that holds the model, the link to it, and the portion that it has."""

    process: Any
    link: Connection
    portion: Portion | None = None


@dataclass
class Hosted:
    """The protocol, spoken to `processes` copies of the model `spec`."""

    spec: str
    processes: int
    usage: Usage = field(default_factory=Usage)
    _journal: tuple[Path, Callable[[int], None] | None] | None = None
    _copies: list[Copy] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.identity = fingerprint(self.spec)
        self._copies = [self._start(number) for number in range(self.processes)]
        # Each greets with what it has opened.
        greetings = [self._heard(copy) for copy in self._copies]
        self.name, self.role, self.context = greetings[0]

    def _start(self, number: int) -> Copy:
        ours, theirs = multiprocessing.Pipe()
        devices = share(visible(), number, self.processes)
        arguments = (theirs, self.spec, self.identity, devices, os.getpid())
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=arguments)
        process.start()
        theirs.close()
        return Copy(process, ours)

    def _heard(self, copy: Copy) -> Any:
        """The next thing that `copy` says that is no progress; raises what it raised, or `LMError` if it died."""
        try:
            while True:
                kind, said = copy.link.recv()
                if kind == "answers":
                    if self._journal and self._journal[1]:
                        self._journal[1](said)
                    continue
                if kind == "fault":
                    raise said
                return said
        except (EOFError, ConnectionError):
            copy.process.join()
            raise LMError(
                f"the process of {self.spec} ended with code {copy.process.exitcode}",
                "it may lack memory: fewer processes, or ?batch_tokens=2048 (transformers), ?max_num_seqs=32 (vllm)",
                retryable=True,
            ) from None

    def close(self) -> None:
        for copy in self._copies:
            copy.link.close()
        for copy in self._copies:
            copy.process.join(20)
            if copy.process.is_alive():
                copy.process.kill()
        self._copies = []

    def remember(self, journal: Path | None, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        self._journal = (journal.with_name(journal.name + part), heard) if journal else None
        for number, copy in enumerate(self._copies):
            self._tell_journal(number, copy)

    def _tell_journal(self, number: int, copy: Copy) -> None:
        copy.link.send(("remember", (self._journal and self._journal[0], f".{number}")))
        self._heard(copy)

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        clipped, was = self._first("clip", text, max_tokens)
        return clipped, was

    def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
        found: list[list[int]] | None = self._first("offsets", list(texts))
        return found

    def _first(self, call: str, *asked: Any) -> Any:
        """What the first copy says: any knows the tokenizer."""
        self._copies[0].link.send((call, asked))
        made, usage = self._heard(self._copies[0])
        self.usage += usage
        return made

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        def part(places: list[int]) -> tuple[str, tuple[Any, ...]]:
            return "generate", ([prompts[i] for i in places], sampling, [seeds[i] for i in places])

        return self._call([len(prompt) for prompt in prompts], part)

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        def part(places: list[int]) -> tuple[str, tuple[Any, ...]]:
            return "logprob", ([prompts[i] for i in places], [targets[i] for i in places], ended)

        return self._call([len(p) + len(t) for p, t in zip(prompts, targets, strict=True)], part)

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        def part(places: list[int]) -> tuple[str, tuple[Any, ...]]:
            return "decide", ([states[i] for i in places], list(questions))

        return self._call([len(state) for state in states], part)

    def _call(self, lengths: list[int], part: Callable[[list[int]], tuple[str, tuple[Any, ...]]]) -> list[Any]:
        order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
        size = max(1, parse(self.spec).options.portion(len(order), self.processes))
        cut = [order[i : i + size] for i in range(0, len(order), size)]
        portions = deque(Portion(places, part(places)) for places in cut)
        out: list[Any] = [None] * len(lengths)
        try:
            while portions or any(copy.portion for copy in self._copies):
                for copy in self._copies:
                    if copy.portion is None and portions:
                        copy.portion = portions.popleft()
                        # If the process died while idle its link is readable, and whoever collects starts another.
                        with suppress(OSError):
                            copy.link.send(copy.portion.call)
                links = {copy.link: number for number, copy in enumerate(self._copies) if copy.portion}
                for link in wait(list(links)):
                    self._collect(links[link], portions, out)  # type: ignore[index]
        except BaseException:
            self._drain()
            raise
        return out

    def _drain(self) -> None:
        """Hear what the others are still at, so that the next call does not take it for its own answers."""
        for copy in self._copies:
            if copy.portion:
                copy.portion = None
                with suppress(Exception):
                    self._heard(copy)

    def _collect(self, number: int, portions: deque[Portion], out: list[Any]) -> None:
        copy = self._copies[number]
        portion, copy.portion = copy.portion, None
        assert portion is not None
        try:
            answers, usage = self._heard(copy)
        except LMError:
            portion.tries += 1
            if copy.process.is_alive() or portion.tries >= TRIES:
                raise
            self._replace(number)
            portions.appendleft(portion)
            return
        self.usage += usage
        for place, answer in zip(portion.places, answers, strict=True):
            out[place] = answer

    def _replace(self, number: int) -> None:
        self._copies[number].link.close()
        self._copies[number] = self._start(number)
        self._heard(self._copies[number])
        if self._journal:
            self._tell_journal(number, self._copies[number])


def _serve(link: Connection, spec: str, identity: str, devices: str | None, parent: int) -> None:
    """The life of a process: open the model, do what is asked, end when the link does."""
    die_with_parent(parent)
    if devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices
    lm: LM | None = None

    def greet() -> tuple[str, str, int]:
        nonlocal lm
        lm = open_here(spec, identity)
        return lm.name, lm.role, lm.context

    with suppress(EOFError, ConnectionError):
        link.send(_tried(greet))
        while lm is not None:
            method, asked = link.recv()
            link.send(_tried(partial(_answer, lm, method, asked, link)))


def _tried(work: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "done", work()
    except Exception as error:  # noqa: BLE001 - it is raised again where it was asked for
        return "fault", _sendable(error)


def _answer(lm: LM, method: str, asked: tuple[Any, ...], link: Connection) -> Any:
    if method == "remember":
        lm.remember(asked[0], lambda count: link.send(("answers", count)), asked[1])
        return None
    before = lm.usage
    made = getattr(lm, method)(*asked)
    return made, lm.usage - before


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever cannot travel is told in words
        return LMError(f"{type(error).__name__}: {error}", "this looks like a bug; --debug shows where")
    return error
