"""What there is to read in a run's folder, finished or not: by what manifests say, never by the names of folders."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from humpback import store
from humpback.config import leaves
from humpback.errors import UsageFault
from humpback.report.measured import Measured, measured, such
from humpback.schema import METRIC
from humpback.store import Dataset, Finished

RUN_FILE = "run.json"


@dataclass(frozen=True)
class Begun:
    """A folder of the run as far as it is: `finished` is None while it is in work, when `shards` are done."""

    about: dict[str, Any]
    finished: Finished | None
    shards: int

    @property
    def name(self) -> str:
        return str(self.about["name"])


class Reading:
    """The run in `folder`; raises `UsageFault` if it is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / RUN_FILE
        if not path.is_file():
            raise UsageFault(
                f"{folder} is not the folder of a run: it has no {RUN_FILE}", "give the folder after --out of a run"
            )
        self.about: dict[str, Any] = store.read_json(path)
        if "planned" not in self.about:
            raise UsageFault(
                f"the run {folder} was made by an older humpback", "make it again: humpback run ... --out ANOTHER"
            )

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def recipe(self) -> str:
        return str(self.about["recipe"])

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings by dotted name."""
        return dict(leaves(self.about["config"]))

    @cached_property
    def begun(self) -> list[Begun]:
        """Everything that was begun, in order."""
        done = {each.path: each for each in store.find(self.folder)}
        plans = {path.parent: store.read_json(path) for path in self.folder.glob(f"*/{store.PLAN}")}
        ordered = sorted(plans, key=lambda folder: (int(plans[folder]["place"]), str(folder)))
        return [Begun(plans[each]["about"], done.get(each), len(list(each.glob("part-*.parquet")))) for each in ordered]

    def finished(self, **about: Any) -> list[Finished]:
        return store.find(self.folder, **about)

    def datasets(self, **about: Any) -> list[Dataset]:
        return store.datasets(self.folder, **about)

    def last(self, **about: Any) -> Dataset | None:
        """The last dataset that is such; None where there is none yet."""
        found = self.datasets(**about)
        return found[-1] if found else None

    def made_of(self, dataset: Dataset) -> Dataset | None:
        """The dataset that this one was made of, if it is of this run."""
        inputs = dataset.plan.get("inputs") or [""]
        return next((each for each in self.datasets() if each.fingerprint == inputs[0]), None)

    @cached_property
    def _metrics(self) -> list[Measured]:
        """All metric rows but those of single cases, which are what others are computed of."""
        found = []
        for dataset in self.datasets():
            if dataset.columns.names == METRIC.names:
                of = str(dataset.about.get("of") or dataset.about["name"])
                found += [
                    measured(row, of, (dataset.path.name, i))
                    for i, row in enumerate(dataset.rows())
                    if row["parent"] is None
                ]
        return found

    def metrics(self, **about: Any) -> list[Measured]:
        """The metric rows whose columns (and `of`) are as `about` says; of a tuple one of its values."""
        return such(self._metrics, **about)

    @cached_property
    def rounds(self) -> list[int]:
        """The numbers of the rounds that scored, selected or measured anything."""
        of_rounds = ("scored", "selected")
        numbers = {each.about.get("round") for kind in of_rounds for each in self.finished(kind=kind)}
        numbers |= {row.round for row in self.metrics(of=("competence", "injection", "iteration"))}
        return sorted(number for number in numbers if number)

    def scored(self, round: int | None) -> Dataset | None:
        """The scored pairs of a round, or (None) those of a file or of a pool that several scorers share."""
        return self.last(kind="scored", among="scored") if round is None else self.last(kind="scored", round=round)
