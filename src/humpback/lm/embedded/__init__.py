"""`embedded`: the small base model that ships with the package, so that everything works offline and without a GPU.

`model/` holds its weights, tokenizer, card and `humpback.json`: its role and the settings it recommends.
"""

from humpback.lm import LM, model_folder
from humpback.lm import transformers as backend


def open(model: str) -> LM:
    """The embedded base model; `model` is empty, there is only one."""
    lm = backend.open(str(model_folder("embedded")))
    lm.name = "embedded"
    return lm
