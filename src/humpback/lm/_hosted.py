"""A model in processes of its own, one copy in each: closing it ends them, so that a GPU is free for whoever comes next.

Prompts are cut into jobs, by length, and whichever copy is idle takes the next one. A process that dies is started again
and its job given out once more; a job that ends two processes ends the call.
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

from humpback.orphans import die_with_parent
from humpback.errors import LMError
from humpback.lm import LM, Answer, Completion, Question, Sampling, Usage, open_here
from humpback.lm._devices import visible
from humpback.lm.spec import parse

# Prompts in a job: enough to fill several batches, few enough that all copies end at the same time. vLLM lets its batch run
# empty at the end of each.
JOB_PROMPTS, VLLM_PROMPTS = 256, 1024
TRIES = 2


@dataclass
class Job:
    """Some rows of one call: `places` in the caller's lists, the method and its arguments."""

    places: list[int]
    call: tuple[str, tuple[Any, ...]]
    tries: int = 0


@dataclass
class Worker:
    """One process, the link to it, and the job that it has."""

    process: Any
    link: Connection
    job: Job | None = None


@dataclass
class Hosted:
    """The protocol, spoken to `processes` copies of the model `spec`."""

    spec: str
    processes: int
    usage: Usage = field(default_factory=Usage)
    _journal: tuple[Path, Callable[[int], None] | None] | None = None
    _workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._workers = [self._start(number) for number in range(self.processes)]
        facts = [self._greeting(worker) for worker in self._workers]
        self.name, self.role, self.context = facts[0]

    def _start(self, number: int) -> Worker:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        share = _share(visible(), number, self.processes)
        process = context.Process(target=_serve, args=(theirs, self.spec, number, share, os.getpid()))
        process.start()
        theirs.close()
        return Worker(process, ours)

    def _greeting(self, worker: Worker) -> tuple[str, str, int]:
        facts: tuple[str, str, int] = self._heard(worker)
        return facts

    def _heard(self, worker: Worker) -> Any:
        """The next thing that `worker` says that is no progress; raises what it raised, or `LMError` if it died."""
        try:
            while True:
                kind, said = worker.link.recv()
                if kind == "answers":
                    if self._journal and self._journal[1]:
                        self._journal[1](said)
                    continue
                if kind == "fault":
                    raise said
                return said
        except (EOFError, ConnectionError):
            worker.process.join()
            raise LMError(
                f"the process of {self.spec} ended with code {worker.process.exitcode}",
                "it may lack memory: fewer processes, or ?batch_tokens=2048 (transformers), ?max_num_seqs=32 (vllm)",
                retryable=True,
            ) from None

    def close(self) -> None:
        for worker in self._workers:
            worker.link.close()
        for worker in self._workers:
            worker.process.join(20)
            if worker.process.is_alive():
                worker.process.kill()
        self._workers = []

    def remember(self, journal: Path | None, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        self._journal = (journal.with_name(journal.name + part), heard) if journal else None
        for number, worker in enumerate(self._workers):
            self._tell_journal(number, worker)

    def _tell_journal(self, number: int, worker: Worker) -> None:
        worker.link.send(("remember", (self._journal and self._journal[0], f".{number}")))
        self._heard(worker)

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        self._workers[0].link.send(("clip", (text, max_tokens)))
        (clipped, usage) = self._heard(self._workers[0])
        self.usage += usage
        return clipped[0], clipped[1]

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        def part(places: list[int]) -> tuple[str, tuple[Any, ...]]:
            return "generate", ([prompts[i] for i in places], sampling, [seeds[i] for i in places])

        return self._call([len(prompt) for prompt in prompts], part)

    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        def part(places: list[int]) -> tuple[str, tuple[Any, ...]]:
            return "logprob", ([prompts[i] for i in places], [targets[i] for i in places])

        return self._call([len(p) + len(t) for p, t in zip(prompts, targets, strict=True)], part)

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        def part(places: list[int]) -> tuple[str, tuple[Any, ...]]:
            return "decide", ([states[i] for i in places], list(questions))

        return self._call([len(state) for state in states], part)

    def _call(self, lengths: list[int], part: Callable[[list[int]], tuple[str, tuple[Any, ...]]]) -> list[Any]:
        order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
        size = JOB_PROMPTS
        if parse(self.spec).backend == "vllm":
            size = VLLM_PROMPTS if self.processes > 1 else len(order)
        jobs = deque(Job(order[i : i + size], part(order[i : i + size])) for i in range(0, len(order), size or 1))
        out: list[Any] = [None] * len(lengths)
        try:
            while jobs or any(worker.job for worker in self._workers):
                for worker in self._workers:
                    if worker.job is None and jobs:
                        _give(worker, jobs.popleft())
                links = {worker.link: number for number, worker in enumerate(self._workers) if worker.job}
                for link in wait(list(links)):
                    self._collect(links[link], jobs, out)  # type: ignore[index]
        except BaseException:
            self._drain()
            raise
        return out

    def _drain(self) -> None:
        """Hear what the others are still at, so that the next call does not take it for its own answers."""
        for worker in self._workers:
            if worker.job:
                worker.job = None
                with suppress(Exception):
                    self._heard(worker)

    def _collect(self, number: int, jobs: deque[Job], out: list[Any]) -> None:
        worker = self._workers[number]
        job, worker.job = worker.job, None
        assert job is not None
        try:
            answers, usage = self._heard(worker)
        except LMError:
            job.tries += 1
            if worker.process.is_alive() or job.tries >= TRIES:
                raise
            self._replace(number)
            jobs.appendleft(job)
            return
        self.usage += usage
        for place, answer in zip(job.places, answers, strict=True):
            out[place] = answer

    def _replace(self, number: int) -> None:
        self._workers[number].link.close()
        self._workers[number] = self._start(number)
        self._greeting(self._workers[number])
        if self._journal:
            self._tell_journal(number, self._workers[number])


def _give(worker: Worker, job: Job) -> None:
    """If the process died while idle its link is readable, and whoever collects starts another."""
    worker.job = job
    with suppress(OSError):
        worker.link.send(job.call)


def _share(devices: list[str], number: int, processes: int) -> str | None:
    """The GPUs of process `number`, as CUDA_VISIBLE_DEVICES; None on a machine without."""
    if not devices:
        return None
    each = max(1, len(devices) // processes)
    return ",".join(devices[(number * each + i) % len(devices)] for i in range(each))


def _serve(link: Connection, spec: str, number: int, devices: str | None, parent: int) -> None:
    """The life of a process: open the model, do what is asked, end when the link does."""
    die_with_parent(parent)
    if devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices
    lm: LM | None = None

    def greet() -> tuple[str, str, int]:
        nonlocal lm
        lm = open_here(spec)
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
