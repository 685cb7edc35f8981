"""Run jobs on this machine: in this process for one worker, else in a pool of spawned processes."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from typing import Any

from humpback.errors import HumpbackError

Job = Callable[[], Any]


class LocalEngine(AbstractContextManager["LocalEngine"]):
    """`workers` processes that live as long as the engine; results come in the order in which jobs end."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def run(self, jobs: Sequence[Job]) -> Iterator[Any]:
        """The result of every job. A job's exception stops the rest and is raised here; jobs must be picklable."""
        if self.workers == 1 or len(jobs) == 1:
            yield from (job() for job in jobs)
            return
        self._pool = self._pool or ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn"))
        futures = [self._pool.submit(job) for job in jobs]
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

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
