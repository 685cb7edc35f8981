"""Round trips through other languages: pairs in other words, and what a model makes of them.

humpback run pivot --out runs/p --set seed.path=seed.jsonl
"""

from typing import Annotated

from pydantic import Field

from humpback.config import OFTEN
from humpback.corpus.pairs import pairs_of_file, seed_pairs
from humpback.errors import UsageFault
from humpback.evaluate import robustness
from humpback.evaluate.robustness import Robustness, RobustnessConfig
from humpback.loop.models import TrainSettings, trained_as
from humpback.loop.pool import Sets, trainable, unseen
from humpback.methods import pivot
from humpback.report import report
from humpback.run import Run
from humpback.schema import METRIC, PAIR
from humpback.stage import LMStage, Stage
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig
from humpback.train import bases, launch
from humpback.train.config import batch_and_steps
from humpback.train.training import Data, Training

M_0, M_PIVOT = "M_0", "M_pivot"


class Settings(TrainSettings, pivot.Settings):
    """Pairs, where they travel, and what is trained on them."""

    pairs: Annotated[str, OFTEN] = Field("", description="more pairs than the seed, JSONL or Parquet")
    train: bool = Field(True, description="train a model with the other wordings, and one without, and hold them together")
    robustness: RobustnessConfig = RobustnessConfig()


def recipe(run: Run, settings: Settings) -> None:
    """The pairs once more in other words; a model on both, and one that sees the pairs themselves twice as often."""
    check(settings)
    settings = pivot.routed(settings)
    seed = seed_pairs(run, settings.seed, settings.random_seed)
    sets = [seed]
    if settings.pairs:
        sets.append(unseen(run, pairs_of_file(run, settings.pairs, name="pool"), seed, ContaminationConfig()))
    config = Sets(sets=tuple(each.path for each in sets))
    source = run.put("train-pairs", Stage("train-pairs", PAIR, trainable, config), kind="pairs", of="train")
    augmenting = pivot.Augmenting(
        pairs=source.path, wordings=pivot.wordings(run, source, settings).path, random_seed=settings.random_seed
    )
    again = run.put("augmented", Stage("augmented", PAIR, pivot.augmented, augmenting), kind="augmented")
    if settings.train:
        compare(run, seed, source, again, settings)
    report(run)


def check(settings: Settings) -> None:
    """Before anything is done; raises `UsageFault`."""
    if not settings.seed.path:
        raise UsageFault("seed.path is empty: there are no pairs to reword", "--set seed.path=seed.jsonl")
    if settings.train:
        wanted = Training(role="forward", base=settings.base, data=(), sft=settings.sft, hardware=settings.hardware)
        launch.check(wanted)
        bases.check(wanted)


def compare(run: Run, seed: Dataset, source: Dataset, again: Dataset, settings: Settings) -> None:
    """Both models after the same steps; under every kind of wording, the one with other words against the one without."""
    batch, steps = batch_and_steps(len(source), settings.sft)
    sft = settings.sft.model_copy(update={"batch": batch, "steps": steps})
    models = {}
    for name, data in ((M_0, [source]), (M_PIVOT, [source, again])):
        wanted = Training(
            role="forward", base=settings.base, data=tuple(Data(folder=each.path) for each in data), sft=sft,
            hardware=settings.hardware, tags=settings.tags,
        )  # fmt: skip
        models[name] = trained_as(run, wanted, name)
    config = Robustness(
        seed=seed.path, cases=settings.robustness.cases, models=models, tags=settings.tags, robustness=settings.robustness
    )
    run.put("robustness", LMStage("robustness", METRIC, robustness.measured, config), kind="metrics", of="robustness")
