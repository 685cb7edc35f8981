"""How far two people agree beyond chance: Cohen's kappa (Cohen 1960)."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Of `n` things: the share that both say the same of, and kappa with its standard error (None where it is undefined:
    both say one and the same of everything).
    """

    n: int
    share: float
    kappa: float | None
    se: float | None


def agreement(first: Sequence[Hashable], second: Sequence[Hashable]) -> Agreement | None:
    """The agreement of two who judged the same things, thing by thing; None of nothing."""
    n = len(first)
    if not n:
        return None
    same = sum(a == b for a, b in zip(first, second, strict=True)) / n
    one, other = Counter(first), Counter(second)
    chance = sum(one[each] * other[each] for each in one) / n**2
    if chance == 1:
        return Agreement(n, same, None, None)
    return Agreement(n, same, (same - chance) / (1 - chance), math.sqrt(same * (1 - same) / n) / (1 - chance))
