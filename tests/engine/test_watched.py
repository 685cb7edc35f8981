"""Jobs over hostile pages: what hangs, crashes or eats the memory costs its page and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from humpback.engine import Hands, Job, Needs
from humpback.engine import _watched as watched
from humpback.engine._watched import run_watched
from humpback.errors import HumpbackError
from humpback.stage import Drop, Outcome


def pages(names: list[str]) -> Iterator[Outcome]:
    for name in names:
        yield {"id": name}


def work(shard: tuple[int, list[str]], hands: Hands) -> list[tuple[str, str]]:
    """What became of each page, worked on as it comes: the name says what the page does to its process."""
    out = []
    assert hands.watch
    for outcome in hands.watch.over(pages(shard[1])):
        if isinstance(outcome, Drop):
            out.append((outcome.row["id"], outcome.reason))
            continue
        faults = {
            "hangs": lambda: time.sleep(60),
            "crashes": lambda: os.kill(os.getpid(), signal.SIGKILL),
            "eats": lambda: bytearray(1 << 40),
        }
        faults.get(outcome["id"].split("-")[0], lambda: None)()
        out.append((outcome["id"], "kept"))
    return out


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "PAGE_SECONDS", 1)


def job(tmp_path: Path, what: Callable[[Any, Hands], Any], *shards: list[str]) -> Job:
    return Job(what, list(enumerate(shards)), Needs(note=lambda shard: tmp_path / f"{shard[0]}.page"))


def run(tmp_path: Path, *shards: list[str], workers: int = 2) -> list[list[tuple[str, str]]]:
    found = sorted(run_watched(job(tmp_path, work, *shards), workers))
    assert not list(tmp_path.iterdir())
    return found


@pytest.mark.parametrize("fault", [pytest.param("hangs", marks=pytest.mark.slow), "crashes", "eats"])
def test_a_hostile_page_is_dropped_and_the_others_are_kept(tmp_path: Path, fault: str) -> None:
    """One page that never ends would end a run of a million others."""
    assert run(tmp_path, ["a", fault, "b"]) == [[("a", "kept"), (fault, "too_costly"), ("b", "kept")]]


def test_several_hostile_pages_in_several_shards(tmp_path: Path) -> None:
    """A restart must not forget what an earlier one condemned, nor hold up the other shards."""
    found = run(tmp_path, ["crashes-first", "a", "crashes-2"], ["b"], ["eats", "c"])
    assert found == [
        [("b", "kept")],
        [("crashes-first", "too_costly"), ("a", "kept"), ("crashes-2", "too_costly")],
        [("eats", "too_costly"), ("c", "kept")],
    ]


def die(shard: Any, hands: Hands) -> None:
    os._exit(7)


def fail(shard: tuple[int, list[str]], hands: Hands) -> Any:
    if shard[0] == 0:
        raise HumpbackError("the job failed", "try again")
    return work(shard, hands)


def ask(shard: Any, hands: Hands) -> None:
    hands.open("echo")


def test_a_death_at_no_page_is_an_error_and_no_endless_loop(tmp_path: Path) -> None:
    """What dies before its first page would be begun anew for ever."""
    with pytest.raises(HumpbackError, match=r"a worker process died \(7\)"):
        list(run_watched(job(tmp_path, die, ["a"]), 1))


def test_a_typed_error_comes_back_and_stops_the_rest(tmp_path: Path) -> None:
    """An error is no hostile page: it reaches the user with its hint."""
    with pytest.raises(HumpbackError) as caught:
        list(run_watched(job(tmp_path, fail, ["a"], ["hangs"]), 2))
    assert (caught.value.fact, caught.value.hint) == ("the job failed", "try again")


def test_no_model_is_asked_where_pages_are_read(tmp_path: Path) -> None:
    """Each process that a page ended would open it again."""
    with pytest.raises(HumpbackError, match="echo was asked for where pages are read"):
        list(run_watched(job(tmp_path, ask, ["a"]), 1))


ORPHANS = """
import sys, time
from pathlib import Path
from humpback.engine import Job, Needs
from humpback.engine._watched import run_watched

def what(shard, hands):
    print(shard, flush=True)

needs = Needs(note=lambda shard: Path(sys.argv[1], str(shard)))
for _ in run_watched(Job(what, range(3), needs), 3):
    time.sleep(60)
"""


@pytest.mark.slow
def test_workers_do_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    """An orphan holds the run's lock, and the same command typed again is refused."""
    with subprocess.Popen([sys.executable, "-c", ORPHANS, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        parent.stdout.readline()
        parent.kill()
        # The pipe is closed when the last process that holds it has ended.
        parent.communicate(timeout=30)


def test_pages_that_end_too_many_processes_stop_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of nothing but hostile pages must not take a day."""
    monkeypatch.setattr(watched, "MOST_RESTARTS", 2)
    with pytest.raises(HumpbackError, match="after 2 others"):
        run(tmp_path, [f"crashes-{i}" for i in range(5)])
