"""`transformers:FOLDER`, or a hub's name: any causal model that the library transformers can load."""

import os
from typing import Annotated

from pydantic import Field

from humpback.config import PACE
from humpback.errors import UsageFault
from humpback.lm import LM
from humpback.lm.options import LocalOptions
from humpback.lm.spec import Spec

ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait for each other spin: beside other work on the same processors everything was several times slower.
    "OMP_WAIT_POLICY": "PASSIVE",
}


class Options(LocalOptions):
    """`transformers:` and `embedded`."""

    batch_tokens: Annotated[int, PACE] = Field(
        8192, gt=0, description="padded tokens of one batch; of generation up to four times as many"
    )


def open(spec: Spec) -> LM:
    """The model in the folder (or under the hub's name) that `spec` gives; raises `UsageFault` where there is none."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from humpback.lm.transformers.load import load
    except ImportError as error:
        raise UsageFault(f"this model needs {error.name}, which is not installed", "pip install 'humpback[local]'") from None
    return load(spec)
