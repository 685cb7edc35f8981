"""What a run will ask of language models, told from a small one of the same recipe and settings, before anything is asked.

What is made of texts grows with their number; what is measured on the seed stays. How many pairs guards and curation let
through, and how long answers are, no setting tells, and a small run does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from humpback import store
from humpback.config import Config, differences, leaves, planned
from humpback.errors import UsageFault
from humpback.run import RUN_FILE
from humpback.store import Dataset

# The settings by which a run is made small, and the kinds of the datasets that they limit.
LIMITS = {"corpus.sample": "segments", "self_instruct.tasks": "tasks", "codec.metadata": "metadata"}


@dataclass(frozen=True)
class Asked:
    """What a stage asks: calls, tokens read and written, money in the unit of the prices, seconds."""

    stage: str
    calls: float = 0.0
    prompt_tokens: float = 0.0
    completion_tokens: float = 0.0
    cost: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: "Asked") -> "Asked":
        sums = (getattr(self, each.name) + getattr(other, each.name) for each in fields(self)[1:])
        return Asked(self.stage, *sums)


def forecast(small: Path, settings: Config) -> list[Asked]:
    """What each stage that asks a model will, and at last all together.

    `small` is a run of the same recipe and settings but for the one that limits it. Raises `UsageFault` where it is not.
    """
    limit = _limit(small, settings)
    folders = sorted(path.parent for path in small.rglob(RUN_FILE))
    found = [asked for folder in folders for asked in _of(folder, folder.relative_to(small), settings, limit)]
    return [*found, sum(found, Asked("all"))]


def _limit(small: Path, settings: Config) -> str:
    """The setting by which `small` was made small."""
    if not (small / RUN_FILE).is_file():
        raise UsageFault(f"{small} is not the folder of a run: it has no {RUN_FILE}", "check the path after --forecast")
    made, wanted = store.read_json(small / RUN_FILE), planned(settings)
    before = {name: value for name, value in made["planned"].items() if name != "recipe"}
    other = [leaf for leaf, _, _ in differences(before, wanted) if leaf not in LIMITS]
    if other:
        raise UsageFault(
            f"{small} was made with another {other[0]}, so that it tells nothing of this run",
            "make a small run by this very command: add --out runs/small, and --limit 60 or what limits this recipe",
        )
    known = dict(leaves(settings.model_dump(mode="json")))
    limit = next((leaf for leaf in LIMITS if leaf in known), None)
    if limit is None:
        raise UsageFault(
            f"no setting makes a run of {made['recipe']} small ({', '.join(LIMITS)})",
            f"humpback show {small} tells what it took",
        )
    return limit


def _of(folder: Path, place: Path, settings: Config, limit: str) -> Iterator[Asked]:
    """What the stages of one folder will ask: those of texts more than they did by as much as there are more texts."""
    growing, factor = set[str](), 1.0
    for each in store.find(folder):
        if not isinstance(each, Dataset):
            continue
        about, before = each.about, each.plan.get("inputs", [])
        if about.get("kind") == LIMITS[limit]:
            factor = factor if growing else _factor(folder, each, settings, limit)
            growing.add(each.fingerprint)
        elif growing.intersection(before) or (growing and about.get("kind") == "pairs" and not before):
            growing.add(each.fingerprint)
        if each.totals.spent.get("calls"):
            spent = {
                name: each.totals.spent.get(name, 0.0) for name in ("calls", "prompt_tokens", "completion_tokens", "cost")
            }
            spent["seconds"] = each.totals.seconds
            times = factor if each.fingerprint in growing else 1.0
            yield Asked(str(place / about["name"]), **{name: value * times for name, value in spent.items()})


def _factor(folder: Path, limited: Dataset, settings: Config, limit: str) -> float:
    """How many times as many there will be as were: as many as the setting says, and no more texts than there are."""
    wanted: Any = dict(leaves(settings.model_dump(mode="json")))[limit]
    if limit != "corpus.sample":
        was = dict(leaves(store.read_json(folder / RUN_FILE)["config"]))[limit]
        return float(wanted / was)
    there = limited.totals.read
    return min(wanted or there, there) / max(1, len(limited))


def lines(found: list[Asked]) -> Iterator[str]:
    """A table for the terminal."""
    yield f"{'stage':<34} {'calls':>9} {'tokens read':>13} {'written':>11} {'cost':>9} {'seconds':>9}"
    for each in found:
        numbers = f"{each.calls:>9,.0f} {each.prompt_tokens:>13,.0f} {each.completion_tokens:>11,.0f}"
        yield f"{each.stage:<34} {numbers} {each.cost or '-':>9.4} {each.seconds:>9,.0f}"
