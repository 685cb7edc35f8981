"""The engine of one machine: shards in a pool of processes, models and trainings one at a time in this process.

A language model that has several devices works in processes of its own (`lm/_hosted.py`).
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from humpback import lm as language_models
from humpback.engine import Engine, Hands, Job, nobody
from humpback.engine._watched import run_watched
from humpback.errors import HumpbackError
from humpback.orphans import die_with_parent
from humpback.progress import Progress


class LocalEngine(Engine):
    """Processes and the model that was asked last stay until the engine is closed."""

    def __init__(self, workers: int = 1, progress: Progress | None = None) -> None:
        self.workers = workers
        self.progress = progress or Progress(quiet=True)
        self._pool: ProcessPoolExecutor | None = None
        self._lm: tuple[str, language_models.LM] | None = None

    def run(self, job: Job, heard: Callable[[int], None]) -> Iterator[Any]:
        if job.needs.alone:
            self._close_lm()
        if job.needs.note:
            for load in job.needs.load if job.shards else ():
                load()
            yield from run_watched(job, self.workers)
        elif job.needs.model or job.needs.alone or self.workers == 1 or len(job.shards) == 1:
            hands = Hands(self.open, heard, self.progress)
            yield from (job.what(shard, hands) for shard in job.shards)
        else:
            yield from self._in_pool(job)

    def open(self, spec: str) -> language_models.LM:
        """The language model `spec`; the one before it is closed, since two may not fit."""
        if self._lm is None or self._lm[0] != spec:
            self._close_lm()
            self._lm = (spec, language_models.open(spec))
        return self._lm[1]

    def _in_pool(self, job: Job) -> Iterator[Any]:
        context = multiprocessing.get_context("spawn")
        self._pool = self._pool or ProcessPoolExecutor(self.workers, context, die_with_parent, (os.getpid(),))
        futures = [self._pool.submit(job.what, shard, quiet()) for shard in job.shards]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            self._pool = None
            raise HumpbackError(
                "a worker process died (out of memory, or killed)", "run the same command again, or with --workers 1"
            ) from None
        finally:
            for future in futures:
                future.cancel()

    def _close_lm(self) -> None:
        if self._lm:
            self._lm[1].remember(None)
            self._lm[1].close()
        self._lm = None

    def close(self) -> None:
        self._close_lm()
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def open(workers: int, progress: Progress) -> Engine:
    """The engine of this name, for the command line."""
    return LocalEngine(workers, progress)


def quiet() -> Hands:
    """The hands of a job in a process of its own, from which nothing is heard; a model is opened there."""
    return Hands(language_models.open, nobody, Progress(quiet=True))
