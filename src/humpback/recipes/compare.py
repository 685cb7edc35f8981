"""Every way to make pairs, from one seed, one base and the same pages, at equal steps, on the same held-out pairs.

humpback run compare --out runs/compare --set run=runs/a
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from humpback import store
from humpback.config import OFTEN
from humpback.errors import NothingKept
from humpback.evaluate import made
from humpback.evaluate.made import Made
from humpback.guards.checks import guarded
from humpback.lm.spec import ModelName
from humpback.loop import arms
from humpback.loop.arms import Arm, DataOf, Material, arm, drawn, whole
from humpback.loop.pool import Sets, trainable, unseen
from humpback.methods import codec, found, pivot, rewrite, self_instruct
from humpback.methods.contrast import Sides
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run
from humpback.schema import METRIC, PAIR
from humpback.stage import Stage
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig
from humpback.train import bases

Way = Literal["curated", "random", "rewritten", "distilled", "pivot", "self_instruct", "codec", "found"]
WAYS: tuple[Way, ...] = ("curated", "random", "rewritten", "distilled", "pivot", "self_instruct", "codec", "found")


class Settings(
    humpback.Settings,
    arms.ArmSettings,
    rewrite.Settings,
    pivot.Settings,
    self_instruct.Settings,
    codec.Settings,
    found.Settings,
):
    """What the arms start from, which of them, and who writes."""

    arms: tuple[Way, ...] = Field(
        WAYS,
        min_length=1,
        description="what is held to the seed alone: curated is Humpback, random as many pairs drawn blindly; the others "
        "make their pairs in other ways, at most as many of them. All have the same steps",
    )
    shots: int = Field(
        5,
        ge=0,
        description="the base as it is, and again with so many seed pairs before each request, as also M_0; 0: neither",
    )
    writer_lm: Annotated[ModelName, OFTEN] = Field(
        "",
        description="who rewrites, distils, makes up requests and answers, and judges for codec; empty: the base as it is",
    )


def recipe(run: Run, settings: Settings) -> None:
    """Up to eight arms beside the seed alone, M_0; each way makes its pairs once, and each seed of training draws anew.

    Of a way that gives nothing it is told why, and no model is trained.
    """
    bases.check_instructed(settings.writer_lm or settings.base)
    start = arms.material(run, settings, humpback.recipe, (*arms.OWN, *OWN))
    pairs, nothing, asked = dict[Way, Dataset](), dict[str, str](), dict[str, tuple[Path, ...]]()
    for way in dict.fromkeys(settings.arms):
        before = max((each.place for each in run.find()), default=0)
        try:
            pairs[way] = MAKERS[way](run, start, settings)
        except NothingKept as error:
            nothing[way] = error.fact
            run.progress.say(f"{way:<22} nothing came of it, and no model is trained: {error.fact}")
        asked[way] = made_by(run, start, way, before)
    budget = len(start.curated)
    data: dict[str, tuple[str, DataOf]] = {"seed": ("seed alone: M_0", whole(start.seed))}
    for way, one in pairs.items():
        size = min(budget, len(one))
        data[way] = f"seed and {size} of {len(one)}: {ABOUT[way]}", drawn(size, one, settings, start.seed)
    sft = arms.equal_steps([arms.size(each(0)) for _, each in data.values()], settings.sft)
    trained = [arm(name, about, each, sft, settings) for name, (about, each) in data.items()]
    arms.compared(run, start, [*trained, *untrained(trained[0], settings)], settings)
    config = Made(
        seed=start.seed.path, ways={way: one.path for way, one in pairs.items()}, nothing=nothing,
        asked=asked, embedding=settings.relevance.embedding,
    )  # fmt: skip
    run.put("made", Stage("made", METRIC, made.measured, config), kind="metrics", of="made")
    report(run)


def made_by(run: Run, start: Material, way: Way, before: int) -> tuple[Path, ...]:
    """The datasets for which models were asked to make the pairs of `way`: here, after the place `before`, and in its own
    folder; or in the run that is started from."""
    found = [each for each in run.find() if each.place > before] + store.find(run.folder / way)
    if way in ("curated", "random"):
        found = store.find(start.folder, kind="candidates", method="backtranslate")
    if way == "curated":
        of_round = {"round": start.last_round}
        found += [
            *store.find(start.folder, kind="scoring", **of_round),
            *store.find(start.folder, kind="scored", **of_round),
        ]
    return tuple(each.path for each in found if isinstance(each, Dataset) and each.totals.spent.get("calls"))


def untrained(seed: Arm, settings: Settings) -> Iterator[Arm]:
    """The base, the base that is shown pairs of the seed, and M_0 that is shown them."""
    if settings.shots:
        shown, about = f"{settings.shots}-shot", f"after {settings.shots} pairs of the seed"
        base = replace(seed, name=arms.BASE, about="nothing: the base as it is", data=whole(), model=arms.BASE)
        yield base
        yield replace(base, name=f"base {shown}", about=f"nothing: the base, {about}", shots=settings.shots)
        yield replace(seed, name=f"seed {shown}", about=f"{seed.about}, {about}", model=seed.name, shots=settings.shots)


# What is made here may be set otherwise than in the run that is started from.
OWN = ("rewrite", "pivot", "self_instruct", "codec", "found", "random_seed")
ABOUT: dict[Way, str] = {
    "curated": "pairs of pages, curated (Humpback)", "random": "pairs of pages, drawn blindly",
    "rewritten": "the curated ones, answers rewritten from the page", "distilled": "the curated ones, answers without it",
    "pivot": "seed pairs in other words", "self_instruct": "requests and answers made up", "codec": "tailored to the seed",
    "found": "headings that are questions",
}  # fmt: skip


def _curated(_: Run, start: Material, __: Settings) -> Dataset:
    return start.curated


def _random(_: Run, start: Material, __: Settings) -> Dataset:
    return start.pool


def _rewritten(run: Run, start: Material, settings: Settings) -> Dataset:
    with run.beside("rewritten") as own:
        return rewrite.pairs(own, start.curated, settings, settings.writer_lm or settings.base)


def _distilled(run: Run, start: Material, settings: Settings) -> Dataset:
    dropping = settings.model_copy(update={"rewrite": settings.rewrite.model_copy(update={"rejected": "drop"})})
    with run.beside("distilled") as own:
        return rewrite.pairs(own, start.curated, dropping, settings.writer_lm or settings.base, "distilled")


def _pivot(run: Run, start: Material, settings: Settings) -> Dataset:
    config = Sets(sets=(start.seed.path,))
    source = run.put("train-pairs", Stage("train-pairs", PAIR, trainable, config), kind="pairs", of="train")
    wordings = pivot.wordings(run, source, pivot.routed(settings))
    augmenting = pivot.Augmenting(pairs=source.path, wordings=wordings.path, random_seed=settings.random_seed)
    both = run.put("augmented", Stage("augmented", PAIR, pivot.augmented, augmenting), kind="candidates")
    return run.map("reworded", Stage("reworded", PAIR, pivot.reworded), both, kind="pairs", method="pivot")


def _self_instruct(run: Run, start: Material, settings: Settings) -> Dataset:
    made_up = self_instruct.pairs(run, start.seed, settings, settings.writer_lm or settings.base)
    return _clean(run, "self_instruct", made_up, start, settings)


def _codec(run: Run, start: Material, settings: Settings) -> Dataset:
    strong = settings.writer_lm or settings.base
    like = run.put("like", Stage("like", PAIR, trainable, Sets(sets=(start.seed.path,))), kind="pairs", of="like")
    tailored = codec.pairs(run, like, settings, Sides(strong, start.model(role="forward", model="M_0"), strong))
    return _clean(run, "codec", tailored, start, settings)


def _found(run: Run, start: Material, settings: Settings) -> Dataset:
    people = settings.model_copy(update={"guards": settings.guards.model_copy(update={"generated": False})})
    with run.beside("found") as own:
        asked = found.pairs(own, start.dataset(kind="segments"), people)
        return unseen(own, asked, start.seed, ContaminationConfig())


def _clean(run: Run, way: str, pairs: Dataset, start: Material, settings: Settings) -> Dataset:
    """What guards let through, without what a model is measured on."""
    clean = run.map(f"{way}-guarded", Stage("guards", PAIR, guarded, settings.guards), pairs, kind="pairs", of="guards")
    with run.beside(way) as own:
        return unseen(own, clean, start.seed, ContaminationConfig())


MAKERS: dict[Way, Callable[[Run, Material, Settings], Any]] = {
    "curated": _curated, "random": _random, "rewritten": _rewritten, "distilled": _distilled, "pivot": _pivot,
    "self_instruct": _self_instruct, "codec": _codec, "found": _found,
}  # fmt: skip
