"""The folder of one experiment: `run.map` for stages, `run.put` for origins of rows, `run.step` for what fills a folder.

Each is idempotent: what is finished returns at once, so that a recipe is a plain function and a killed run is resumed by
typing its command again. A folder is finished by its last rename; nothing else remembers what was done. Each is given what
the folder is (`kind`, `round`, `model` ...), and `run.find` finds it by that. All work goes through the engine.
"""

import fcntl
import functools
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from humpback import prompts, store
from humpback.config import Config, differences, digest, leaves, planned
from humpback.engine import Engine, Hands, Job, Needs, nobody
from humpback.engine.local import LocalEngine
from humpback.errors import HumpbackError, NothingKept, PlanMismatch, UsageFault
from humpback.ledger import Totals
from humpback.lm.spec import fingerprint
from humpback.progress import Progress
from humpback.stage import Chain, LMStage, Stage
from humpback.store import Dataset, Finished
from humpback.work import PlannedStage, ask_window, fill, map_shard, map_whole, originate, windows

RUN_FILE = "run.json"


class Run:
    """One experiment in `folder`. `again` is the command that makes another run of it, for error messages."""

    def __init__(
        self,
        folder: Path | str,
        recipe: str,
        config: Config,
        *,
        engine: Engine | None = None,
        reuse: Path | None = None,
        again: str = "humpback run RECIPE --out ANOTHER",
        progress: Progress | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.recipe = recipe
        self.config = config
        self.again = again
        self.progress = progress or Progress(quiet=True)
        self.engine = engine or LocalEngine(progress=self.progress)
        self._donors = finished(reuse) if reuse else {}
        self._place = 0
        self._lock = _lock(self.folder)
        if not any(self.folder.glob(f"*/{store.PLAN}")):
            (self.folder / RUN_FILE).unlink(missing_ok=True)
        try:
            _settle(self.folder / RUN_FILE, recipe, config, again)
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()
        os.close(self._lock)

    def put(self, name: str, stage: Stage, **about: Any) -> Dataset:
        """Rows that an origin gives: `function(config)`, or of an `LMStage` `function(config, open)`."""
        planned_, plan, folder = self._planned(name, stage, about)

        def work(partial: Path) -> Job:
            return Job(functools.partial(originate, planned_), [partial], Needs(model=isinstance(stage, LMStage)))

        return self._whole(folder, plan, work)

    def map(self, name: str, stage: Stage | Chain, source: Dataset, *, may_be_empty: bool = False, **about: Any) -> Dataset:
        """`stage` over all shards of `source`; raises `NothingKept` where every row was dropped."""
        planned_, plan, folder = self._planned(name, stage, about, source)
        if isinstance(stage, Stage) and stage.scope == "dataset":
            what = functools.partial(map_whole, planned_, source.path)
            dataset = self._whole(folder, plan, lambda partial: Job(what, [partial]))
        else:
            dataset = self._shards(folder, plan, planned_, source)
        if not dataset.totals.rows and not may_be_empty:
            raise NothingKept(*_nothing(dataset))
        return dataset

    def step(self, name: str, function: Callable[[Any, Path, Hands], object], config: Config, **about: Any) -> Path:
        """A folder that `function(config, folder, hands)` fills, working in `NN-name.partial/`, renamed when it returns.

        Where it was killed it finds what it left, if its plan is still the same.
        """
        with prompts.noted() as named:
            plan = {
                "about": {"name": name, **about},
                "step": f"{function.__module__}.{function.__qualname__}",
                "config": planned(config),
            }
        folder = self._next(name, plan)
        if self._is_done(folder, plan):
            return folder
        partial, started = self._partial(folder, plan), time.time()
        job = Job(functools.partial(fill, name, frozenset(named), function, config), [partial], Needs(alone=True))
        for _ in self.engine.run(job, nobody):
            pass
        self._finish_step(partial, plan, started)
        partial.replace(folder)
        return folder

    def find(self, **about: Any) -> list[Finished]:
        """What this run has come to and is such as `about` says, in order.

        What an earlier process finished is found when this one has come to it, so that a recipe that is run again finds what
        it found the first time.
        """
        return [each for each in store.find(self.folder, **about) if each.place <= self._place]

    def one(self, **about: Any) -> Dataset:
        """The last dataset of `find`; raises `UsageFault` where there is none."""
        found = [each for each in self.find(**about) if isinstance(each, Dataset)]
        return store.last(found, self.folder, about)

    def beside(self, name: str) -> "Run":
        """A run in a folder inside this one, with the same settings and engine, for the datasets of one arm."""
        return Run(
            self.folder / name, self.recipe, self.config, engine=self.engine, again=self.again, progress=self.progress
        )

    def _planned(
        self, name: str, stage: Stage | Chain, about: dict[str, Any], source: Dataset | None = None
    ) -> tuple[PlannedStage, dict[str, Any], Path]:
        """The stage, the whole plan of its dataset, and the dataset's folder."""
        made = PlannedStage.of(stage)
        plan = {"about": {"name": name, **about}, **made.plan}
        if isinstance(stage, LMStage) and stage.lm:
            plan["lm"] = fingerprint(stage.lm)
        if source:
            plan["inputs"] = [source.fingerprint]
        return made, plan, self._next(name, plan)

    def _next(self, name: str, plan: dict[str, Any]) -> Path:
        """The folder of the next work: where it stands if it is finished, whatever it may be called by now."""
        self._place += 1
        own = (each for each in store.find(self.folder, name=name) if each.place == self._place)
        named = self.folder / f"{self._place:02d}-{name}"
        return next((each.path for each in own if each.fingerprint == digest(plan)), named)

    def _is_done(self, folder: Path, plan: dict[str, Any]) -> bool:
        if (folder / store.MANIFEST).exists():
            store.begin(folder, plan, self._place, self.again)
            return True
        donor = self._donors.get(digest(plan))
        if donor:
            store.adopt(donor, folder, self._place)
            self.progress.say(f"{folder.name:<22} taken over from {donor}")
        return donor is not None

    def _partial(self, folder: Path, plan: dict[str, Any]) -> Path:
        """The folder to work in, with its plan: empty, or with what was left in it under the same plan."""
        partial, wanted = folder.with_name(folder.name + store.PARTIAL), {**plan, "place": self._place}
        left = partial / store.PLAN
        if not left.is_file() or differences(store.read_json(left), wanted):
            shutil.rmtree(partial, ignore_errors=True)
        store.write_json(left, wanted)
        return partial

    def _whole(self, folder: Path, plan: dict[str, Any], work: Callable[[Path], Job]) -> Dataset:
        """A dataset made in one go, in a partial folder: several shards whose number is not known before."""
        if not self._is_done(folder, plan):
            partial, started = self._partial(folder, plan), time.time()
            for left in partial.glob("part-*.parquet"):
                left.unlink()
            with self.progress.meter(folder.name, 1, "pass") as meter:
                for done in self.engine.run(work(partial), meter.answers):
                    meter.advance(done)
                shards = len(list(partial.glob("part-*.parquet")))
                meter.close(_summary(store.finish(partial, plan, self._place, shards, started).steps))
            partial.replace(folder)
        return Dataset(folder)

    def _shards(self, folder: Path, plan: dict[str, Any], planned_: PlannedStage, source: Dataset) -> Dataset:
        if self._is_done(folder, plan):
            return Dataset(folder)
        store.begin(folder, plan, self._place, self.again)
        started, shards = time.time(), list(enumerate(source.shards))
        todo = [(i, path) for i, path in shards if not (folder / store.shard_name(i)).exists()]
        with self.progress.meter(folder.name, sum(store.count_rows(path) for _, path in todo), "rows") as meter:
            for read in self.engine.run(_job(planned_, folder, shards, todo), meter.answers):
                meter.advance(read)
            dataset = store.finish(folder, plan, self._place, len(shards), started)
            meter.close(_summary(dataset.steps))
        return dataset

    def _finish_step(self, partial: Path, plan: dict[str, Any], started: float) -> None:
        manifest = {
            "fingerprint": digest(plan),
            "place": self._place,
            "plan": plan,
            "wall_seconds": round(time.time() - started, 3),
        }
        store.write_json(partial / store.MANIFEST, manifest)


def _job(planned_: PlannedStage, folder: Path, shards: list[tuple[int, Path]], todo: list[tuple[int, Path]]) -> Job:
    """The work that is left: shard by shard, in windows where a model is asked, watched where pages are read."""
    stage = planned_.stage
    if isinstance(stage, LMStage):
        grouped = [
            [shards[i] for i in each] for each in windows([store.count_rows(path) for _, path in shards], stage.window_rows)
        ]
        left = [window for window in grouped if not set(todo).isdisjoint(window)]
        return Job(functools.partial(ask_window, planned_, folder), left, Needs(model=True))
    what = functools.partial(map_shard, planned_, folder)
    steps = stage.steps if isinstance(stage, Chain) else (stage,)
    if not any(step.reads == "records" for step in steps):
        return Job(what, todo)
    load = tuple(step.load for step in steps if step.load)
    return Job(what, todo, Needs(note=functools.partial(_note, folder), load=load))


def _note(folder: Path, shard: tuple[int, Path]) -> Path:
    return folder / f".{store.shard_name(shard[0])}.page"


def _settle(path: Path, recipe: str, config: Config, again: str) -> None:
    """Write what the run is made with, or refuse the folder if it was made with something else that changes rows."""
    wanted = {"recipe": recipe, "config": config.model_dump(mode="json"), "planned": {"recipe": recipe, **planned(config)}}
    if path.exists():
        made = store.read_json(path)
        if "planned" not in made:
            raise PlanMismatch(f"{path.parent} was made by an older humpback: its {path.name} has no plan", again)
        unlike = differences(made["planned"], wanted["planned"])
        if unlike:
            leaf, old, new = unlike[0]
            shown = [dict(leaves(each["config"])).get(leaf, value) for each, value in ((made, old), (wanted, new))]
            more = f" (and {len(unlike) - 1} more)" if len(unlike) > 1 else ""
            told = (
                f"{leaf} = {shown[0]!r}, now it is {shown[1]!r}"
                if shown[0] != shown[1]
                else f"another {leaf}: {old!r}, not {new!r}"
            )
            raise PlanMismatch(f"{path.parent} was made with {told}{more}", again)
    store.write_json(path, wanted)


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
    return {store.read_json(path / store.MANIFEST)["fingerprint"]: path for path in store.finished(run)}


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
