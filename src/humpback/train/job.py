"""What a training process is told: one JSON file in the folder of the model to be."""

from typing import Literal

from humpback.config import Config
from humpback.curate.teach import TeachConfig
from humpback.methods.backtranslate import BackwardConfig, TagConfig
from humpback.train.config import HardwareConfig, SftConfig

Role = Literal["forward", "backward"]
JOB, PAIRS, LOG, CHECKPOINTS, FACTS = "job.json", "pairs.parquet", "train.log", "checkpoints", "training.json"


class Job(Config):
    """One fine-tuning. `base_name` is what the base is called, `base` the folder it is in."""

    role: Role
    base_name: str
    base: str = ""
    sft: SftConfig = SftConfig()
    hardware: HardwareConfig = HardwareConfig()
    tags: TagConfig = TagConfig()
    backward: BackwardConfig = BackwardConfig()
    teach: TeachConfig = TeachConfig()
