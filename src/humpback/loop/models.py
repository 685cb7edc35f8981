"""Training models and measuring them, for the recipes that do: a model of either role from base, and what it is worth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from humpback.config import OFTEN, Config, Shown, merge
from humpback.corpus.pairs import SeedSettings
from humpback.curate.select import CurateConfig
from humpback.curate.settings import CurationSettings
from humpback.curate.teach import TeachConfig
from humpback.evaluate.held_out import BackwardQuality, ModelQuality, backward_quality, model_quality
from humpback.lm import Sampling
from humpback.lm.spec import ModelName
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import METRIC
from humpback.stage import LMStage
from humpback.store import Dataset
from humpback.train import bases, launch
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.sft import trained as train
from humpback.train.training import Data, Role, Training


class MeasureSettings(Config):
    """The measurements at the end."""

    cases: int = Field(200, description="at most so many held-out pairs are measured on")
    stop_tokens: int = Field(
        256, ge=0, description="an answer that has not ended by then counts as not stopping; 0: none is drawn, which is dear"
    )


class TrainSettings(Config):
    """What every recipe that trains models can set."""

    base: Annotated[ModelName, Shown(often=True, layer="recommends")] = Field(
        "embedded", description="the base model, on this disk: embedded, or transformers:PATH"
    )
    seed: SeedSettings = SeedSettings()
    tags: TagConfig = TagConfig()
    sft: SftConfig = SftConfig()
    hardware: HardwareConfig = HardwareConfig()
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


class ModelSettings(TrainSettings, CurationSettings):
    """What recipes can set that train forward models, and curate."""

    curate: CurateConfig = CurateConfig()
    teach: TeachConfig = TeachConfig()
    backward_lm: Annotated[ModelName, OFTEN] = Field(
        "", description="an instruct model that is told what is wanted; empty: a backward model is trained (paper)"
    )
    measure: MeasureSettings = MeasureSettings()


class WriterSettings(ModelSettings):
    """What recipes can set that train a backward model too."""

    backward_sft: SftConfig | None = Field(
        None, description="the backward model's fine-tuning; what it does not set is as sft (paper: all)"
    )

    @model_validator(mode="before")
    @classmethod
    def _backward_as_forward(cls, given: Any) -> Any:
        """What holds for a base in one role holds in the other: a precision, a packing that it cannot have."""
        own, sft = (given.get(name) for name in ("backward_sft", "sft"))
        return {**given, "backward_sft": merge(sft, own)} if isinstance(own, Mapping) and isinstance(sft, Mapping) else given


def training(role: Role, settings: ModelSettings, data: Sequence[Data] = (), sft: SftConfig | None = None) -> Training:
    """The training of a model of that role, by `sft` or as the settings have it."""
    own = settings.backward_sft if role == "backward" and isinstance(settings, WriterSettings) else None
    return Training(
        role=role, base=settings.base, data=tuple(data), sft=sft or own or settings.sft, hardware=settings.hardware,
        tags=settings.tags, backward=settings.backward, teach=settings.teach,
    )  # fmt: skip


def trained(run: Run, role: Role, data: Sequence[Dataset], settings: ModelSettings, model: str = "", **about: Any) -> str:
    """The name of a model trained from base on the train rows of `data`; `model` is what it is called: M_0, M_1 ..."""
    return trained_as(run, training(role, settings, [Data(folder=each.path) for each in data]), model, **about)


def trained_as(run: Run, wanted: Training, model: str = "", name: str = "", **about: Any) -> str:
    """The name of the model that the training `wanted` makes, in a folder called `name` (unset: by role and model)."""
    name = name or "-".join(filter(None, (wanted.role, model.removeprefix("M_"))))
    return f"transformers:{run.step(name, train, wanted, kind='model', role=wanted.role, model=model, **about)}"


def check_training(settings: ModelSettings) -> None:
    """Raises `UsageFault` before anything is done, for a training that this machine, this installation or the base
    cannot do."""
    roles: tuple[Role, ...] = ("forward",) if settings.backward_lm else ("forward", "backward")
    for role in roles:
        launch.check(training(role, settings))
    bases.check(training("forward", settings))


def measure_backward(
    run: Run,
    seed: Dataset,
    writers: dict[str, str],
    settings: ModelSettings,
    sampling: Sampling,
    name: str = "backward-quality",
) -> Dataset:
    """What backward models (name -> model) make of the instructions of the test split, drawn by `sampling`."""
    config = BackwardQuality(
        seed=seed.path, cases=settings.measure.cases, models=writers, backward=settings.backward, tags=settings.tags,
        sampling=sampling,
    )  # fmt: skip
    return run.put(name, LMStage(name, METRIC, backward_quality, config), kind="metrics", of="backward")


def measure_models(run: Run, seed: Dataset, models: dict[str, str], settings: ModelSettings, control: str = "") -> Dataset:
    """Every forward model (name -> model) on the test split, against the first, and against `control` if it is given."""
    config = ModelQuality(
        seed=seed.path, cases=settings.measure.cases, models=models, tags=settings.tags,
        max_tokens=settings.curate.max_tokens, stop_tokens=settings.measure.stop_tokens, control=control,
    )  # fmt: skip
    return run.put("model-quality", LMStage("model-quality", METRIC, model_quality, config), kind="metrics", of="models")


def model_folder(spec: str) -> Path:
    """The folder of a model that was trained here."""
    return Path(spec.removeprefix("transformers:"))
