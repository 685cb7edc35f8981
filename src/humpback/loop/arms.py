"""Ablations: arms trained alike but for one thing, each with several seeds, and measured on the same held-out pairs.

All take what a finished run of a recipe with rounds has made (`run`); without one, that recipe runs first, in their folder.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Literal

from pydantic import Field

from humpback import store
from humpback.config import Config, Shown, differences, planned, taken_over
from humpback.errors import UsageFault
from humpback.evaluate.arms import ArmsCompared, CaseQuality, Described, case_quality, comparison
from humpback.loop.models import trained_as, training
from humpback.loop.rounds import LoopSettings
from humpback.prompts.forward import TagConfig
from humpback.run import RUN_FILE, Run
from humpback.schema import METRIC
from humpback.stage import LMStage, Stage
from humpback.store import Dataset, Finished
from humpback.train.config import SftConfig, batch_and_steps
from humpback.train.training import Data

AskedTags = Literal["both", "seed", "web", "none"]
# What all arms are made with: these settings may differ from those of the run that they start from.
OWN = ("base", "sft", "measure", "tags")


class ArmSettings(LoopSettings):
    """What is compared, and how. With `run` the settings default to those of that run."""

    run: Annotated[str, Shown(often=True, layer="run")] = Field(
        "", description="a finished run of the recipe humpback, to start from; empty: it is made first, here"
    )
    seeds: int = Field(
        3, ge=1, description="models trained per arm, with sft.seed, sft.seed + 1, ... and draws of their own"
    )
    asked: AskedTags = Field(
        "both", description="tags that held-out pairs are measured under: both (paper, table 5), seed, web or none"
    )
    stop_cases: int = Field(50, ge=0, description="at most so many test pairs are answered, for the stop rate; 0: none")


@dataclass(frozen=True)
class Material:
    """A finished run of a recipe with rounds."""

    folder: Path

    @cached_property
    def seed(self) -> Dataset:
        return self.dataset(kind="seed")

    @property
    def last_round(self) -> int:
        """The last round whose selection a model was trained on."""
        trained = {each.about.get("round") for each in store.find(self.folder, kind="model", role="forward")}
        return max((each.about["round"] for each in store.find(self.folder, kind="selected")
                    if each.about["round"] in trained), default=1)  # fmt: skip

    def selected(self, round_: int) -> Dataset:
        return self.dataset(kind="selected", round=round_)

    @property
    def curated(self) -> Dataset:
        return self.selected(self.last_round)

    @property
    def pool(self) -> Dataset:
        """The pairs that the last round selected from, with their scores."""
        return self.dataset(kind="scored", round=self.last_round)

    def dataset(self, **about: object) -> Dataset:
        found = self.one(**about)
        assert isinstance(found, Dataset)
        return found

    def one(self, **about: object) -> Finished:
        return store.one(self.folder, **about)

    def model(self, **about: object) -> str:
        """The model that the run trained and that is such."""
        return f"transformers:{self.one(kind='model', **about).path}"

    def backward(self, settings: ArmSettings) -> str:
        """The backward model that wrote what the first round selected from."""
        return settings.backward_lm or self.model(role="backward", round=None)


def material(
    run: Run, settings: ArmSettings, made_by: Callable[[Run, Any], object], own: Collection[str], but: Collection[str] = ()
) -> Material:
    """What the arms are made of: the run `settings.run`, or what the recipe `made_by` makes in the folder of `run`.

    Of the run only the results are taken over. So its settings hold, and one that differs is refused with `UsageFault`,
    unless it is among `own`, those that the arms are made with, and not among the leaves `but`.
    """
    if not settings.run:
        made_by(run, settings)
        return Material(run.folder)
    folder = Path(settings.run)
    check_taken(folder, settings, own, but)
    return Material(folder)


def check_taken(folder: Path, settings: Config, own: Collection[str], but: Collection[str] = ()) -> None:
    """Raises `UsageFault` for a setting that differs from that of the run whose results are taken over and is not `own`."""
    if not (folder / RUN_FILE).is_file():
        raise UsageFault(
            f"{folder} is not the folder of a run: it has no {RUN_FILE}", "give the folder after --out of a run"
        )
    then, now = store.read_json(folder / RUN_FILE)["planned"], planned(settings)
    shared = sorted(taken_over(type(settings)) & then.keys())
    for leaf, old, new in differences({name: then[name] for name in shared}, {name: now[name] for name in shared}):
        if _within(leaf, but) or not _within(leaf, own):
            raise UsageFault(
                f"{leaf} = {new!r}, and the run {folder}, whose results are taken over, was made with {old!r}",
                f"leave out {leaf}, or leave out run to make everything here",
            )


def _within(leaf: str, names: Collection[str]) -> bool:
    return any(leaf == name or leaf.startswith(f"{name}.") for name in names)


# An arm whose model is the base, as it is.
BASE = "base"
# The pairs that are trained on under the i-th seed.
DataOf = Callable[[int], Sequence[Data]]


@dataclass(frozen=True)
class Arm:
    """What is trained and how it is measured; `about` says what `data` is.

    `model` is the name of the arm whose models are measured, if they are those of another one, or `BASE`; `tags` are those
    it is trained with, `asked` those that it is measured under, after so many pairs of the seed as `shots` says.
    """

    name: str
    about: str
    data: DataOf
    sft: SftConfig
    tags: TagConfig
    asked: str
    model: str = ""
    shots: int = 0


def arm(name: str, about: str, data: DataOf, sft: SftConfig, settings: ArmSettings) -> Arm:
    """An arm under the settings' own tags."""
    return Arm(name, about, data, sft, settings.tags, asked_tags(settings.tags, settings.asked))


def asked_tags(tags: TagConfig, asked: AskedTags) -> str:
    return {"both": tags.inference, "seed": tags.seed, "web": tags.web, "none": ""}[asked]


def whole(*datasets: Dataset) -> DataOf:
    """All of them, whatever the seed."""
    return lambda _: [Data(folder=each.path) for each in datasets]


def drawn(size: int, pool: Dataset, settings: ArmSettings, *beside: Dataset) -> DataOf:
    """All of `beside`, and `size` of the pool, drawn anew for each seed, of each text as many as curation may keep."""
    bound = settings.selecting.per_text
    return lambda i: [*whole(*beside)(i), Data(folder=pool.path, size=size, seed=settings.random_seed + i, per_text=bound)]


def size(data: Iterable[Data]) -> int:
    """The pairs that a model on `data` is trained on."""
    return sum(each.count() for each in data)


def equal_steps(sizes: Sequence[int], sft: SftConfig) -> SftConfig:
    """`sft` with batch and steps fixed, for arms that are compared at equal steps (Humpback: the same for every dataset).

    Where the settings do not say how many, the paper's table says it for the median size of the arms.
    """
    batch, steps = batch_and_steps(round(median(sizes)), sft)
    return sft.model_copy(update={"batch": batch, "steps": steps})


def of_equal_size(found: Material, selected: dict[str, Dataset], about: dict[str, str], settings: ArmSettings) -> list[Arm]:
    """M_0, and for each selection an arm on the seed and as many of its pairs as the smallest has, drawn anew per seed."""
    least, own = min(len(chosen) for chosen in selected.values()), size(whole(found.seed)(0))
    sft = equal_steps([own, *[own + least] * len(selected)], settings.sft)
    arms = [arm("M_0", "seed alone", whole(found.seed), sft, settings)]
    for name, chosen in selected.items():
        told = f"seed and {least} of {len(chosen)}: {about[name]}"
        arms.append(arm(name, told, drawn(least, chosen, settings, found.seed), sft, settings))
    return arms


def compared(run: Run, found: Material, wanted: Sequence[Arm], settings: ArmSettings) -> Dataset:
    """Train every arm and measure all; the first arm is the reference. Returns what was measured case by case."""
    models = trained_arms(run, wanted, settings)
    config = CaseQuality(
        seed=found.seed.path, cases=settings.measure.cases, models={each.name: models[each.name] for each in wanted},
        asked={each.name: each.asked for each in wanted},
        shots={each.name: each.shots for each in wanted if each.shots}, max_tokens=settings.curate.max_tokens,
        stop_cases=settings.stop_cases, stop_tokens=settings.measure.stop_tokens,
    )  # fmt: skip
    stage = LMStage("case-quality", METRIC, case_quality, config)
    cases = run.put("case-quality", stage, kind="metrics", of="cases")
    told = {each.name: described(each) for each in wanted}
    summary = Stage("comparison", METRIC, comparison, ArmsCompared(cases=cases.path, arms=told, reference=wanted[0].name))
    run.put("comparison", summary, kind="metrics", of="arms")
    return cases


def described(each: Arm) -> Described:
    """The pairs that an arm is trained on and what they are, and its steps and batch."""
    pairs = size(each.data(0))
    batch, steps = (0, 0) if each.model == BASE else batch_and_steps(pairs, each.sft)
    return Described(about=each.about, pairs=pairs, steps=steps, batch=batch)


def trained_arms(run: Run, wanted: Sequence[Arm], settings: ArmSettings) -> dict[str, tuple[str, ...]]:
    """The models of each arm, one per seed. Nobody judges with them, so no lessons for judges are mixed in."""
    made: dict[str, tuple[str, ...]] = {BASE: (settings.base,) * settings.seeds}
    for each in wanted:
        if each.model:
            made[each.name] = made[each.model]
            continue
        models = []
        for i in range(settings.seeds):
            sft = each.sft.model_copy(update={"seed": each.sft.seed + i})
            one = training("forward", settings, each.data(i), sft).model_copy(update={"tags": each.tags, "teach": None})
            models.append(trained_as(run, one, name=f"arm-{each.name.replace('/', '-')}-{i}", arm=each.name, seed=i))
        made[each.name] = tuple(models)
    return made
