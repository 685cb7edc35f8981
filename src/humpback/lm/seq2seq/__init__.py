"""`seq2seq:FOLDER`, or a hub's name: translation models of the library transformers (Marian, NLLB, M2M100, mBART, MADLAD).

Models of many languages are told theirs in their own codes: `seq2seq:nllb?source=eng_Latn&target=fra_Latn`. Marian models
of many targets, and MADLAD, take a mark before the text: `?mark=>>fra<<`.
"""

import os

from pydantic import Field

from humpback.errors import UsageFault
from humpback.lm import LM
from humpback.lm.options import LocalOptions
from humpback.lm.spec import Spec
from humpback.lm.transformers import ENVIRONMENT


class Options(LocalOptions):
    """Languages, and how the translation is looked for. There are no adapters."""

    source: str = Field("", description="the language that is read, in the model's own code; empty: it has one")
    target: str = Field("", description="the language that is written")
    mark: str = Field("", description="what stands before every text")
    beams: int = Field(4, ge=1, description="width of the search; 1 is greedy")


def open(spec: Spec) -> LM:
    """The model that `spec` names; raises `UsageFault` where it cannot be had."""
    if spec.options.adapter:
        raise UsageFault("translation models take no adapter", f"merge it first, or: seq2seq:{spec.model}")
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from humpback.lm.seq2seq.model import load
    except ImportError as error:
        raise UsageFault(f"this model needs {error.name}, which is not installed", "pip install 'humpback[local]'") from None
    return load(spec)
