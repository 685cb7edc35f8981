"""What a selection of pairs is like: each measure is a file here, and nothing else names it.

To add one, write `NAME.py` with `measure(seed, kept, dropped, told)`, which yields metric rows: it is run on every selection
of a run, and reports show its rows. `told` are the columns that say whose selection it is (model, round), to be handed on to
`metric`. The rows of pairs have the columns that a measure names in `COLUMNS` (unset: id, instruction and response). Who
changes what a measure gives raises its `VERSION` (unset: 1).
"""

import importlib
import pkgutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from humpback.config import Config
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.stage import Stage
from humpback.store import Dataset, DatasetFolder

COLUMNS = ("id", "instruction", "response")


class Selection(Config):
    """What was kept (`chosen`) of `every` pair by a model in a round; `seed` are the human pairs, some of them held out."""

    seed: DatasetFolder
    every: DatasetFolder
    chosen: DatasetFolder
    model: str
    round: int | None = None

    def reads(self) -> Mapping[str, Any]:
        return {"measures": versions()}


def versions() -> dict[str, int]:
    """The measures that there are, each with its version, for plans."""
    return {name: getattr(module, "VERSION", 1) for name, module in measures().items()}


def measures() -> dict[str, ModuleType]:
    """The files of this room, by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def columns() -> list[str]:
    """What the measures read of pairs."""
    return list(dict.fromkeys(name for each in measures().values() for name in getattr(each, "COLUMNS", COLUMNS)))


def human(seed: Path) -> list[Row]:
    """The seed pairs that may be trained on."""
    return [row for row in Dataset(seed).rows() if row.get("split") in (None, "train")]


def measured(config: Selection) -> Iterator[Row]:
    """The metric rows of all measures; none where nothing was kept, or nothing dropped."""
    ids = {row["id"] for row in Dataset(config.chosen).rows(["id"])}
    pool = list(Dataset(config.every).rows(columns()))
    yield from compared(human(config.seed), pool, ids, {"model": config.model, "round": config.round})


def compared(seed: Sequence[Row], pool: Sequence[Row], ids: Collection[str], told: Mapping[str, Any]) -> Iterator[Row]:
    """Those of the `pool` whose `ids` were kept, against the others."""
    kept, dropped = ([row for row in pool if (row["id"] in ids) is wanted] for wanted in (True, False))
    if kept and dropped:
        for module in measures().values():
            yield from module.measure(seed, kept, dropped, told)


def of_selection(run: Run, name: str, seed: Dataset, every: Dataset, chosen: Dataset, **told: Any) -> Dataset:
    """The dataset `name` of what is measured of a selection; `told` are its model and its round."""
    config = Selection(seed=seed.path, every=every.path, chosen=chosen.path, **told)
    return run.put(name, Stage("selection", METRIC, measured, config), kind="metrics", of="selection", **told)
