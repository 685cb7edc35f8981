"""`embedded`: the small base model that ships with the package, so that everything works offline and without a GPU.

`model/` holds its weights, tokenizer, card and `humpback.json`: its role and the settings it recommends.
"""

from humpback.lm.transformers import open as open
