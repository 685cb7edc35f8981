"""Scorers on one pool, compared: what each ranks above what, what it keeps, how far any two agree, and what it costs.

A scorer is judged as it selects: more is better, and what it can never keep (no value, or one with a fault, see
`combine.Scorer.fault`) ranks below everything else. Errors of AUCs, and of differences between two scorers' AUCs on the same
pairs, are DeLong's (DeLong, DeLong and Clarke-Pearson 1988): each pair's part in the error is kept, so that what two scorers
have in common cancels out.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from humpback.curate.combine import Scorer
from humpback.curate.judge import JudgeConfig, graded, likelihood_columns
from humpback.evaluate.agreement import wilson
from humpback.evaluate.competence import CORRUPTIONS, GUARDED, Pair
from humpback.evaluate.likeness import likeness
from humpback.evaluate.metrics import metric
from humpback.lm import LM
from humpback.schema import Row, row_id

Values = npt.NDArray[np.float64]
CLEAN = "clean"
UNGUARDED = "damage that no guard catches"
DAMAGES: dict[str, Callable[[Sequence[Pair]], Sequence[Pair]]] = {
    CLEAN: lambda pairs: pairs,
    **{corrupt.__name__: corrupt for corrupt in CORRUPTIONS},
}
# What the verdicts are about: the metric that is compared, and the one that says by how much the best leads.
LEADS = {"mean_auc": "mean_auc_lead", "label_auc": "label_auc_lead"}


def damaged(kind: str, rows: Sequence[Row]) -> Iterator[Row]:
    """The pairs `rows`, damaged as `kind` says (of `DAMAGES`); `method` is the kind, `parent` the whole pair."""
    pairs = DAMAGES[kind]([(row["instruction"], row["response"]) for row in rows])
    for row, (instruction, response) in zip(rows, pairs, strict=True):
        own = {"id": row_id(row["id"], kind), "parent": row["id"], "method": kind}
        yield {**row, **own, "instruction": instruction, "response": response}


def values(rows: Sequence[Row], column: str, scorer: Scorer) -> Values:
    """`column` of each row, turned so that more is better; nan where there is none."""
    found = np.array([row.get(column) for row in rows], dtype=np.float64)
    return found if scorer.higher else -found


def ranking(rows: Sequence[Row], column: str, scorer: Scorer) -> Values:
    """`values`, and -inf where the scorer never keeps the row."""
    known = [row.get(column) is not None and not math.isnan(row[column]) for row in rows]
    keeps = [here and scorer.fault(row[column]) is None for here, row in zip(known, rows, strict=True)]
    return np.where(keeps, values(rows, column, scorer), -np.inf)


def chosen(ranked: Values, share: float) -> npt.NDArray[np.bool_]:
    """The best `share` of a ranking, at least one row, and none that is never kept; equal ones in their order."""
    order = np.argsort(-ranked, kind="stable")[: max(1, round(share * len(ranked)))]
    out = np.zeros(len(ranked), dtype=bool)
    out[order] = True
    return out & np.isfinite(ranked)


@dataclass(frozen=True)
class Auc:
    """The probability that a good case ranks above a bad one, ties counted as half.

    `parts`, one for each unit that was drawn, say what it adds to the error: the sum of their squares is the variance.
    """

    value: float
    parts: Values
    n: int

    @property
    def error(self) -> float | None:
        """The standard error; None where one unit of a kind leaves it unknown."""
        return _error(self.parts)


def auc(good: Values, bad: Values, *, paired: bool = False) -> Auc | None:
    """The AUC of two rankings; None if nothing in them is ranked. n is the good cases.

    `paired`: case i of both is made of one unit, a pair and the same pair damaged; else each case is a unit of its own,
    first the good and then the bad ones.
    """
    if not len(good) or not len(bad) or max(good.max(), bad.max()) == -np.inf:
        return None
    below = _share_below(good, bad)
    above = 1 - _share_below(bad, good)
    value = float(below.mean())
    if paired:
        return Auc(value, _scaled(below + above - 2 * value), len(good))
    return Auc(value, np.concatenate([_scaled(below - value), _scaled(above - value)]), len(good))


def _share_below(these: Values, others: Values) -> Values:
    """For each of `these` the share of `others` that it is above."""
    ordered = np.sort(others)
    found: Values = (np.searchsorted(ordered, these, "left") + np.searchsorted(ordered, these, "right")) / (2 * len(others))
    return found


def _scaled(parts: Values) -> Values:
    n = len(parts)
    return parts / math.sqrt(n * (n - 1)) if n > 1 else np.full(n, np.nan)


def _error(parts: Values) -> float | None:
    error = float(np.linalg.norm(parts))
    return None if math.isnan(error) else error


def mean_auc(aucs: Sequence[Auc | None]) -> Auc | None:
    """The mean of AUCs over the same units; None if one of them is."""
    known = [each for each in aucs if each is not None]
    if not known or len(known) < len(aucs):
        return None
    parts = np.mean([each.parts for each in known], axis=0)
    return Auc(sum(each.value for each in known) / len(known), parts, known[0].n)


# Metric rows. `model` is the scorer.


def damage_rows(rankings: Mapping[str, Values], kinds: Sequence[str]) -> Iterator[Row]:
    """corruption_auc on each kind of damage, mean_auc over the kinds that no guard catches, and its lead.

    `kinds` tells of each place in the rankings whether the pair is `CLEAN` or how it is damaged; place i of each kind is
    made of the same pair. A shuffled pair has its neighbour's instruction, which ties units in a way the errors leave out.
    """
    damages = [kind for kind in DAMAGES if kind in kinds and kind != CLEAN]
    means: dict[str, Auc] = {}
    for name, ranked in rankings.items():
        of_kind = {kind: ranked[[each == kind for each in kinds]] for kind in (CLEAN, *damages)}
        found = {kind: auc(of_kind[CLEAN], of_kind[kind], paired=True) for kind in damages}
        for kind, each in found.items():
            yield _auc_row("corruption_auc", name, each, kind)
        mean = mean_auc([each for kind, each in found.items() if kind not in GUARDED])
        yield _auc_row("mean_auc", name, mean, UNGUARDED)
        means.update({name: mean} if mean else {})
    yield from lead_rows("mean_auc", means)


def label_rows(rankings: Mapping[str, Values], labels: Sequence[int], share: float) -> Iterator[Row]:
    """label_auc and its lead; label_precision and label_recall of the best `share`; label_base_rate, which is chance.

    `labels` are 1 for a good pair and 0 for a bad one. Notes hold Wilson's intervals.
    """
    good = np.array(labels) == 1
    yield _share("label_base_rate", "", int(good.sum()), len(good), "labelled good")
    found: dict[str, Auc] = {}
    for name, ranked in rankings.items():
        kept = chosen(ranked, share)
        hits, note = int((kept & good).sum()), f"the best {share:.1%}"
        yield _share("label_precision", name, hits, int(kept.sum()), note)
        yield _share("label_recall", name, hits, int(good.sum()), note)
        each = auc(ranked[good], ranked[~good])
        yield _auc_row("label_auc", name, each, f"{int(good.sum())} good, {int((~good).sum())} bad")
        found.update({name: each} if each else {})
    yield from lead_rows("label_auc", found)


def _auc_row(name: str, scorer: str, found: Auc | None, note: str) -> Row:
    if found is None:
        return metric(name, scorer, None, n=0, note=note)
    return metric(name, scorer, found.value, se=found.error, n=found.n, note=note)


def _share(name: str, scorer: str, hits: int, n: int, note: str) -> Row:
    if not n:
        return metric(name, scorer, None, n=0, unit="share", note=note)
    low, high = wilson(hits, n)
    return metric(name, scorer, hits / n, n=n, unit="share", note=f"{note}; 95 % Wilson {low:.3f} to {high:.3f}")


def lead_rows(name: str, found: Mapping[str, Auc]) -> Iterator[Row]:
    """By how much the best scorer leads the next, which the note names; nothing where there are not two."""
    order = sorted(found, key=lambda each: -found[each].value)
    if len(order) > 1:
        best, following = found[order[0]], found[order[1]]
        error = _error(best.parts - following.parts)
        yield metric(LEADS[name], order[0], best.value - following.value, se=error, n=best.n, note=order[1])


def kept_rows(scorer: str, ranked: Values | None, kept: int, size: int, drops: Mapping[str, int]) -> Iterator[Row]:
    """Of `size` pairs: how many it ranks at all (None: it ranks nothing), how many were kept, what the others fell for."""
    if ranked is not None:
        yield metric("ranked", scorer, float(np.isfinite(ranked).sum()), n=size, unit="pairs")
    yield metric("kept", scorer, float(kept), n=size, unit="pairs")
    for reason, count in sorted(drops.items()):
        yield metric("dropped", scorer, float(count), n=size, unit="pairs", note=reason)


def overlap_rows(kept: Mapping[str, set[str]]) -> Iterator[Row]:
    """Jaccard index of any two selections (ids); the note names the second. n is the pairs that either keeps."""
    for one, other in combinations(kept, 2):
        either = len(kept[one] | kept[other])
        value = len(kept[one] & kept[other]) / either if either else None
        yield metric("overlap", one, value, n=either, unit="Jaccard", note=other)


def spearman_rows(columns: Mapping[str, Values]) -> Iterator[Row]:
    """Spearman's rank correlation of any two scorers over the pairs that have both values; the note names the second.

    The error is that of Bonett and Wright (2000); null where one scorer gives all the same value.
    """
    for one, other in combinations(columns, 2):
        both = ~np.isnan(columns[one]) & ~np.isnan(columns[other])
        n = int(both.sum())
        value = _spearman(columns[one][both], columns[other][both])
        error = None
        if value is not None and n > 3:
            error = (1 - value * value) * math.sqrt((1 + value * value / 2) / (n - 3))
        yield metric("spearman", one, value, se=error, n=n if value is not None else 0, note=other)


def _spearman(one: Values, other: Values) -> float | None:
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(_mean_ranks(one), _mean_ranks(other))[0, 1])


def _mean_ranks(found: Values) -> Values:
    _, group, sizes = np.unique(found, return_inverse=True, return_counts=True)
    ranks: Values = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    return ranks


def likeness_rows(scorer: str, seed: Sequence[Row], kept: Sequence[Row], dropped: Sequence[Row]) -> Iterator[Row]:
    """`likeness` of what the scorer keeps."""
    for row in likeness(seed, kept, dropped):
        told = {name: row[name] for name in ("n", "se", "unit", "note")}
        yield metric(row["metric"], scorer, row["value"], **told)


@dataclass(frozen=True)
class Cost:
    """What a part of the scoring took for `n` pairs; `prompt_tokens` is None where nobody counted."""

    seconds: float
    prompt_tokens: float | None
    n: int


def timed(rows: list[Row], lm: LM, judge: JudgeConfig, tag: str, max_tokens: int) -> Iterator[Row]:
    """Metric rows: seconds and prompt tokens of the judge, and of the likelihoods, for `rows`; `model` names the part."""
    parts: dict[str, Callable[[], object]] = {
        "judge": lambda: graded(rows, lm, max_tokens, judge, "cost"),
        "likelihood": lambda: likelihood_columns(rows, lm, tag, max_tokens),
    }
    for part, ask in parts.items():
        before, began = lm.usage, time.perf_counter()
        ask()
        seconds, spent = time.perf_counter() - began, lm.usage - before
        yield metric("seconds", part, seconds, n=len(rows), unit="seconds")
        yield metric("prompt_tokens", part, spent.prompt_tokens if spent.calls else None, n=len(rows), unit="tokens")


def cost_rows(scorer: str, parts: Mapping[str, Cost]) -> Iterator[Row]:
    """Seconds and prompt tokens per thousand pairs: the sum of the `parts` that the scorer needs, which the note names."""
    note, n = " + ".join(parts), min((each.n for each in parts.values()), default=0)
    tokens = [_thousand(each.prompt_tokens, each.n) for each in parts.values()]
    known = [each for each in tokens if each is not None]
    seconds = sum(_thousand(each.seconds, each.n) or 0.0 for each in parts.values())
    yield metric("seconds", scorer, seconds if n else None, n=n, unit="per thousand pairs", note=note)
    counted = sum(known) if n and len(known) == len(tokens) else None
    yield metric("prompt_tokens", scorer, counted, n=n, unit="per thousand pairs", note=note)


def _thousand(total: float | None, n: int) -> float | None:
    return None if total is None or not n else 1000 * total / n


# What is read from the rows.


def verdicts(metrics: Sequence[Row]) -> Iterator[str]:
    """A line for each way to tell which scorer ranks best: the best, the next, and whether the two can be told apart."""
    of = {(row["metric"], row["model"]): row for row in metrics}
    for name, told in (("mean_auc", f"mean over {UNGUARDED}"), ("label_auc", "against labels")):
        lead = next((row for row in metrics if row["metric"] == LEADS[name]), None)
        if lead is None:
            continue
        best, following = of[name, lead["model"]], of[name, lead["note"]]
        yield (
            f"ranks best, AUC {told}: {lead['model']} {_figure(best)} (n = {best['n']}), then {lead['note']} "
            f"{_figure(following)}; the difference {_figure(lead)} is {_told_apart(lead)}"
        )
    if not any(row["metric"] in LEADS.values() for row in metrics):
        yield "nothing says which scorer ranks best: that takes two scorers, and seed pairs to damage or labelled pairs"


def _told_apart(lead: Row) -> str:
    if lead["se"] is None:
        return "without an error: too few pairs"
    return f"{'more' if lead['value'] > 2 * lead['se'] else 'not more'} than two standard errors"


def as_text(metrics: Sequence[Row]) -> str:
    """The tables of `humpback show`, and the verdicts."""
    names = list(dict.fromkeys(row["model"] for row in metrics if row["metric"] == "kept"))
    if not names:
        return ""
    tables = [_quality_table(metrics, names), _selection_table(metrics, names), _agreement_table(metrics, names)]
    return "\n\n".join([*(table for table in tables if table), "\n".join(verdicts(metrics))])


def _quality_table(metrics: Sequence[Row], names: Sequence[str]) -> str:
    """AUCs and what else is measured against damage, labels, and by training."""
    wanted = [("corruption_auc", kind, kind) for kind in
              dict.fromkeys(row["note"] for row in metrics if row["metric"] == "corruption_auc")]  # fmt: skip
    wanted += [("mean_auc", UNGUARDED, "mean")] if wanted else []
    there = {row["metric"] for row in metrics}
    wanted += [(name, None, title) for name, title in (("label_auc", "labels"), ("label_precision", "precision"),
               ("label_recall", "recall"), ("nll_change", "NLL change")) if name in there]  # fmt: skip
    cells = [[name, *(_cell(metrics, measure, name, note) for measure, note, _ in wanted)] for name in names]
    kinds = ", ".join(GUARDED)
    title = (
        f"AUC, clean above damaged (mean: without {kinds}, which the guards catch), against labels, and what training says"
    )
    return _table(title, ["scorer", *(each for _, _, each in wanted)], cells) if wanted else ""


def _selection_table(metrics: Sequence[Row], names: Sequence[str]) -> str:
    """What each keeps of the pool, how near it is to the seed, and what it takes."""
    head = ["scorer", "ranked", "kept", "seed similarity", "seed-like AUC", "s/1,000", "tokens/1,000", "falls out"]
    cells = []
    for name in names:
        drops = [row for row in metrics if row["metric"] == "dropped" and row["model"] == name]
        told = ", ".join(f"{row['value']:.0f} {row['note']}" for row in sorted(drops, key=lambda row: -row["value"]))
        counts = [_cell(metrics, each, name, None, 0) for each in ("ranked", "kept")]
        near = _cell(metrics, "seed_similarity", name, "response, kept - dropped")
        like = _cell(metrics, "seed_like_auc", name, "instruction, kept above dropped")
        cost = [_cell(metrics, "seconds", name, None, 1), _cell(metrics, "prompt_tokens", name, None, 0)]
        cells.append([name, *counts, near, like, *cost, told])
    size = next((row["n"] for row in metrics if row["metric"] == "kept"), 0)
    return _table(
        f"What each keeps of {size} pairs (similarity of responses, AUC of instructions), and its cost", head, cells
    )


def _agreement_table(metrics: Sequence[Row], names: Sequence[str]) -> str:
    """Any two scorers: Spearman above the diagonal, Jaccard of what they keep below it."""
    of = {(row["metric"], row["model"], row["note"]): row["value"] for row in metrics}
    cells = []
    for i, one in enumerate(names):
        upper = [of.get(("spearman", one, other), of.get(("spearman", other, one))) for other in names]
        lower = [of.get(("overlap", other, one), of.get(("overlap", one, other))) for other in names]
        shown = [None if i == j else upper[j] if j > i else lower[j] for j in range(len(names))]
        cells.append([f"{i + 1} {one}", *("-" if value is None else f"{value:.2f}" for value in shown)])
    title = "Agreement: above the diagonal Spearman's correlation, below it the Jaccard index of what both keep"
    return _table(title, ["scorer", *(str(i + 1) for i in range(len(names)))], cells)


def _cell(metrics: Sequence[Row], name: str, scorer: str, note: str | None, digits: int = 3) -> str:
    found = (row for row in metrics if (row["metric"], row["model"]) == (name, scorer) and note in (None, row["note"]))
    return _figure(next(found, None), digits)


def _figure(row: Row | None, digits: int = 3) -> str:
    if row is None or row["value"] is None:
        return "-"
    error = f" ± {row['se']:.{digits}f}" if row["se"] is not None else ""
    return f"{row['value']:,.{digits}f}{error}"


def _table(title: str, head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in (head, *cells)) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *cells)
    ]
    return "\n".join([title, *lines])
