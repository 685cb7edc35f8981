"""Scorers on one pool, compared: what each ranks above what, what it keeps, how far any two agree, and what it costs.

A scorer is judged as it selects: more is better, and what it can never keep (no value, or one with a fault, see
`Scorer.fault`) ranks below everything else. In the metric rows `model` is the scorer, and `against` the second one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.damage import CLEAN, DAMAGES, GUARDED, DevPairs, damaged_as
from humpback.curate.scorers import Scorer
from humpback.curate.select import CurateConfig
from humpback.evaluate import costs, selection
from humpback.metrics import metric
from humpback.metrics.auc import Auc, Values, auc, auc_row, mean_auc
from humpback.metrics.shares import share_of
from humpback.schema import Row
from humpback.store import Dataset, DatasetFolder

UNGUARDED = "damage that no guard catches"
# The metric that is compared, and the one that says by how much the best leads.
LEADS = {"mean_auc": "mean_auc_lead", "label_auc": "label_auc_lead"}


# What is scored beside the pool.


class Damaged(DevPairs):
    """The dev pairs of a seed, damaged as `kind` says: each kind by itself, so that none is ranked among its own copies."""

    kind: str


def damaged(config: Damaged) -> Iterator[Row]:
    """Rows of pairs; `method` is the kind, `parent` the whole pair."""
    yield from damaged_as(config.kind, [row for row in config.rows() if row["label"] is None])


# The comparison.


class Contender(Config):
    """A scorer: the column that holds its values, the parts of the scoring that it takes, and the datasets that have it."""

    column: str
    parts: tuple[str, ...]
    scored: DatasetFolder
    damage: DatasetFolder | None = None
    labelled: DatasetFolder | None = None


class ScorersCompared(Config):
    """Scorers by name, and what each has `kept` of the pool (a control, which ranks nothing, may be among these).

    `costs` are the datasets whose own counts tell what a part of the scoring took, `timed` what was measured apart.
    """

    contenders: dict[str, Contender]
    kept: dict[str, DatasetFolder]
    seed: DatasetFolder | None
    costs: dict[str, tuple[DatasetFolder, ...]]
    timed: DatasetFolder
    share: float
    curate: CurateConfig

    def reads(self) -> Mapping[str, Any]:
        return {"measures": selection.versions()}


def comparison(config: ScorersCompared) -> Iterator[Row]:
    """Everything that is said of the scorers."""
    yield from _quality(config)
    yield from _selections(config)
    columns = {}
    for name, each in config.contenders.items():
        scorer = scorers.load(each.column, config.curate)
        columns[name] = values(_ordered(each.scored, ("id",), each.column), scorer)
    yield from spearman_rows(columns)
    took = {**costs.apart(config.timed), **{part: costs.counted(folders) for part, folders in config.costs.items()}}
    for name, each in config.contenders.items():
        yield from costs.cost_rows(name, {part: took[part] for part in each.parts})


def _quality(config: ScorersCompared) -> Iterator[Row]:
    """Against damage and labels, where there are such."""
    first, order = next(iter(config.contenders.values())), ("method", "parent")
    if first.damage:
        kinds = [row["method"] for row in _ordered(first.damage, order, "method")]
        yield from damage_rows(_rankings(config, "damage", order), kinds)
    if first.labelled:
        labels = [row["label"] for row in _ordered(first.labelled, ("id",), "label")]
        yield from label_rows(_rankings(config, "labelled"), labels, config.share)


def _selections(config: ScorersCompared) -> Iterator[Row]:
    """How many each keeps and why not the others, what that is like, and what any two have in common."""
    rankings = _rankings(config, "scored")
    pool = list(Dataset(next(iter(config.contenders.values())).scored).rows(selection.columns()))
    human = selection.human(config.seed) if config.seed else []
    ids = {name: {row["id"] for row in Dataset(chosen).rows(["id"])} for name, chosen in config.kept.items()}
    for name, chosen in config.kept.items():
        yield from kept_rows(name, rankings.get(name), len(ids[name]), len(pool), Dataset(chosen).totals.drops)
        if human:
            yield from selection.compared(human, pool, ids[name], {"model": name})
    yield from overlap_rows(ids)


def _rankings(config: ScorersCompared, which: str, order: tuple[str, ...] = ("id",)) -> dict[str, Values]:
    return {
        name: ranking(_ordered(getattr(each, which), order, each.column), scorers.load(each.column, config.curate))
        for name, each in config.contenders.items()
    }


def _ordered(folder: Path, order: tuple[str, ...], column: str) -> list[Row]:
    """`column` of all rows, and what they are sorted by: a stage may answer in any order."""
    rows = Dataset(folder).rows(list(dict.fromkeys([*order, column])))
    return sorted(rows, key=lambda row: tuple(row[name] for name in order))


def values(rows: Sequence[Row], scorer: Scorer) -> Values:
    """The scorer's column of each row, turned so that more is better; nan where there is none."""
    found = np.array([row.get(scorer.column) for row in rows], dtype=np.float64)
    return found if scorer.higher else -found


def ranking(rows: Sequence[Row], scorer: Scorer) -> Values:
    """`values`, and -inf where the scorer never keeps the row."""
    given = (row.get(scorer.column) for row in rows)
    keeps = [value is not None and not math.isnan(value) and scorer.fault(value) is None for value in given]
    return np.where(keeps, values(rows, scorer), -np.inf)


def chosen(ranked: Values, share: float) -> npt.NDArray[np.bool_]:
    """The best `share` of a ranking, at least one row, and none that is never kept; equal ones in their order."""
    order = np.argsort(-ranked, kind="stable")[: max(1, round(share * len(ranked)))]
    out = np.zeros(len(ranked), dtype=bool)
    out[order] = True
    return out & np.isfinite(ranked)


# Metric rows.


def damage_rows(rankings: Mapping[str, Values], kinds: Sequence[str]) -> Iterator[Row]:
    """corruption_auc on each kind of damage (part), mean_auc over the kinds that no guard catches, and its lead.

    `kinds` tells of each place in the rankings whether the pair is `CLEAN` or how it is damaged; place i of each kind is
    made of the same pair. A shuffled pair has its neighbour's instruction, which ties units in a way the errors leave out.
    """
    damages = [kind for kind in DAMAGES if kind in kinds and kind != CLEAN]
    means: dict[str, Auc] = {}
    for name, ranked in rankings.items():
        of_kind = {kind: ranked[[each == kind for each in kinds]] for kind in (CLEAN, *damages)}
        found = {kind: auc(of_kind[CLEAN], of_kind[kind], paired=True) for kind in damages}
        for kind, each in found.items():
            yield auc_row("corruption_auc", name, each, part=kind)
        mean = mean_auc([each for kind, each in found.items() if kind not in GUARDED])
        yield auc_row("mean_auc", name, mean, note=f"mean over {UNGUARDED}")
        means.update({name: mean} if mean else {})
    yield from lead_rows("mean_auc", means)


def label_rows(rankings: Mapping[str, Values], labels: Sequence[int], share: float) -> Iterator[Row]:
    """label_auc and its lead; label_precision and label_recall of the best `share`; label_base_rate, which is chance.

    `labels` are 1 for a good pair and 0 for a bad one.
    """
    good = np.array(labels) == 1
    total, note = int(good.sum()), f"the best {share:.1%}"
    yield share_of("label_base_rate", "", total, len(good), note="labelled good")
    found: dict[str, Auc] = {}
    for name, ranked in rankings.items():
        kept = chosen(ranked, share)
        hits = int((kept & good).sum())
        yield share_of("label_precision", name, hits, int(kept.sum()), note=note)
        yield share_of("label_recall", name, hits, total, note=note)
        each = auc(ranked[good], ranked[~good])
        yield auc_row("label_auc", name, each, note=f"{total} good, {len(good) - total} bad")
        found.update({name: each} if each else {})
    yield from lead_rows("label_auc", found)


def lead_rows(name: str, found: Mapping[str, Auc]) -> Iterator[Row]:
    """By how much the best scorer leads the next; nothing where there are not two."""
    order = sorted(found, key=lambda each: -found[each].value)
    if len(order) > 1:
        best, following = found[order[0]], found[order[1]]
        error = best.error_against(following)
        yield metric(LEADS[name], order[0], best.value - following.value, se=error, n=best.n, against=order[1])


def kept_rows(scorer: str, ranked: Values | None, kept: int, size: int, drops: Mapping[str, int]) -> Iterator[Row]:
    """Of `size` pairs: how many it ranks at all (None: it ranks nothing), how many were kept, what the others fell for."""
    if ranked is not None:
        yield metric("ranked", scorer, float(np.isfinite(ranked).sum()), n=size, unit="pairs")
    yield metric("kept", scorer, float(kept), n=size, unit="pairs")
    for reason, count in sorted(drops.items()):
        yield metric("dropped", scorer, float(count), n=size, unit="pairs", part=reason)


def overlap_rows(kept: Mapping[str, set[str]]) -> Iterator[Row]:
    """Jaccard index of any two selections (ids). n is the pairs that either keeps."""
    for one, other in combinations(kept, 2):
        either = len(kept[one] | kept[other])
        value = len(kept[one] & kept[other]) / either if either else None
        yield metric("overlap", one, value, n=either, unit="Jaccard", against=other)


def spearman_rows(columns: Mapping[str, Values]) -> Iterator[Row]:
    """Spearman's rank correlation of any two scorers over the pairs that have both values.

    The error is that of Bonett and Wright (2000); null where one scorer gives all the same value.
    """
    from scipy.stats import spearmanr  # a second of imports, and a finished run needs none of it

    for one, other in combinations(columns, 2):
        both = ~np.isnan(columns[one]) & ~np.isnan(columns[other])
        a, b, n = columns[one][both], columns[other][both], int(both.sum())
        if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
            yield metric("spearman", one, None, n=0, against=other)
            continue
        value = float(spearmanr(a, b).statistic)
        error = (1 - value * value) * math.sqrt((1 + value * value / 2) / (n - 3)) if n > 3 else None
        yield metric("spearman", one, value, se=error, n=n, against=other)
