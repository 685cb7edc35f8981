"""Pairs under scorers: which stages that takes, in which order, and what must be named for it."""

from collections.abc import Iterable
from typing import Any

from humpback.curate import scorers
from humpback.curate.judge import gate
from humpback.curate.settings import Asking, CurationSettings
from humpback.errors import UsageFault
from humpback.run import Run
from humpback.stage import Stage
from humpback.store import Dataset

# What each round measures, whatever it selects by.
ALWAYS = ("score", "gain")


def scored(run: Run, name: str, pairs: Dataset, asking: Asking, **about: Any) -> Dataset:
    """`pairs` under the scorers in `asking.columns`; judge and gain always."""
    return scored_together(run, {name: pairs}, asking, **about)[name]


def scored_together(run: Run, sets: dict[str, Dataset], asking: Asking, **about: Any) -> dict[str, Dataset]:
    """Each dataset as `scored` makes it, one stage after the other, so that a model is opened once for all of them."""
    # `auto` is chosen of what is measured always.
    columns = [column for column in (*ALWAYS, *asking.columns) if column != "auto"]
    wanted = [each for column in columns for each in (*parts(column, asking.settings), column)]
    todo, out = stages(wanted, asking), dict(sets)
    for i, stage in enumerate(todo):
        titles = {name: f"{name}-{stage.name}" if i else name for name in sets}
        kind = "scoring" if i < len(todo) - 1 else "scored"
        told = {"kind": kind, "of": stage.name, "round": asking.round, "model": asking.model, **about}
        out = {name: run.map(titles[name], stage, pairs, among=name, **told) for name, pairs in out.items()}
    return out


def stages(columns: Iterable[str], asking: Asking) -> list[Stage]:
    """The stages that measure `columns`, each once, in the order of their scorers."""
    wanted, found = set(columns), {}
    for name in scorers.names():
        if name in wanted:
            found.update({stage.name: stage for stage in scorers.load(name, asking.settings.curate).stages(asking)})
    return list(found.values())


def parts(column: str, settings: CurationSettings) -> tuple[str, ...]:
    """The scorers that must be measured for `column`: itself, or those that it is made of."""
    made_of = scorers.load(column, settings.curate).rests_on
    return made_of(settings) if made_of else (column,)


def check(columns: Iterable[str], settings: CurationSettings, backward: str) -> None:
    """Raises `UsageFault` for a scorer that there is not, or whose model no setting names; `backward` is the one."""
    for name in columns:
        lack = lacks(name, settings, backward) if name != "auto" else None
        if lack:
            raise UsageFault(f"the scorer {name} needs {lack}, which is empty", f"--set {lack}=MODEL")


def lacks(column: str, settings: CurationSettings, backward: str) -> str | None:
    """The empty setting that the scorer needs, itself or one that it is made of."""
    for name in parts(column, settings):
        needed = scorers.load(name, settings.curate).needs
        given: Any = backward if needed == "backward_lm" else settings
        for leaf in needed.split(".") if needed not in ("", "backward_lm") else ():
            given = getattr(given, leaf)
        if not given:
            return needed
    return None


def check_readable(run: Run, every: Dataset, asking: Asking) -> None:
    """Say it if many pairs have no score; raises `JudgeUnreadable` if too many have none."""
    known = [row["score"] is not None for row in every.rows(["score"])]
    said = gate(sum(known), len(known), asking.settings.judge, asking.judge)
    if said:
        run.progress.say(said)
