"""Scorers give each pair a number by which it is ranked. A scorer is a file here, and nothing else names it.

To add one, write `NAME.py` with `SCORER = Scorer("NAME", ...)`: rows have its columns, `curate.by` takes its name, and
comparisons and reports show it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from humpback.errors import HumpbackError, UsageFault
from humpback.schema import PAIR
from humpback.stage import Stage

if TYPE_CHECKING:
    from humpback.curate.settings import Asking, CurationSettings


class Bounds(Protocol):
    """Settings that bound scorers, such as those of `curate`."""

    @property
    def ifd_band(self) -> tuple[float, float]: ...


@dataclass(frozen=True)
class Scorer:
    """How pairs are scored and ranked by `column`.

    `stages` measure it: those that several scorers share have equal names, and are run once. `columns` are all that they
    write, `status` the one of them that says why a value is null. `needs` is the setting that names the model which is asked
    beside those of the run (empty: none is); `rests_on` the scorers that it is made of, by the settings, if it is.

    `higher`: more is better. A value that is not above `over`, or outside the `band` which the setting `bounded_by` of
    `curate` gives, is a fault whatever its rank.

    `of_itself`: the value is of a pair by itself, not its rank among others, so that damaged copies have one too. `veto`: it
    finds faults of the answer alone, so that only a value far below those of most pairs says anything. `part` is what its
    cost is measured by. Tables show scorers by their `place`.
    """

    column: str
    columns: Mapping[str, pa.DataType]
    stages: "Callable[[Asking], tuple[Stage, ...]]"
    part: str
    place: int = 100
    status: str = ""
    needs: str = ""
    rests_on: "Callable[[CurationSettings], tuple[str, ...]] | None" = None
    higher: bool = True
    over: float | None = None
    bounded_by: str = ""
    band: tuple[float, float] | None = None
    of_itself: bool = True
    veto: bool = False

    def quality(self, value: float) -> float:
        """The value turned so that more is better."""
        return value if self.higher else -value

    def fault(self, value: float) -> str | None:
        """The reason why no pair of this value is kept."""
        if self.over is not None and value <= self.over:
            return "negative_gain"
        if self.bounded_by and self.band is None:
            raise HumpbackError(f"the scorer {self.column} has no band", "this is a bug: `load` gives it its band")
        return "outside_band" if self.band and not self.band[0] <= value <= self.band[1] else None


def names() -> tuple[str, ...]:
    """The columns of all scorers."""
    found = [_file(each.name) for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_")]
    return tuple(each.column for each in sorted(found, key=lambda scorer: (scorer.place, scorer.column)))


def load(name: str, bounds: Bounds) -> Scorer:
    """The scorer of the column `name`, with the band that `bounds` gives; raises `UsageFault` if there is none."""
    scorer = _file(known(name))
    return replace(scorer, band=getattr(bounds, scorer.bounded_by)) if scorer.bounded_by else scorer


def known(name: str) -> str:
    """`name` if it is that of a scorer; raises `UsageFault` otherwise."""
    if name not in names():
        raise UsageFault(f"there is no scorer {name!r}", f"choose of: {', '.join(names())}")
    return name


def schema() -> pa.Schema:
    """The columns of scored pairs: those of pairs, and those of all scorers."""
    columns = {name: kind for scorer in names() for name, kind in _file(scorer).columns.items()}
    return pa.schema([*PAIR, *columns.items()])


def _file(name: str) -> Scorer:
    scorer: Scorer = importlib.import_module(f"{__name__}.{name}").SCORER
    if scorer.column != name:
        raise HumpbackError(f"the scorer {name}.py is of the column {scorer.column!r}", "name the file as its column")
    return scorer
