"""Engines run jobs, here or elsewhere; they know nothing of Parquet and rows. All work of a run goes through `Engine.run`.

Another engine is one more file beside `local.py` with a function `open(workers, progress) -> Engine`: it takes a job, gives
each of its shards to `job.what` where there is room and what it needs, and gives back what came of them as they end.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from humpback.errors import UsageFault
from humpback.progress import Progress

if TYPE_CHECKING:
    from humpback.engine._watched import Watch
    from humpback.lm import LM


@dataclass(frozen=True)
class Hands:
    """What an engine gives to a job where it runs.

    `open` opens a language model by name; it stays open until another one is asked for. `heard` is told how many answers
    models gave, as they come. `watch` is over pages, in jobs that are `watched`.
    """

    open: "Callable[[str], LM]"
    heard: Callable[[int], None]
    progress: Progress
    watch: "Watch | None" = None


@dataclass(frozen=True)
class Needs:
    """What the work on a shard takes.

    `model`: it asks language models. `alone`: it fills the machine (a training), so that nothing else may be held open.
    `note`: pages that nobody vouches for are read, each shard in a process that may be ended; the path of a shard's note
    tells at which page it is. `load` loads what is dear to load and shared, once in each process or before they are forked.
    """

    model: bool = False
    alone: bool = False
    note: Callable[[Any], Path] | None = None
    load: Sequence[Callable[[], object]] = field(default=())


@dataclass(frozen=True)
class Job:
    """`what(shard, hands)` for each of `shards`. All of it must be picklable; results do not depend on where it runs."""

    what: Callable[[Any, Hands], Any]
    shards: Sequence[Any]
    needs: Needs = Needs()


class Engine(AbstractContextManager["Engine"], Protocol):
    """Runs jobs; `workers` is how many shards are in work at once where they need no model."""

    workers: int

    def run(self, job: Job, heard: Callable[[int], None]) -> Iterator[Any]:
        """What came of each shard, in the order in which they end. What a shard raises stops the rest and is raised here."""
        ...

    def close(self) -> None:
        """Give back what is held: processes, models. Whoever runs another job after that gets new ones."""
        ...

    def __exit__(self, *_: object) -> None:
        self.close()


def nobody(_: int) -> None:
    """Hears nothing, where nobody is to hear how many answers came."""


def open(name: str, workers: int, progress: Progress) -> Engine:
    """The engine `name`; raises `UsageFault` if there is none."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    if name not in known:
        raise UsageFault(f"there is no engine {name!r}", f"choose one of: {', '.join(known)}")
    made: Engine = importlib.import_module(f"humpback.engine.{name}").open(workers, progress)
    return made
