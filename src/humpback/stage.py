"""A stage: a pure function from rows to rows and drops. It never sees a file, a worker or a run, and it is its own plan."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from humpback.config import Config, Empty, planned
from humpback.schema import Row


@dataclass(frozen=True)
class Drop:
    """`row` ends here for `reason`, a stable word that is counted; `value` is what was measured."""

    row: Row
    reason: str
    value: Any = None


Outcome = Row | Drop


@dataclass(frozen=True)
class Stage:
    """`function(config, rows)` answers for each row that it reads: with rows that carry its id (or carry it as `parent`), or
    with a `Drop` of it. An origin of rows, which `run.put` writes, reads none: `function(config)` gives rows.

    `config` holds all that the function needs: what the rows depend on is derived from it, so that nothing can be forgotten.
    `scope` says what the function sees at once: one shard (rows stay in their shard), or the whole dataset (dedup,
    selection: `rows` may be gone through more than once; the output is cut into shards of `shard_rows`). `reads="records"`
    is for stages that open files: they read what the files hold, so that each outcome counts as read. `load` loads what is
    dear to load and shared, before processes are forked. Who changes what a function makes of its rows raises `version`.
    """

    name: str
    columns: pa.Schema
    function: Callable[..., Iterable[Outcome]]
    config: Config = field(default_factory=Empty)
    version: int = 1
    scope: Literal["shard", "dataset"] = "shard"
    reads: Literal["rows", "records"] = "rows"
    shard_rows: int = 1024
    load: Callable[[], object] | None = None

    @property
    def plan(self) -> dict[str, Any]:
        """All that the rows depend on beside the rows that are read."""
        cut = {"shard_rows": self.shard_rows} if self.scope == "dataset" else {}
        return {"stage": self.name, "version": self.version, "config": planned(self.config), **cut}


@dataclass(frozen=True)
class LMStage(Stage):
    """A stage that asks a language model: `function(config, rows, lm)` is given windows of whole shards, so that the model
    has much to form its batches from, and journals what it has answered.

    Windows are made of all shards, not of those that are left, so that a run that was killed forms the same batches again
    and gets the same numbers. An origin that asks models names them in its config: `function(config, open)`.
    """

    lm: str = ""
    window_rows: int = 4096


@dataclass(frozen=True)
class Chain:
    """Steps that run over a shard row by row: what one keeps the next one reads, and what the last one keeps is written.

    For what is large in between and quickly made again (pages, on their way to segments). Each step is counted, and its
    drops are written, as if it were a stage of its own.
    """

    name: str
    steps: tuple[Stage, ...]

    @property
    def columns(self) -> pa.Schema:
        return self.steps[-1].columns

    @property
    def plan(self) -> dict[str, Any]:
        return {"stage": self.name, "steps": [step.plan for step in self.steps]}


def keep_or_drop(check: Callable[[Row], tuple[str, Any] | None], rows: Iterable[Row]) -> Iterator[Outcome]:
    """Drop each row for which `check` gives (reason, value) and keep the others as they are."""
    for row in rows:
        fault = check(row)
        yield row if fault is None else Drop(row, *fault)
