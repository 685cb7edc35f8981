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
TEXTS = "corpus.sample"
LIMITS = {TEXTS: "segments", "self_instruct.tasks": "tasks", "codec.metadata": "metadata"}
SPENT = ("calls", "prompt_tokens", "completion_tokens", "cost")
# What a recipe writes at its end.
REPORT = "report.html"


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

    `small` is a finished run of the same recipe and settings but for those that limit it. Raises `UsageFault` where it is
    not, or where nothing in it grows with a limit.
    """
    check(small, settings)
    grown: dict[str, float] = {}
    folders = sorted(path.parent for path in small.rglob(RUN_FILE))
    found = [asked for folder in folders for asked in _of(folder, folder.relative_to(small), settings, grown)]
    if not grown:
        raise UsageFault(
            f"nothing in {small} grows with a setting that limits a run ({', '.join(LIMITS)})",
            f"humpback show {small} tells what it took",
        )
    return [*found, sum(found, Asked("all"))]


def check(small: Path, settings: Config) -> None:
    """Raises `UsageFault` where `small` tells nothing of a run with these settings."""
    if not (small / RUN_FILE).is_file():
        raise UsageFault(f"{small} is not the folder of a run: it has no {RUN_FILE}", "check the path after --forecast")
    made = store.read_json(small / RUN_FILE).get("planned")
    if made is None:
        raise UsageFault(f"{small} was made by an older humpback", "make it again")
    before = {name: value for name, value in made.items() if name != "recipe"}
    other = [leaf for leaf, _, _ in differences(before, planned(settings)) if leaf not in LIMITS]
    if other:
        raise UsageFault(
            f"{small} was made with another {other[0]}, so that it tells nothing of this run",
            "make a small run by this command, with --out runs/small for --forecast and a smaller limit: --limit 60",
        )
    if not (small / REPORT).is_file():
        raise UsageFault(
            f"{small} is not finished, so that it does not tell what comes later", "type its command again: it goes on"
        )


def _of(folder: Path, place: Path, settings: Config, grown: dict[str, float]) -> Iterator[Asked]:
    """What the stages of one folder will ask. `grown` holds by fingerprint how many times as many rows each dataset that
    grows will have; what is made of it grows likewise, in folders below too."""
    found = [each for each in store.find(folder) if isinstance(each, Dataset)]
    for each in found:
        about, before = each.about, each.plan.get("inputs", [])
        limit = next((leaf for leaf, kind in LIMITS.items() if about.get("kind") == kind), "")
        # Texts are drawn from what was cut; requests and combinations are made of nothing.
        if limit and (limit == TEXTS or not before):
            grown[each.fingerprint] = _times(folder, each, found, settings, limit)
        elif any(one in grown for one in before):
            grown[each.fingerprint] = max(grown[one] for one in before if one in grown)
        elif about.get("method") in ("codec", "self_instruct") and not before and grown:
            # Joined from several, which a plan without inputs does not name.
            grown[each.fingerprint] = next(reversed(grown.values()))
        if each.totals.spent.get("calls"):
            times = grown.get(each.fingerprint, 1.0)
            spent = {name: each.totals.spent.get(name, 0.0) * times for name in SPENT}
            yield Asked(str(place / about["name"]), **spent, seconds=each.totals.seconds * times)


def _times(folder: Path, limited: Dataset, found: list[Dataset], settings: Config, limit: str) -> float:
    """How many times as many there will be as were: as many as the setting says, and no more texts than there are."""
    now: dict[str, Any] = dict(leaves(settings.model_dump(mode="json")))
    wanted = now[limit]
    if limit == TEXTS:
        there = limited.totals.read
        return min(wanted or there, there) / max(1, len(limited))
    if limit == "self_instruct.tasks":
        # The last round may have given more than were wanted, and all that there are fewer.
        rounds = [len(each) for each in found if each.about.get("kind") == LIMITS[limit] and each.totals.spent.get("calls")]
        made = max(1, sum(rounds))
        return float(min(wanted, now["self_instruct.rounds"] * made / max(1, len(rounds))) / made)
    return float(wanted / dict(leaves(store.read_json(folder / RUN_FILE)["config"]))[limit])


def lines(found: list[Asked]) -> Iterator[str]:
    """A table for the terminal."""
    yield f"{'stage':<34} {'calls':>9} {'tokens read':>13} {'written':>11} {'cost':>9} {'seconds':>9}"
    for each in found:
        numbers = f"{each.calls:>9,.0f} {each.prompt_tokens:>13,.0f} {each.completion_tokens:>11,.0f}"
        yield f"{each.stage:<34} {numbers} {each.cost or '-':>9.4} {each.seconds:>9,.0f}"
