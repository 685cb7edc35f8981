"""Jobs over pages that nobody vouches for: each in a process of its own, which ends if one page takes too much.

A page that hangs the parser or eats the memory ends the process, and no exception could have stopped it. The process
notes which page it is at; the job then begins anew, and drops that page.
"""

import faulthandler
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from humpback.errors import HumpbackError
from humpback.stage import Drop, Outcome

# Pages take milliseconds; the largest of the hostile ones that are let through take a second or two.
PAGE_SECONDS = 10
PAGE_BYTES = 1 << 30
TOO_COSTLY = "too_costly"
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
        os.pwrite(file, row["id"].encode(), 0)
        now = time.monotonic()
        # Setting the alarm takes as long as a small page.
        if now - self._armed > 1:
            self._armed = now
            faulthandler.dump_traceback_later(self.seconds + 1, exit=True, file=nowhere)


WatchedJob = Callable[[Watch], Any]


@dataclass
class _Task:
    job: WatchedJob
    note: Path
    condemned: set[str] = field(default_factory=set)
    process: BaseProcess | None = None
    answer: Connection | None = None


def run_watched(jobs: Sequence[tuple[WatchedJob, Path]], workers: int) -> Iterator[Any]:
    """The result of every job, in the order in which they end; each job comes with a path for its note.

    A job's exception stops the rest and is raised here. Raises `HumpbackError` where a process dies at no page, or again
    and again.
    """
    waiting = [_Task(job, note) for job, note in reversed(jobs)]
    running: list[_Task] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_started(waiting.pop()))
            for task in _ended(running):
                running.remove(task)
                done, value = _answer(task)
                if done:
                    task.note.unlink(missing_ok=True)
                    yield value
                else:
                    waiting.append(task)
    finally:
        for task in running:
            assert task.process is not None
            task.process.terminate()


def _started(task: _Task) -> _Task:
    # Forking takes milliseconds, starting anew half a second; elsewhere than on Linux it is not safe.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    task.answer, theirs = context.Pipe(duplex=False)
    watch = Watch(task.note, frozenset(task.condemned), PAGE_SECONDS)
    task.process = context.Process(target=_work, args=(task.job, watch, theirs), daemon=True)
    task.process.start()
    theirs.close()
    return task


def _work(job: WatchedJob, watch: Watch, answer: Connection) -> None:
    _limit_memory()
    try:
        result = (True, job(watch))
    except MemoryError:
        os._exit(1)
    except BaseException as error:  # noqa: BLE001 - it is raised again where the job was given
        result = (False, error)
    answer.send(result)
    answer.close()


def _limit_memory() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + PAGE_BYTES, resource.RLIM_INFINITY))


def _ended(running: list[_Task]) -> list[_Task]:
    ready = wait([task.answer for task in running if task.answer])
    return [task for task in running if task.answer in ready]


def _answer(task: _Task) -> tuple[bool, Any]:
    """(True, result) of a task whose process has answered; (False, None) if it died at a page, which is condemned."""
    assert task.process is not None and task.answer is not None
    try:
        fine, value = task.answer.recv()
    except (EOFError, OSError):
        task.process.join()
        _condemn(task)
        return False, None
    finally:
        task.answer.close()
    task.process.join()
    if not fine:
        raise value
    return True, value


def _condemn(task: _Task) -> None:
    page = task.note.read_text(encoding="utf-8") if task.note.exists() else ""
    if not page or page in task.condemned or len(task.condemned) >= MOST_RESTARTS:
        assert task.process is not None
        raise HumpbackError(
            f"a worker process died ({task.process.exitcode}) at page {page!r}, after {len(task.condemned)} others",
            "run the same command again; if it dies again, leave out the input it was reading",
        )
    task.condemned.add(page)
