"""A training: which model is wanted, of what it is made, and how. Its settings are its plan."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from humpback import prompts
from humpback.config import Config
from humpback.curate.select import DrawnConfig, at_random
from humpback.curate.teach import TeachConfig
from humpback.errors import UsageFault
from humpback.lm.spec import ModelName, parse
from humpback.prompts.backward import BACKWARD, ShownText
from humpback.prompts.forward import FORWARD, TagConfig
from humpback.schema import Row
from humpback.stage import Drop
from humpback.store import Dataset, DatasetFolder
from humpback.train.config import ContrastConfig, HardwareConfig, SftConfig

Role = Literal["forward", "backward"]
# In the folder of the model to be: what is asked for, what it is trained and measured on, what was said, what came of it.
SETTINGS, PAIRS, DEV, LOG = "settings.json", "pairs.parquet", "dev.parquet", "train.log"
CHECKPOINTS, FACTS = "checkpoints", "training.json"


class Data(Config):
    """The rows of a dataset that are not held out, or `size` of them, drawn by `seed` without looking at any score, at most
    `per_text` of these of one text (unset: all).

    Smaller draws are part of larger ones.
    """

    folder: DatasetFolder
    size: int | None = Field(None, ge=0)
    seed: int = 0
    per_text: int | None = Field(None, ge=1)

    def rows(self) -> list[Row]:
        rows = [row for row in Dataset(self.folder).rows() if row.get("split") in (None, "train")]
        if self.size is None:
            return rows
        draw = DrawnConfig(size=self.size, seed=self.seed, per_text=self.per_text)
        return [row for row in at_random(draw, rows) if not isinstance(row, Drop)]

    def dev(self) -> list[Row]:
        """The rows of the split dev, all of them whatever `size` is."""
        return [row for row in Dataset(self.folder).rows() if row.get("split") == "dev"]

    def count(self) -> int:
        """How many they are."""
        there = sum(row["split"] in (None, "train") for row in Dataset(self.folder).rows(["split"]))
        if self.size is None:
            return there
        return len(self.rows()) if self.per_text else min(self.size, there)


class Training(Config):
    """One fine-tuning from `base` on the rows of `data`: all that the model depends on, for plans and for the process.

    `backward` is read for backward models and `teach` for forward ones: where it is not read it is left out, and changes no
    plan. With `contrast` the rows are triples (`schema.TRIPLE`); raises `UsageFault` where these would be parted.
    """

    role: Role
    base: ModelName
    data: tuple[Data, ...]
    sft: SftConfig = SftConfig()
    hardware: HardwareConfig = HardwareConfig()
    tags: TagConfig = TagConfig()
    backward: ShownText | None = Field(None, validate_default=True)
    teach: TeachConfig | None = None
    contrast: ContrastConfig | None = None

    @field_validator("backward", mode="before")
    @classmethod
    def _what_it_is_shown(cls, given: Any, info: ValidationInfo) -> Any:
        if info.data.get("role") != "backward":
            return None
        return given.model_dump(include=set(ShownText.model_fields)) if isinstance(given, ShownText) else given or {}

    @field_validator("teach")
    @classmethod
    def _what_it_is_taught(cls, given: TeachConfig | None, info: ValidationInfo) -> TeachConfig | None:
        return given if given and given.share and info.data.get("role") == "forward" else None

    @model_validator(mode="after")
    def _triples_stay_whole(self) -> Self:
        if self.contrast and self.sft.packing == "rows":
            raise UsageFault("sft.packing=rows parts instructions from their paraphrases", "--set sft.packing=batch")
        if self.contrast and self.sft.dev_steps:
            raise UsageFault(
                f"dev_steps is {self.sft.dev_steps}, and no triple is held out to measure on", "--set tune.dev_steps=0"
            )
        return self

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(BACKWARD if self.role == "backward" else FORWARD)

    def base_folder(self) -> Path:
        """Where the weights of the base are; raises `UsageFault` where they cannot be trained."""
        base = parse(self.base)
        if base.folder is None:
            raise UsageFault(
                f"{self.base!r} cannot be trained: only models on this disk can", "set base=embedded or transformers:PATH"
            )
        if base.options.adapter:
            raise UsageFault(f"{self.base!r} is a model under an adapter, which would be left out", "merge it first")
        return base.folder
