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

# What each round measures, whatever it selects by; the judge's score only if it is asked (`judge.ask`).
ALWAYS = ("score", "gain")
COMBINED = "combined"


def scored(run: Run, name: str, pairs: Dataset, asking: Asking, **about: Any) -> Dataset:
    """`pairs` under the scorers in `asking.columns`; gain always, and the judge unless it is not asked."""
    return scored_together(run, {name: pairs}, asking, **about)[name]


def scored_together(run: Run, sets: dict[str, Dataset], asking: Asking, **about: Any) -> dict[str, Dataset]:
    """Each dataset as `scored` makes it, one stage after the other, so that a model is opened once for all of them."""
    todo, out = stages(wanted(asking), asking), dict(sets)
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


def wanted(asking: Asking) -> tuple[str, ...]:
    """The columns that a round measures: those of `ALWAYS`, those that it asks for, and what these are made of.

    `combined` is one of them once it is fitted.
    """
    columns = list(map(named, asking.columns))
    parts = [each for column in columns for each in parts_of(column, asking.settings, asking.backward)]
    made = [column for column in columns if column != COMBINED or asking.fitted]
    asked = asking.settings.judge.ask
    return tuple(name for name in dict.fromkeys([*ALWAYS, *parts, *made]) if asked or name != "score")


def named(column: str) -> str:
    """What `auto` stands for, beside what is measured always; any other column is itself."""
    return COMBINED if column == "auto" else column


def parts_of(column: str, settings: CurationSettings, backward: str) -> tuple[str, ...]:
    """The scorers that must be measured for `column`: itself, or those that it is made of, as far as their models are named.

    `backward` is the backward model, empty where there is none.
    """
    made_of = scorers.load(column, settings.curate).rests_on
    if not made_of:
        return (column,)
    return tuple(name for name in made_of(settings) if lacks(name, settings, backward) is None)


def check(columns: Iterable[str], settings: CurationSettings, backward: str) -> None:
    """Raises `UsageFault` for a scorer that there is not, or whose model no setting names; `backward` is the one."""
    for name in map(named, columns):
        if "score" in parts_of(name, settings, backward) and not settings.judge.ask:
            raise UsageFault(f"{name} needs the judge's score, and judge.ask is false", "--set judge.ask=true")
        lack = lacks(name, settings, backward)
        if lack:
            raise UsageFault(f"the scorer {name} needs {lack}, which is empty", f"--set {lack}=MODEL")
        if name == COMBINED:
            _check_combined(settings, backward)


def _check_combined(settings: CurationSettings, backward: str) -> None:
    for name in settings.combine:
        scorer = scorers.load(name, settings.curate)
        if scorer.rests_on or not scorer.of_itself:
            raise UsageFault(
                f"combine names {name}, which is no value of a pair by itself", "leave it out of --set combine='[...]'"
            )
    if not parts_of(COMBINED, settings, backward):
        lacking = ", ".join(str(lacks(name, settings, backward)) for name in settings.combine)
        raise UsageFault(f"combined has no scorer: {lacking or 'combine'} is empty", "--set combine='[gain, whole]'")


def lacks(column: str, settings: CurationSettings, backward: str) -> str | None:
    """The empty setting that the scorer needs."""
    needed = scorers.load(column, settings.curate).needs
    given: Any = backward if needed == "backward_lm" else settings
    for leaf in needed.split(".") if needed not in ("", "backward_lm") else ():
        given = getattr(given, leaf)
    return None if given else needed


def left_out(settings: CurationSettings, backward: str) -> dict[str, str]:
    """The scorers that `combined` goes without: name -> the empty setting that each needs."""
    lacking = {name: lacks(name, settings, backward) for name in settings.combine}
    return {name: lack for name, lack in lacking.items() if lack}


def check_readable(run: Run, every: Dataset, asking: Asking) -> None:
    """Say it if many pairs have no score; raises `JudgeUnreadable` if too many have none."""
    known = [row["score"] is not None for row in every.rows(["score"])]
    said = gate(sum(known), len(known), asking.settings.judge, asking.judge)
    if said:
        run.progress.say(said)
