"""A report: the sections of all files in `sections/`, in the order of their places, and what none of them has shown."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from humpback.report import sections, unseen
from humpback.report.reading import Reading
from humpback.report.section import Section, rows_in


class SectionFile(Protocol):
    """A module in `sections/`; those of a lower `PLACE` come first."""

    PLACE: int

    def sections(self, found: Reading) -> Iterable[Section]: ...


@dataclass(frozen=True)
class Report:
    """What renderers are given. `unfinished` are the names of what was begun and has not ended."""

    name: str
    recipe: str
    folder: Path
    unfinished: tuple[str, ...]
    sections: tuple[Section, ...]


def composed(folder: Path) -> Report:
    """The report of the run in `folder`; raises `UsageFault` if it is none."""
    found = Reading(folder)
    made = [(file.PLACE, list(file.sections(found))) for file in files()]
    shown = {row for _, each in made for section in each for row in rows_in(section)}
    left = [row for row in found.metrics() if row not in shown]
    made.append((unseen.PLACE, list(unseen.sections(left))))
    ordered = tuple(section for _, each in sorted(made, key=lambda pair: pair[0]) for section in each)
    unfinished = tuple(each.name for each in found.begun if each.finished is None)
    return Report(found.name, found.recipe, folder, unfinished, ordered)


def files() -> Iterator[SectionFile]:
    """The modules of sections."""
    for each in pkgutil.iter_modules(sections.__path__):
        if not each.name.startswith("_"):
            yield importlib.import_module(f"{sections.__name__}.{each.name}")
