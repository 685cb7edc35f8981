"""The folder of one experiment: `run.map` for stages, `run.step` for training and reports, `run.load` to read again.

Each is idempotent: what is finished returns at once, so that a recipe is a plain function and a killed run is resumed by
typing its command again. A folder is finished by its last rename; nothing else remembers what was done.
"""

import fcntl
import functools
import gc
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from humpback import lm as language_models
from humpback import prompts, store
from humpback.config import Config, differences, digest
from humpback.engine.local import LocalEngine
from humpback.engine.watched import Watch, run_watched
from humpback.errors import HumpbackError, NothingKept, UsageFault
from humpback.lm.spec import fingerprint, same
from humpback.progress import Meter, Progress
from humpback.schema import Row
from humpback.stage import Chain, Drop, LMStage, Outcome, Stage
from humpback.store import Dataset, Ledger, Totals

RUN_FILE = "run.json"


class Run:
    """One experiment in `folder`. `again` is the command that makes another run of it, for error messages."""

    def __init__(
        self,
        folder: Path | str,
        recipe: str,
        config: Config,
        *,
        workers: int = 1,
        reuse: Path | None = None,
        again: str = "humpback run RECIPE --out ANOTHER",
        progress: Progress | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.recipe = recipe
        self.config = config
        self.again = again
        self.progress = progress or Progress(quiet=True)
        self.engine = LocalEngine(workers)
        self._donors = finished(reuse) if reuse else {}
        self._count = 0
        self._lm: tuple[str, language_models.LM] | None = None
        # While a measurement is in work: where its answers are remembered, and the models that it asked.
        self._journal: Path | None = None
        self._asked: list[tuple[language_models.LM, language_models.Usage]] = []
        self._lock = _lock(self.folder)
        if not any(self.folder.glob("[0-9]*[0-9]-*")):
            (self.folder / RUN_FILE).unlink(missing_ok=True)
        wanted = {"recipe": recipe, "config": config.model_dump(mode="json")}
        store.settle(self.folder / RUN_FILE, wanted, again, _without_pace)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.__exit__()
        self._close_lm()
        os.close(self._lock)

    def put(self, name: str, rows: Callable[[], Iterable[Row]], columns: pa.Schema, reads: dict[str, Any]) -> Dataset:
        """A dataset of rows that no stage made (files, metrics); `reads` is what they depend on, for the plan."""

        place = self._next(name)

        def write(folder: Path) -> None:
            ledger, started = Ledger(name, reads_records=True), time.time()
            self._journal = self.folder / f".{place.name}.answers"
            try:
                kept = list(ledger.keeping(rows()))
            finally:
                ledger.spent = _part(self._forget(), 1.0)
            store.write_shard(folder, 0, kept, [ledger], columns, time.time() - started)

        made = self._whole(place, {"stage": name, "reads": reads}, write)
        for file in self.folder.glob(f".{place.name}.answers*"):
            file.unlink()
        return made

    def map(self, name: str, stage: Stage | Chain, source: Dataset, *, may_be_empty: bool = False) -> Dataset:
        """`stage` over all shards of `source`; raises `NothingKept` where every row was dropped."""
        folder = self._next(name)
        plan = _plan(stage, source)
        if isinstance(stage, Stage) and stage.scope == "dataset":
            dataset = self._whole(folder, plan, functools.partial(_map_whole, stage, source))
        else:
            dataset = self._shards(folder, stage, source, plan)
        if not dataset.totals.rows and not may_be_empty:
            raise NothingKept(*_nothing(dataset))
        return dataset

    def step(self, name: str, function: Callable[[Path], object], plan: dict[str, Any], *, goes_on: bool = False) -> Path:
        """A folder that `function` fills: it works in `name.partial/`, which is renamed when it returns.

        A function that `goes_on` where it was killed finds what it left, if its plan is still the same.
        """
        folder = self._next(name)
        plan = {"step": name, **plan}
        if self._is_done(folder, plan):
            return folder
        self._close_lm()
        partial = self._partial(folder, plan if goes_on else None)
        started = time.time()
        store.write_json(partial / store.PLAN, plan)
        function(partial)
        manifest = {"fingerprint": digest(plan), "plan": plan, "wall_seconds": round(time.time() - started, 3)}
        store.write_json(partial / store.MANIFEST, manifest)
        partial.replace(folder)
        return folder

    def load(self, name: str) -> Dataset:
        """The finished dataset `name`, whatever its number; raises `Incomplete` or `UsageFault`."""
        found = sorted(self.folder.glob(f"[0-9]*[0-9]-{name}"))
        if not found:
            raise UsageFault(f"{self.folder} has no dataset {name!r}", f"humpback show {self.folder}")
        return Dataset(found[0])

    def _next(self, name: str) -> Path:
        self._count += 1
        return self.folder / f"{self._count:02d}-{name}"

    def _is_done(self, folder: Path, plan: dict[str, Any]) -> bool:
        if (folder / store.MANIFEST).exists():
            store.begin(folder, plan, self.again)
            return True
        donor = self._donors.get(digest(plan))
        if donor:
            store.adopt(donor, folder)
            self.progress.say(f"{folder.name:<22} taken over from {donor}")
        return donor is not None

    def _partial(self, folder: Path, plan: dict[str, Any] | None = None) -> Path:
        """The folder to work in: empty, or with what was left in it under the same `plan`."""
        partial = folder.with_name(folder.name + ".partial")
        left = partial / store.PLAN
        if not plan or not left.is_file() or differences(store.read_json(left), plan):
            shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, exist_ok=True)
        return partial

    def _whole(self, folder: Path, plan: dict[str, Any], write: Callable[[Path], None]) -> Dataset:
        """A dataset made in one go, in a partial folder: several shards whose number is not known before."""
        if not self._is_done(folder, plan):
            partial, started = self._partial(folder), time.time()
            with self.progress.meter(folder.name, 1, "pass") as meter:
                write(partial)
                store.write_json(partial / store.PLAN, plan)
                shards = len(list(partial.glob("part-*.parquet")))
                meter.close(_summary(store.finish(partial, plan, shards, started).steps))
            partial.replace(folder)
        return Dataset(folder)

    def _shards(self, folder: Path, stage: Stage | Chain, source: Dataset, plan: dict[str, Any]) -> Dataset:
        if self._is_done(folder, plan):
            return Dataset(folder)
        store.begin(folder, plan, self.again)
        started, shards = time.time(), source.shards
        todo = [i for i in range(len(shards)) if not (folder / store.shard_name(i)).exists()]
        rows = sum(store.count_rows(shards[i]) for i in todo)
        with self.progress.meter(folder.name, rows, "rows") as meter:
            if isinstance(stage, LMStage):
                for window in windows([store.count_rows(shard) for shard in shards], stage.window_rows):
                    if not set(window).isdisjoint(todo):
                        ask_window(stage, self.lm(stage.lm), shards, folder, window, meter)
            elif isinstance(stage, Chain):
                for step in stage.steps if todo else ():
                    if step.load:
                        step.load()
                watched = [(functools.partial(map_shard, stage, shards[i], folder, i), _note(folder, i)) for i in todo]
                for read in run_watched(watched, self.engine.workers):
                    meter.advance(read)
            else:
                jobs = [functools.partial(map_shard, stage, shards[i], folder, i) for i in todo]
                for read in self.engine.run(jobs):
                    meter.advance(read)
            dataset = store.finish(folder, plan, len(shards), started)
            meter.close(_summary(dataset.steps))
        return dataset

    def lm(self, spec: str) -> language_models.LM:
        """The language model `spec`, kept open until another one is asked for, or a step begins."""
        if self._lm is None or self._lm[0] != spec:
            self._close_lm()
            self._lm = (spec, language_models.open(spec))
        if self._journal and not any(lm is self._lm[1] for lm, _ in self._asked):
            self._asked.append((self._lm[1], self._lm[1].usage))
            self._lm[1].remember(self._journal, part=f".{len(self._asked)}")
        return self._lm[1]

    def _forget(self) -> language_models.Usage:
        """End the journal of a measurement; returns what the models took for it."""
        spent = sum((lm.usage - before for lm, before in self._asked), language_models.Usage())
        if self._lm:
            self._lm[1].remember(None)
        self._journal, self._asked = None, []
        return spent

    def _close_lm(self) -> None:
        if self._lm:
            self._lm[1].remember(None)
            self._lm[1].close()
        self._lm = None


def _without_pace(value: Any) -> Any:
    """Settings without what does not change the rows: how fast and how dear, at which port a model is asked, on what it is
    trained."""
    if isinstance(value, dict):
        return {name: _without_pace(each) for name, each in value.items() if name != "hardware"}
    return same(value) if isinstance(value, str) and ("?" in value or "@http" in value) else value


def _note(folder: Path, index: int) -> Path:
    return folder / f".{store.shard_name(index)}.page"


def map_shard(stage: Stage | Chain, shard: Path, folder: Path, index: int, watch: Watch | None = None) -> int:
    """Run `stage` over one shard and write what came of it; returns how many rows were read.

    `watch` is over the pages that a step reads from files.
    """
    started, source = time.time(), store.read_rows(shard)
    rows: Iterator[Row] = iter(source)
    ledgers = []
    for step in stage.steps if isinstance(stage, Chain) else (stage,):
        assert step.function is not None
        ledger = Ledger(step.name, step.reads == "records")
        outcomes: Iterable[Outcome] = step.function(ledger.reading(rows))
        rows = ledger.keeping(watch.over(outcomes) if watch and step.reads == "records" else outcomes)
        ledgers.append(ledger)
    with without_collections():
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


def ask_window(
    stage: LMStage, lm: language_models.LM, shards: list[Path], folder: Path, window: list[int], meter: Meter
) -> None:
    """Run an LM stage over the shards of `window` at once; the model's answers are in a journal until all are written."""
    assert stage.ask is not None
    started, before = time.time(), lm.usage
    rows = {i: store.read_rows(shards[i]) for i in window}
    owner = {row["id"]: i for i in window for row in rows[i]}
    outcomes: dict[int, list[Outcome]] = {i: [] for i in window}
    journal = folder / f".window-{window[0]:05d}.answers"
    lm.remember(journal, meter.answers)
    try:
        for outcome in stage.ask([row for i in window for row in rows[i]], lm):
            outcomes[_owner(outcome, owner)].append(outcome)
    finally:
        lm.remember(None)
    took, spent = time.time() - started, lm.usage - before
    for i in window:
        share = len(rows[i]) / max(len(owner), 1)
        if not (folder / store.shard_name(i)).exists():
            ledger = Ledger(stage.name, spent=_part(spent, share))
            list(ledger.reading(rows[i]))
            store.write_shard(folder, i, list(ledger.keeping(outcomes[i])), [ledger], stage.columns, took * share)
        meter.advance(len(rows[i]))
    for file in folder.glob(journal.name + "*"):
        file.unlink()


def _part(spent: language_models.Usage, share: float) -> dict[str, float]:
    return {name: round(value * share, 6) for name, value in asdict(spent).items()}


def _owner(outcome: Outcome, owner: dict[str, int]) -> int:
    """The shard whose row `outcome` answers for; one that answers for none is left to the ledger of the first to refuse."""
    row = outcome.row if isinstance(outcome, Drop) else outcome
    found = owner.get(row["id"], owner.get(row.get("parent") or ""))
    return next(iter(owner.values())) if found is None else found


def _map_whole(stage: Stage, source: Dataset, folder: Path) -> None:
    """A stage that sees the whole dataset, row after row."""
    assert stage.function is not None
    ledger, started = Ledger(stage.name), time.time()
    rows = ledger.keeping(stage.function(ledger.reading(source.rows())))
    store.write_split(folder, rows, ledger, stage.columns, stage.shard_rows, started)


def _plan(stage: Stage | Chain, source: Dataset) -> dict[str, Any]:
    if isinstance(stage, Chain):
        plan: dict[str, Any] = {"stage": stage.name, "steps": [_stage_plan(step) for step in stage.steps]}
    else:
        plan = _stage_plan(stage)
    return {**plan, "inputs": {source.path.name: source.fingerprint}}


def _stage_plan(stage: Stage) -> dict[str, Any]:
    plan: dict[str, Any] = {
        "stage": stage.name,
        "version": stage.version,
        "config": stage.config,
        "prompts": {name: digest(prompts.source(name)) for name in stage.prompts},
    }
    return {**plan, "lm": fingerprint(stage.lm)} if isinstance(stage, LMStage) else plan


def _summary(steps: list[Totals]) -> str:
    return ("\n" + " " * 23).join(_line(step, named=len(steps) > 1) for step in steps)


def _line(step: Totals, named: bool) -> str:
    drops = ", ".join(f"{count} {reason}" for reason, count in sorted(step.drops.items(), key=lambda d: -d[1]))
    made = f" -> {step.rows} rows" if step.rows != step.kept else ""
    name = f"{step.step}: " if named else ""
    counts = f"{name}read {step.read} = kept {step.kept} + dropped {step.dropped}{made}"
    return f"{counts}: {drops}" if drops else counts


def _nothing(dataset: Dataset) -> tuple[str, str]:
    step = next(step for step in dataset.steps if not step.kept)
    if not step.read:
        return f"the stage {step.step!r} read nothing", "check the paths of the inputs"
    reasons = sorted(step.drops.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{count} by {reason!r}" for reason, count in reasons)
    return (
        f"the stage {step.step!r} dropped all {step.read} rows: {listed}",
        f"the dropped rows and their values: {dataset.path / 'dropped'}; loosen {reasons[0][0]!r} or add input",
    )


def finished(run: Path) -> dict[str, Path]:
    """The finished folders of the run `run` by the fingerprint of their plan."""
    if not (run / RUN_FILE).is_file():
        raise UsageFault(f"{run} is not the folder of a run: it has no {RUN_FILE}", "check the path after --reuse")
    manifests = sorted(run.glob("*/" + store.MANIFEST))
    return {store.read_json(path)["fingerprint"]: path.parent for path in manifests}


def _lock(folder: Path) -> int:
    """Hold `folder` for this process; a training child that outlived its killed parent is waited for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        os.set_inheritable(handle, True)
    except OSError as error:
        raise UsageFault(f"cannot write to {folder}: {error.strerror}", "choose another folder after --out") from None
    for _ in range(150):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            time.sleep(0.1)
    os.close(handle)
    raise HumpbackError(f"another humpback process is working in {folder}", "wait for it, or choose another --out")
