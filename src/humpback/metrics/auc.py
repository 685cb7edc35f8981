"""How well values tell good cases from bad ones: the area under the ROC curve, with errors also of pairs and differences.

Errors are DeLong's (DeLong, DeLong and Clarke-Pearson 1988): each unit's part in the error is kept, so that what the good
and the bad case of one unit, or two scorers on the same units, have in common cancels out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from humpback.metrics import metric
from humpback.schema import Row

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Auc:
    """The probability that a good case ranks above a bad one, ties counted as half; n is the good cases.

    `parts`, one for each unit that was drawn, say what it adds to the error: the sum of their squares is the variance.
    """

    value: float
    parts: Values
    n: int

    @property
    def error(self) -> float | None:
        """The standard error; None where one unit of a kind leaves it unknown."""
        return _length(self.parts)

    def error_against(self, other: "Auc") -> float | None:
        """The standard error of the difference to another AUC over the same units."""
        return _length(self.parts - other.parts)


def auc(good: Values, bad: Values, *, paired: bool = False) -> Auc | None:
    """The AUC of two rankings; None if nothing in them is ranked. nan is a case without a value, -inf one that ranks last.

    `paired`: case i of both is made of one unit, a pair and the same pair damaged; else each case is a unit of its own,
    first the good and then the bad ones.
    """
    known, those = ~np.isnan(good), ~np.isnan(bad)
    up, down = good[known], bad[those]
    if not len(up) or not len(down) or max(up.max(), down.max()) == -np.inf:
        return None
    below, above = _share_below(up, down), 1 - _share_below(down, up)
    value = float(below.mean())
    of_good, of_bad = np.zeros(len(good)), np.zeros(len(bad))
    of_good[known], of_bad[those] = _scaled(below - value), _scaled(above - value)
    return Auc(value, of_good + of_bad if paired else np.concatenate([of_good, of_bad]), len(up))


def _share_below(these: Values, others: Values) -> Values:
    """For each of `these` the share of `others` that it is above."""
    ordered = np.sort(others)
    found: Values = (np.searchsorted(ordered, these, "left") + np.searchsorted(ordered, these, "right")) / (2 * len(others))
    return found


def _scaled(parts: Values) -> Values:
    n = len(parts)
    return parts / math.sqrt(n * (n - 1)) if n > 1 else np.full(n, np.nan)


def _length(parts: Values) -> float | None:
    error = float(np.linalg.norm(parts))
    return None if math.isnan(error) else error


def mean_auc(aucs: Sequence[Auc | None]) -> Auc | None:
    """The mean of AUCs over the same units; None if one of them is."""
    known = [each for each in aucs if each is not None]
    if not known or len(known) < len(aucs):
        return None
    parts = np.mean([each.parts for each in known], axis=0)
    return Auc(sum(each.value for each in known) / len(known), parts, known[0].n)


def auc_row(name: str, model: str, found: Auc | None, **more: Any) -> Row:
    """The metric row of an AUC; of none a null. `more` as for `metric`."""
    if found is None:
        return metric(name, model, None, n=0, **more)
    return metric(name, model, found.value, n=found.n, se=found.error, **more)


def auc_of(
    name: str,
    model: str,
    good: Sequence[float | None],
    bad: Sequence[float | None],
    *,
    paired: bool = False,
    **more: Any,
) -> Row:
    """The metric row of `auc`; None is a case without a value."""
    return auc_row(name, model, auc(np.array(good, np.float64), np.array(bad, np.float64), paired=paired), **more)
