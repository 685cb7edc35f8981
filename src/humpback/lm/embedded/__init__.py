"""`embedded`: the small base model that ships with the package, so that everything works offline and without a GPU.

`model/` holds its weights, tokenizer, card and `humpback.json`: its role and the settings it recommends.
"""

from pathlib import Path

from humpback.lm import LM, transformers
from humpback.lm.spec import Spec

EMBEDDED = Path(__file__).parent / "model"


class Options(transformers.Options):
    """`embedded`: those of transformers."""

    def files(self, model: str) -> Path | None:
        return EMBEDDED


def open(spec: Spec) -> LM:
    """The model in the package."""
    return transformers.open(spec)
