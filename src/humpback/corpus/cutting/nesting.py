"""How deep a page nests, told before it is parsed: parsing takes time with the square of the depth."""

import re
from collections import Counter

# 5,000 deep takes 0.02 s, 100,000 deep 9 s. Browsers stop at 512.
DEEPEST = 5_000
# Pages of fewer tags, nearly all, are parsed in half a second however they nest.
FEW_TAGS = 20_000
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
# What is never closed, or is closed by the next of its kind, or stands alone in drawings.
_UNNESTED = frozenset(
    "area base br col embed hr img input link meta source track wbr p li dt dd td th tr tbody thead tfoot option optgroup a "
    "path rect circle ellipse line polygon polyline use stop image".split()
)


def nesting(html: str) -> int:
    """How deep the tags of `html` nest, about: tags that were opened and not closed, at most at any place.

    0 for pages of too few tags to matter.
    """
    if html.count("<") <= FEW_TAGS:
        return 0
    opened: Counter[str] = Counter()
    depth = deepest = 0
    for closing, name in _TAG.findall(html):
        name = name.lower()
        if name in _UNNESTED or (closing and not opened[name]):
            continue
        step = -1 if closing else 1
        opened[name] += step
        depth += step
        deepest = max(deepest, depth)
    return deepest
