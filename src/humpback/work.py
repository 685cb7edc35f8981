"""What the jobs of a run do to a shard: read it, ask the stage, write what came of it. They run wherever the engine is.

A stage that renders a prompt which its plan does not name is refused: its rows would be taken for those of another prompt.
"""

import gc
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from humpback import lm as language_models
from humpback import prompts, store
from humpback.config import Config
from humpback.engine import Hands
from humpback.errors import HumpbackError
from humpback.ledger import Ledger
from humpback.lm import LM, Usage
from humpback.lm.spec import fingerprint
from humpback.schema import Row
from humpback.stage import Chain, Drop, LMStage, Outcome, Stage
from humpback.store import Again, Dataset

# Of a measurement in work, in its folder: what models have answered, by model.
ANSWERS = ".answers"


@contextmanager
def watched(name: str, named: frozenset[str]) -> Iterator[None]:
    """Raises `HumpbackError` where the work called `name` renders a prompt that is none of those `named` by its plan."""
    with prompts.noted() as used:
        yield
    if used - named:
        raise HumpbackError(
            f"the stage {name!r} rendered {min(used - named)!r}, which its plan does not name",
            "this is a bug of the stage: its config must name what it reads (Config.reads)",
        )


@dataclass(frozen=True)
class PlannedStage:
    """A stage with its plan, and the prompts that the plan names."""

    stage: Stage | Chain
    plan: dict[str, Any]
    prompts: frozenset[str]

    @classmethod
    def of(cls, stage: Stage | Chain) -> "PlannedStage":
        with prompts.noted() as named:
            plan = stage.plan
        return cls(stage, plan, frozenset(named))

    def watched(self) -> AbstractContextManager[None]:
        return watched(self.stage.name, self.prompts)


def map_shard(planned: PlannedStage, folder: Path, shard: tuple[int, Path], hands: Hands) -> int:
    """Run the stage over one shard and write what came of it; returns how many rows were read."""
    stage, (index, path) = planned.stage, shard
    started, source = time.time(), store.read_rows(path)
    rows: Iterator[Row] = iter(source)
    ledgers = []
    with planned.watched(), without_collections():
        for step in stage.steps if isinstance(stage, Chain) else (stage,):
            ledger = Ledger(step.name, step.reads == "records")
            outcomes: Iterable[Outcome] = step.function(step.config, ledger.reading(rows))
            rows = ledger.keeping(hands.watch.over(outcomes) if hands.watch and step.reads == "records" else outcomes)
            ledgers.append(ledger)
        kept = list(rows)
    store.write_shard(folder, index, kept, ledgers, stage.columns, time.time() - started)
    return len(source)


@contextmanager
def without_collections() -> Iterator[None]:
    """Rows and pages are freed when the last reference goes; looking for rings among them costs a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def map_whole(planned: PlannedStage, source: Path, folder: Path, _: Hands) -> int:
    """A stage that sees the whole dataset, row after row."""
    stage = planned.stage
    assert isinstance(stage, Stage)
    ledger, started = Ledger(stage.name), time.time()
    with planned.watched():
        rows = ledger.keeping(stage.function(stage.config, Again(Dataset(source), ledger)))
        store.write_split(folder, rows, ledger, stage.columns, stage.shard_rows, started)
    return 1


def originate(planned: PlannedStage, folder: Path, hands: Hands) -> int:
    """Rows that no other rows were made into (files, metrics). What models answer is remembered in the folder."""
    stage = planned.stage
    assert isinstance(stage, Stage)
    ledger, started, asked = Ledger(stage.name, reads_records=True), time.time(), AskedModels(folder, hands)
    try:
        with planned.watched():
            rows = stage.function(stage.config, asked.open) if isinstance(stage, LMStage) else stage.function(stage.config)
            kept = list(ledger.keeping(rows))
    finally:
        ledger.spent = _part(asked.forget(), 1.0)
    store.write_shard(folder, 0, kept, [ledger], stage.columns, time.time() - started)
    for file in folder.glob(ANSWERS + "*"):
        file.unlink()
    return 1


def fill(
    name: str, named: frozenset[str], function: Callable[..., object], config: Config, folder: Path, hands: Hands
) -> None:
    """A step that fills a folder; `named` are the prompts that its plan names."""
    with watched(name, named):
        function(config, folder, hands)


class AskedModels:
    """The models that a measurement asks, each with a journal of its own, and what they took."""

    def __init__(self, folder: Path, hands: Hands) -> None:
        self._folder, self._hands = folder, hands
        self._before: list[tuple[LM, Usage]] = []

    def open(self, spec: str) -> LM:
        lm = self._hands.open(spec)
        if not any(lm is known for known, _ in self._before):
            self._before.append((lm, lm.usage))
            # Two models may have one name, and be asked the same.
            own = hashlib.sha256(fingerprint(spec).encode()).hexdigest()[:16]
            lm.remember(self._folder / f"{ANSWERS}-{own}", self._hands.heard)
        return lm

    def forget(self) -> Usage:
        for lm, _ in self._before:
            lm.remember(None)
        return sum((lm.usage - before for lm, before in self._before), Usage())


def ask_window(planned: PlannedStage, folder: Path, window: list[tuple[int, Path]], hands: Hands) -> int:
    """Run an LM stage over the shards of `window` at once; the model's answers are in a journal until all are written."""
    stage = planned.stage
    assert isinstance(stage, LMStage)
    lm = hands.open(stage.lm)
    started, before = time.time(), lm.usage
    rows = {i: store.read_rows(path) for i, path in window}
    owner = {row["id"]: i for i, _ in window for row in rows[i]}
    outcomes: dict[int, list[Outcome]] = {i: [] for i, _ in window}
    journal = folder / f".window-{window[0][0]:05d}.answers"
    lm.remember(journal, hands.heard)
    try:
        with planned.watched():
            for outcome in stage.function(stage.config, [row for i, _ in window for row in rows[i]], lm):
                outcomes[_owner(outcome, owner)].append(outcome)
    finally:
        lm.remember(None)
    took, spent = time.time() - started, lm.usage - before
    for i, _ in window:
        share = len(rows[i]) / max(len(owner), 1)
        if not (folder / store.shard_name(i)).exists():
            ledger = Ledger(stage.name, spent=_part(spent, share))
            list(ledger.reading(rows[i]))
            store.write_shard(folder, i, list(ledger.keeping(outcomes[i])), [ledger], stage.columns, took * share)
    for file in folder.glob(journal.name + "*"):
        file.unlink()
    return len(owner)


def _part(spent: language_models.Usage, share: float) -> dict[str, float]:
    return {name: round(value * share, 6) for name, value in asdict(spent).items()}


def _owner(outcome: Outcome, owner: dict[str, int]) -> int:
    """The shard whose row `outcome` answers for; one that answers for none is left to the ledger of the first to refuse."""
    row = outcome.row if isinstance(outcome, Drop) else outcome
    found = owner.get(row["id"], owner.get(row.get("parent") or ""))
    return next(iter(owner.values())) if found is None else found


def windows(rows: list[int], size: int) -> list[list[int]]:
    """The numbers of consecutive shards in groups of at most `size` rows, given the `rows` of each; one shard at least."""
    groups: list[list[int]] = []
    held = 0
    for i, count in enumerate(rows):
        if not groups or held + count > size:
            groups.append([])
            held = 0
        groups[-1].append(i)
        held += count
    return groups
