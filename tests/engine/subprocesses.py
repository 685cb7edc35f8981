"""A second engine, to show that `Engine` is all that a run knows of one: each shard in a fresh process of its own.

Nothing is shared with the run but files, as on a cluster: jobs are pickled, models are opened where they are asked, and
several of them at once.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from humpback import lm as language_models
from humpback.engine import Engine, Hands, Job
from humpback.engine._watched import run_watched
from humpback.errors import HumpbackError
from humpback.orphans import die_with_parent
from humpback.progress import Progress


class Subprocesses(Engine):
    """`started` counts the processes: one for each shard."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.started = 0

    def run(self, job: Job, heard: Callable[[int], None]) -> Iterator[Any]:
        at_once = 1 if job.needs.model or job.needs.alone else self.workers
        waiting, working = list(job.shards)[::-1], dict[Connection, BaseProcess]()
        try:
            while waiting or working:
                while waiting and len(working) < at_once:
                    link, process = self._start(job, waiting.pop())
                    working[link] = process
                for link in wait(list(working)):
                    assert isinstance(link, Connection)
                    kind, said = _said(link, working[link])
                    if kind == "heard":
                        heard(said)
                        continue
                    working.pop(link).join()
                    link.close()
                    if kind == "raised":
                        raise said
                    yield said
        finally:
            for link, process in working.items():
                process.terminate()
                process.join()
                link.close()

    def _start(self, job: Job, shard: Any) -> tuple[Connection, BaseProcess]:
        self.started += 1
        ours, theirs = multiprocessing.Pipe()
        only = Job(job.what, [shard], job.needs)
        process = multiprocessing.get_context("spawn").Process(target=_work, args=(theirs, os.getpid(), only))
        process.start()
        theirs.close()
        return ours, process

    def close(self) -> None:
        """Nothing is held: each process ends with its shard."""


def _said(link: Connection, process: BaseProcess) -> tuple[str, Any]:
    """The next thing that a process says; raises `HumpbackError` where it died."""
    try:
        said: tuple[str, Any] = link.recv()
    except EOFError:
        process.join()
        raise HumpbackError(f"a worker process died ({process.exitcode})", "run the same command again") from None
    return said


def _work(link: Connection, parent: int, job: Job) -> None:
    die_with_parent(parent)
    lms: dict[str, language_models.LM] = {}

    def opened(spec: str) -> language_models.LM:
        lms[spec] = lms.get(spec) or language_models.open(spec)
        return lms[spec]

    try:
        if job.needs.note:
            for load in job.needs.load:
                load()
            made = list(run_watched(job, 1))
        else:
            hands = Hands(opened, lambda count: link.send(("heard", count)), Progress(quiet=True))
            made = [job.what(shard, hands) for shard in job.shards]
        link.send(("made", made[0]))
    except Exception as error:  # noqa: BLE001 - it is raised again where the job was given
        link.send(("raised", error))
    for lm in lms.values():
        lm.close()
