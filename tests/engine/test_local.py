"""Jobs, results, and what happens when one fails."""

import functools
import os

import pytest

from humpback.engine.local import LocalEngine
from humpback.errors import HumpbackError


def square(n: int) -> int:
    return n * n


def fail(n: int) -> int:
    raise HumpbackError(f"job {n} failed", "try again")


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_gives_its_result(workers: int) -> None:
    """A job that is lost in the pool is a shard that is never written."""
    with LocalEngine(workers) as engine:
        assert sorted(engine.run([functools.partial(square, n) for n in range(6)])) == [0, 1, 4, 9, 16, 25]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_typed_error_keeps_its_fact_and_hint(workers: int) -> None:
    """An exception that loses its fields between processes reaches the user as noise."""
    with LocalEngine(workers) as engine, pytest.raises(HumpbackError) as caught:
        list(engine.run([functools.partial(fail, n) for n in (7, 7)]))
    assert caught.value.fact == "job 7 failed" and caught.value.hint == "try again"


def test_a_worker_that_dies_is_said_and_not_waited_for() -> None:
    """A pool whose worker was killed for memory must not hang."""
    with LocalEngine(2) as engine, pytest.raises(HumpbackError, match="a worker process died"):
        list(engine.run([functools.partial(os._exit, 1)] * 2))
