"""What a training process is told: one JSON file in the folder of the model to be."""

from typing import Literal

from pydantic import model_validator

from humpback.config import Config
from humpback.curate.teach import TeachConfig
from humpback.errors import UsageFault
from humpback.prompts.backward import BackwardConfig
from humpback.prompts.forward import TagConfig
from humpback.train.config import ContrastConfig, HardwareConfig, SftConfig

Role = Literal["forward", "backward"]
JOB, PAIRS, LOG, CHECKPOINTS, FACTS = "job.json", "pairs.parquet", "train.log", "checkpoints", "training.json"


class Job(Config):
    """One fine-tuning. `base_name` is what the base is called, `base` the folder it is in.

    With `contrast` its rows are triples (`schema.TRIPLE`); raises `UsageFault` where these would be parted.
    """

    role: Role
    base_name: str
    base: str = ""
    sft: SftConfig = SftConfig()
    hardware: HardwareConfig = HardwareConfig()
    tags: TagConfig = TagConfig()
    backward: BackwardConfig = BackwardConfig()
    teach: TeachConfig = TeachConfig()
    contrast: ContrastConfig | None = None

    @model_validator(mode="after")
    def _triples_stay_whole(self) -> "Job":
        if self.contrast and self.sft.packing == "rows":
            raise UsageFault("sft.packing=rows parts instructions from their paraphrases", "--set sft.packing=batch")
        return self
