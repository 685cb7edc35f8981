"""CoIN (Yan et al. 2024): a finished model tuned on by contrast, so that wordings matter less; and how much they matter.

humpback run coin --out runs/coin --set run=runs/a
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from humpback.config import Shown
from humpback.corpus.pairs import pairs_of_file, seed_pairs
from humpback.errors import UsageFault
from humpback.evaluate import robustness
from humpback.evaluate.robustness import Robustness, RobustnessConfig
from humpback.guards.checks import GuardConfig
from humpback.lm.spec import ModelName
from humpback.loop.arms import Material, check_taken
from humpback.loop.models import TrainSettings, trained_as
from humpback.loop.pool import Sets, trainable, unseen
from humpback.methods import paraphrase, pivot
from humpback.methods.paraphrase import ParaphraseConfig
from humpback.report import report
from humpback.run import Run
from humpback.schema import METRIC, PAIR, TRIPLE, Row
from humpback.stage import LMStage, Stage
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig
from humpback.train import bases, launch
from humpback.train.config import ContrastConfig, LoraConfig, SftConfig
from humpback.train.training import Data, Training

CONTROL, COIN = "control", "coin"
# What the tuning is made with: these settings may differ from those of the run that it starts from.
OWN = ("tags", "guards", "random_seed")


class Taken(TrainSettings):
    """What with `run` is as it was there."""

    guards: GuardConfig = GuardConfig()


class Settings(Taken, pivot.Settings):
    """What there is to start from, and the tuning."""

    run: Annotated[str, Shown(often=True, layer="run")] = Field(
        "", description="a finished run of the recipe humpback: its seed, its last selection, its best model"
    )
    pairs: Annotated[str, Shown(often=True)] = Field(
        "", description="without a run: pairs beside the seed, JSONL or Parquet; M is trained on both first"
    )
    start: Literal["best", "base"] = Field("best", description="what is tuned: the best model so far (CoIN), or the base")
    paraphrase: ParaphraseConfig = ParaphraseConfig()
    paraphrase_lm: ModelName = Field("", description="an instruct model that rewords; empty: without one")
    contrast: ContrastConfig = ContrastConfig()
    tune: SftConfig = Field(
        SftConfig(
            method="lora", lora=LoraConfig(rank=16, alpha=16, dropout=0.05), lr=1e-4, lr_end=0.0, warmup=0.1, batch=64,
            passes=1.0, max_tokens=256, weight_decay=0.0, dropout=0.0,
        ),
        description="of CoIN and of its control; batch counts triples (CoIN's published settings)",
    )  # fmt: skip
    robustness: RobustnessConfig = RobustnessConfig()


@dataclass(frozen=True)
class Before:
    """What there is before the tuning: seed and pairs, and the model that was trained on them, called `name`."""

    seed: Dataset
    pairs: list[Dataset]
    model: str
    name: str


def recipe(run: Run, settings: Settings) -> None:
    """Triples; the tuning with the contrastive term, and without it as its control; the robustness of all three.

    Continual tuning on the same triples is what the paper compares with.
    """
    if settings.pivot.routes and "pivot" not in settings.paraphrase.sources:
        raise UsageFault(
            f"pivot.routes names {len(settings.pivot.routes)}, and paraphrase.sources has no pivot",
            "add pivot to paraphrase.sources, or leave out pivot.routes",
        )
    for wanted in tunings(settings, settings.base, ()).values():
        launch.check(wanted)
        if not settings.run:
            bases.check(wanted)
    before = from_run(settings) if settings.run else from_pairs(run, settings)
    data = (Data(folder=triples(run, before, settings).path),)
    base = before.model if settings.start == "best" else settings.base
    made = {name: trained_as(run, one, name=name, arm=name) for name, one in tunings(settings, base, data).items()}
    config = Robustness(
        seed=before.seed.path, cases=settings.robustness.cases, models={before.name: before.model, **made},
        tags=settings.tags, robustness=settings.robustness,
    )  # fmt: skip
    run.put("robustness", LMStage("robustness", METRIC, robustness.measured, config), kind="metrics", of="robustness")
    report(run)


def tunings(settings: Settings, base: str, data: tuple[Data, ...]) -> dict[str, Training]:
    """The control, and CoIN; raises `UsageFault` for settings that part a triple."""
    weights = {CONTROL: settings.contrast.model_copy(update={"weight": 0.0}), COIN: settings.contrast}
    return {name: training(settings, base, data, settings.tune, contrast) for name, contrast in weights.items()}


def training(
    settings: Settings, base: str, data: tuple[Data, ...], sft: SftConfig, contrast: ContrastConfig | None = None
) -> Training:
    return Training(
        role="forward", base=base, data=data, sft=sft, hardware=settings.hardware, tags=settings.tags, contrast=contrast
    )


def from_run(settings: Settings) -> Before:
    found = Material(Path(settings.run))
    check_taken(found.folder, settings, OWN if settings.start == "best" else (*OWN, "base"))
    best = found.one(kind="best")
    return Before(found.seed, [found.seed, found.curated], f"transformers:{best.path}", best.about["model"])


def from_pairs(run: Run, settings: Settings) -> Before:
    if not settings.seed.path:
        raise UsageFault("there is neither run nor seed.path: there is nothing to tune on", "--set run=runs/a")
    seed = seed_pairs(run, settings.seed, settings.random_seed)
    pairs = [seed]
    if settings.pairs:
        pairs.append(unseen(run, pairs_of_file(run, settings.pairs, name="pool"), seed, ContaminationConfig()))
    first = training(settings, settings.base, tuple(Data(folder=each.path) for each in pairs), settings.sft)
    return Before(seed, pairs, trained_as(run, first, "M_0", round=0), "M_0")


def triples(run: Run, before: Before, settings: Settings) -> Dataset:
    """Of each pair that may be trained on a paraphrase and a hard negative."""
    taken = Sets(sets=tuple(each.path for each in before.pairs))
    pairs = run.put("train-pairs", Stage("train-pairs", PAIR, trainable, taken), kind="pairs", of="train")
    drafted = bool(settings.paraphrase_lm) and "lm" in settings.paraphrase.sources
    config = paraphrase.WordingConfig(paraphrase=settings.paraphrase, random_seed=settings.random_seed, drafted=drafted)
    stage: Stage = Stage("wordings", TRIPLE, paraphrase.wordings, config)
    if drafted:
        stage = LMStage("wordings", TRIPLE, paraphrase.drafted_wordings, config, lm=settings.paraphrase_lm)
    travels = bool(settings.pivot.routes)
    worded = run.map("wordings", stage, pairs, may_be_empty=travels, kind="triples", of="wordings")
    check = paraphrase.CheckConfig(paraphrase=settings.paraphrase, guards=settings.guards)
    checked = run.map(
        "paraphrases", Stage("paraphrases", TRIPLE, paraphrase.paraphrases, check), worded, may_be_empty=travels,
        kind="triples", of="paraphrases",
    )  # fmt: skip
    if travels:
        both = Sets(sets=(checked.path, pivot.wordings(run, pairs, settings).path))
        checked = run.put(
            "all-paraphrases", Stage("all-paraphrases", TRIPLE, together, both), kind="triples", of="paraphrases"
        )
    chosen = Stage("triples", TRIPLE, paraphrase.with_negatives, config, scope="dataset")
    return run.map("triples", chosen, checked, kind="triples")


def together(config: Sets) -> Iterator[Row]:
    """The paraphrases of all sources."""
    for folder in config.sets:
        for row in Dataset(folder).rows():
            yield {name: row.get(name) for name in TRIPLE.names}
