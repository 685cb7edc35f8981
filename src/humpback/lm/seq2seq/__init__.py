"""`seq2seq:FOLDER`, or a hub's name: translation models of the library transformers (Marian, NLLB, M2M100, mBART, MADLAD).

Models of many languages are told theirs in their own codes: `seq2seq:nllb?source=eng_Latn&target=fra_Latn`. Marian models
of many targets, and MADLAD, take a mark before the text: `?mark=>>fra<<`.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from humpback.config import PACE
from humpback.errors import UsageFault
from humpback.lm import LM
from humpback.lm.options import BackendOptions
from humpback.lm.spec import Spec
from humpback.lm.transformers import ENVIRONMENT


class Options(BackendOptions):
    """Languages, and how the translation is looked for."""

    source: str = Field("", description="the language that is read, in the model's own code; empty: it has one")
    target: str = Field("", description="the language that is written")
    mark: str = Field("", description="what stands before every text")
    beams: int = Field(4, ge=1, description="width of the search; 1 is greedy")
    dtype: Literal["float32", "bfloat16", "float16"] = Field("float32", description="of weights and products")
    batch_tokens: Annotated[int, PACE] = Field(8192, gt=0, description="padded tokens of one batch, over all beams")
    processes: Annotated[int | None, PACE] = Field(
        None, ge=0, description="processes that hold the model; unset: one per GPU; without a GPU none but this one"
    )

    def files(self, model: str) -> Path | None:
        named = model.startswith((".", "/", "~", "runs/")) or (model and Path(model).is_dir())
        return Path(model) if named else None

    def processes_on(self, gpus: int) -> int:
        return gpus if self.processes is None else self.processes


def open(spec: Spec) -> LM:
    """The model that `spec` names; raises `UsageFault` where it cannot be had."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from humpback.lm.seq2seq.model import load
    except ImportError as error:
        raise UsageFault(f"this model needs {error.name}, which is not installed", "pip install 'humpback[local]'") from None
    return load(spec)
