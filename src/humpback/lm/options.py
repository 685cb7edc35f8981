"""What the settings of every backend are made from, and what they tell of a model before it is opened."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from humpback.config import PACE, Config, Planned
from humpback.lm.gguf import folder_of
from humpback.lm.identity import identify

# What a folder that humpback made says of its model: its role, and the settings that it asks for.
ROLE_FILE = "humpback.json"
# Prompts that a process is given at once: enough to fill several batches, few enough that all copies end at the same time.
PORTION = 256


class BackendOptions(Config):
    """The settings behind the `?` of a model's name. Those marked `PACE` change its pace alone, the others are in plans."""

    def files(self, model: str) -> Path | None:
        """The folder or file on this disk, there or not, whose content is the model; None where its name alone is known."""
        return None

    def weights(self, model: str) -> Path | None:
        """The folder of the weights, made where they are packed; None where they are not on this disk."""
        files = self.files(model)
        return files if files and files.is_dir() else None

    def said(self, model: str) -> Path | None:
        """The file, there or not, that says which role the model has and which settings it recommends."""
        files = self.files(model)
        return files / ROLE_FILE if files else None

    def address(self, url: str) -> str:
        """The address that is asked, where the name gives `url`."""
        return url

    def processes_on(self, gpus: int) -> int:
        """How many processes hold a copy of the model on a machine with so many GPUs; 0: none but the calling one."""
        return 0

    def portion(self, rows: int, processes: int) -> int:
        """How many of the `rows` of one call each of `processes` is given at once."""
        return PORTION


def adapter_identity(adapter: str) -> str:
    """An adapter by its weights, where its folder is there."""
    return identify(Path(adapter)) if Path(adapter).is_dir() else adapter


class LocalOptions(BackendOptions):
    """Models that run on this machine, from a folder or by a hub's name."""

    adapter: Annotated[str | None, Planned(adapter_identity)] = Field(
        None, description="folder of a LoRA adapter (peft) over the model"
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field("auto", description="auto: bfloat16 where it is fast")
    processes: Annotated[int | None, PACE] = Field(
        None,
        ge=0,
        description="processes that hold the model; unset: one per GPU; without a GPU none but this one, for vllm one",
    )
    trust_remote_code: bool = Field(False, description="run code that comes with the model")

    def files(self, model: str) -> Path | None:
        named = model.startswith((".", "/", "~", "runs/")) or model.endswith(".gguf") or (model and Path(model).is_dir())
        return Path(model) if named else None

    def weights(self, model: str) -> Path | None:
        files = self.files(model)
        return folder_of(files) if files and files.suffix == ".gguf" and files.is_file() else super().weights(model)

    def processes_on(self, gpus: int) -> int:
        return gpus if self.processes is None else self.processes
