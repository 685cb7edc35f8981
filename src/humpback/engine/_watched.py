"""Jobs over pages that nobody vouches for: each in a process of its own, which ends if one page takes too much.

A page that hangs the parser or eats the memory ends the process, and no exception could have stopped it. The process
notes which page it is at; the job then begins anew, and drops that page.
"""

import faulthandler
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from humpback.engine import Hands, Job, nobody
from humpback.errors import HumpbackError
from humpback.progress import Progress
from humpback.stage import Drop, Outcome

# Pages take milliseconds; the largest of the hostile ones that are let through take a second or two.
PAGE_SECONDS = 10
PAGE_BYTES = 1 << 30
TOO_COSTLY = "too_costly"
NOTE_CHARS = 64
# A file of nothing else is not worth a day.
MOST_RESTARTS = 50


class Watch:
    """Notes the page that a process is at, and ends the process when the page takes longer than `seconds`."""

    def __init__(self, note: Path, condemned: frozenset[str], seconds: float) -> None:
        self.note = note
        self.condemned = condemned
        self.seconds = seconds
        self._armed = 0.0

    def over(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """`outcomes`, each noted before whatever comes next is done with it; pages that ended a process are dropped."""
        parent = os.getppid()
        with self.note.open("w", encoding="utf-8") as file, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            for outcome in outcomes:
                if isinstance(outcome, Drop) or outcome["id"] not in self.condemned:
                    self._at(outcome, file.fileno(), nowhere.fileno())
                    yield outcome
                else:
                    yield Drop(outcome, TOO_COSTLY, f"over {self.seconds:g} s or {PAGE_BYTES >> 20} MiB, or a crash")
                if os.getppid() != parent:
                    os._exit(1)
        faulthandler.cancel_dump_traceback_later()

    def _at(self, outcome: Outcome, file: int, nowhere: int) -> None:
        row = outcome.row if isinstance(outcome, Drop) else outcome
        # A shorter id must not end in the rest of a longer one.
        os.pwrite(file, row["id"].ljust(NOTE_CHARS).encode(), 0)
        now = time.monotonic()
        # Setting the alarm takes as long as a small page.
        if now - self._armed > 1:
            self._armed = now
            faulthandler.dump_traceback_later(self.seconds + 1, exit=True, file=nowhere)


@dataclass
class _Task:
    """A shard of a job, and the pages of it that ended a process."""

    what: Callable[[Any, Hands], Any]
    shard: Any
    note: Path
    condemned: set[str] = field(default_factory=set)


@dataclass
class _Worker:
    """A process that does one job after another; `task` is the one it is at."""

    process: BaseProcess
    link: Connection
    task: _Task | None = None


def run_watched(job: Job, workers: int) -> Iterator[Any]:
    """What came of every shard of `job`, in the order in which they end.

    What a shard raises stops the rest and is raised here. Raises `HumpbackError` where a process dies at no page, or again
    and again.
    """
    assert job.needs.note is not None
    waiting = [_Task(job.what, shard, job.needs.note(shard)) for shard in reversed(job.shards)]
    crew: list[_Worker] = []
    try:
        while waiting or any(worker.task for worker in crew):
            _hand_out(waiting, crew, workers)
            for link in wait([worker.link for worker in crew if worker.task]):
                worker = next(worker for worker in crew if worker.link is link)
                task, answer = _answer(worker)
                if answer is None:
                    crew.remove(worker)
                    waiting.append(task)
                else:
                    yield answer.value
    finally:
        for worker in crew:
            worker.process.terminate()
            worker.process.join()


def _hand_out(waiting: list[_Task], crew: list[_Worker], workers: int) -> None:
    while waiting and (len(crew) < workers or not all(worker.task for worker in crew)):
        idle = next((worker for worker in crew if not worker.task), None)
        if idle is None:
            idle = _hired()
            crew.append(idle)
        idle.task = waiting.pop()
        watch = Watch(idle.task.note, frozenset(idle.task.condemned), PAGE_SECONDS)
        idle.link.send((idle.task.what, idle.task.shard, watch))


def _hired() -> _Worker:
    # Forking takes milliseconds, starting anew half a second; elsewhere than on Linux it is not safe.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


@dataclass(frozen=True)
class _Answer:
    """What a job gave, or the exception that it raised."""

    value: Any = None
    error: BaseException | None = None


def _work(link: Connection, parent: int) -> None:
    """Do jobs until the process `parent` is gone."""
    with suppress(EOFError, OSError):
        while True:
            # Another worker may have inherited the other end of the link, which then outlives its owner.
            while not link.poll(1):
                if os.getppid() != parent:
                    return
            what, shard, watch = link.recv()
            _limit_memory()
            try:
                answer = _Answer(what(shard, Hands(_no_model, nobody, Progress(quiet=True), watch)))
            except MemoryError:
                os._exit(1)
            except BaseException as error:  # noqa: BLE001 - it is raised again where the job was given
                answer = _Answer(error=error)
            link.send(answer)


def _no_model(spec: str) -> Any:
    raise HumpbackError(f"{spec} was asked for where pages are read", "this is a bug: a stage over pages asks no model")


def _limit_memory() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + PAGE_BYTES, resource.RLIM_INFINITY))


def _answer(worker: _Worker) -> tuple[_Task, _Answer | None]:
    """The task that `worker` was at, and its answer; None if the process died at a page, which is condemned."""
    task, worker.task = worker.task, None
    assert task is not None
    try:
        answer: _Answer = worker.link.recv()
    except (EOFError, OSError):
        worker.process.join()
        _condemn(task, worker.process.exitcode)
        return task, None
    task.note.unlink(missing_ok=True)
    if answer.error:
        raise answer.error
    return task, answer


def _condemn(task: _Task, exitcode: int | None) -> None:
    page = task.note.read_text(encoding="utf-8").strip() if task.note.exists() else ""
    if not page or page in task.condemned or len(task.condemned) >= MOST_RESTARTS:
        raise HumpbackError(
            f"a worker process died ({exitcode}) at page {page!r}, after {len(task.condemned)} others",
            "run the same command again; if it dies again, leave out the input it was reading",
        )
    task.condemned.add(page)
