"""Rounds of self-curation, one against another: is the new model better, and does the selection still change for the better?

Public runs of this method ended with an M_1 that was worse than M_0, and chose their best step on the test set. So each new
model is held against the best one before it, by a paired test on dev pairs that nothing is trained on, and what a round
selects by is held against the same pairs damaged. Nothing here sees the test split.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from humpback import prompts
from humpback.config import OFTEN, Config
from humpback.curate import scorers
from humpback.curate.competence import as_in_a_run
from humpback.curate.damage import CLEAN, GUARDED, whole_and_damaged
from humpback.curate.scorers import Scorer
from humpback.curate.select import CurateConfig
from humpback.evaluate.held_out import Open, ended, forward_nll, held
from humpback.evaluate.selection.likeness import distinct_2
from humpback.lm.spec import ModelName
from humpback.metrics import mean_of, metric, paired_change
from humpback.prompts.forward import FORWARD, TagConfig
from humpback.schema import Row
from humpback.store import Dataset, DatasetFolder

# What the guards call an instruction that is taken from its answer.
COPIES = ("copied_answer", "same_as_response")
NLL, STOP = "dev_nll", "dev_stop"


class IterateConfig(Config):
    """What changes from round to round, which model goes on, and when to stop."""

    pool: Annotated[Literal["fixed", "regenerated", "rejected"], OFTEN] = Field(
        "fixed",
        description="fixed: all rounds select from the same pairs (paper). regenerated: each round the backward model "
        "writes all instructions anew. rejected: only where no pair was selected in the round before (ours)",
    )
    backward: Annotated[Literal["fixed", "retrained"], OFTEN] = Field(
        "fixed",
        description="fixed: trained once, on the seed (paper). retrained: after each round, from base, on seed and selected "
        "pairs reversed (the paper's open question)",
    )
    gate: bool = Field(
        True, description="a model that is not better than the best so far judges no round; false: the last goes on (paper)"
    )
    z: float = Field(2.0, ge=0, description="better: by so many standard errors of the paired change on dev pairs (ours)")
    stop_on_refusal: bool = Field(False, description="no further round after a model that was refused (ours)")
    stop_overlap: float | None = Field(
        0.9, gt=0, le=1, description="stop where two rounds' selections are so alike (Jaccard; ours); unset: go on (paper)"
    )
    stop_precision: float | None = Field(
        1.0,
        ge=0,
        description="stop where the precision on damaged dev pairs falls by so many standard errors (ours); unset: go on",
    )


# One model against the best before it.


class DevCases(Config):
    """A model, called `name`, on each pair of the dev split."""

    seed: DatasetFolder
    cases: int
    name: str
    model: ModelName
    tags: TagConfig
    max_tokens: int
    stop_tokens: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(FORWARD)


def dev_cases(config: DevCases, open: Open) -> Iterator[Row]:
    """A row for each measurement of each pair, for paired tests: the NLL of its response, whether an answer ended."""
    rows, lm = held(Dataset(config.seed), "dev", config.cases), open(config.model)
    losses = forward_nll(rows, lm, config.tags.seed, config.max_tokens)
    stops = ended(rows, lm, config.tags.inference, config.stop_tokens)
    yield from cases(config.name, rows, losses, stops)


def cases(name: str, pairs: Sequence[Row], losses: Sequence[float | None], ended: Sequence[float | None]) -> Iterator[Row]:
    for row, loss, end in zip(pairs, losses, ended, strict=True):
        about: dict[str, Any] = {"parent": row["id"], "split": "dev"}
        yield metric(NLL, name, loss, n=int(loss is not None), unit="nats/token", **about)
        yield metric(STOP, name, end, n=int(end is not None), unit="share", **about)


class Gate(Config):
    """The `dev_cases` of the best model so far and of a new one, which is better by `z` standard errors or not at all."""

    best: DatasetFolder
    new: DatasetFolder
    z: float
    round: int


def gate(config: Gate) -> list[Row]:
    """The figures, and `gate_better`, whose note is why."""
    return compared(list(Dataset(config.best).rows()), list(Dataset(config.new).rows()), config.z, config.round)


@dataclass(frozen=True)
class Verdict:
    """Whether a model is better than the best before it, and why."""

    better: bool
    why: str


def verdict(metrics: Sequence[Row]) -> Verdict:
    """What the rows of `gate` come to."""
    row = next(row for row in metrics if row["metric"] == "gate_better")
    return Verdict(bool(row["value"]), row["note"])


def compared(best: Sequence[Row], new: Sequence[Row], z: float, round: int) -> list[Row]:
    """The `cases` of two models, compared pair by pair.

    Better is a mean NLL that is lower by more than `z` standard errors of the paired change, if the stop rate has not
    fallen by as much: a model that does not end is not better, whatever its loss.
    """
    (old, before), (name, after) = _named(best), _named(new)
    about: dict[str, Any] = {"round": round, "split": "dev"}
    change = paired_change("gate_nll_change", name, before[NLL], after[NLL], unit="nats/token", against=old, **about)
    stops = paired_change("gate_stop_change", name, before[STOP], after[STOP], unit="share", against=old, **about)
    found = _decided(change, stops, z)
    both = ((old, before), (name, after))
    rows = [mean_of("gate_nll", each, own[NLL], unit="nats/token", **about) for each, own in both]
    rows += [mean_of("gate_stop_rate", each, own[STOP], unit="share", **about) for each, own in both]
    decided = metric("gate_better", name, float(found.better), n=change["n"], against=old, note=found.why, **about)
    return [*rows, change, stops, decided]


def _named(rows: Sequence[Row]) -> tuple[str, dict[str, list[float | None]]]:
    """The model, and its values by metric in the order of the pairs' ids."""
    ordered = sorted(rows, key=lambda row: str(row["parent"]))
    return rows[0]["model"], {name: [row["value"] for row in ordered if row["metric"] == name] for name in (NLL, STOP)}


def _decided(change: Row, stops: Row, z: float) -> Verdict:
    name, old = change["model"], change["against"]
    if change["value"] is None or change["se"] is None:
        return Verdict(False, f"{name} is not known to be better than {old}: {change['n']} dev pairs could be compared")
    told = f"NLL {change['value']:+.4f} ± {change['se']:.4f} nats/token on {change['n']} dev pairs"
    if _falls(stops, z):
        fall = f"stop rate {stops['value']:+.2f} ± {stops['se']:.2f}"
        return Verdict(False, f"{name} ends fewer of its answers than {old}: {fall}, {told}")
    if _falls(change, z):
        return Verdict(True, f"{name} is better than {old} by more than {z:g} standard errors: {told}")
    return Verdict(False, f"{name} is not better than {old} by {z:g} standard errors: {told}")


def _falls(row: Row, z: float) -> bool:
    """Below zero by more than `z` standard errors; one case has no error and proves nothing."""
    value, error = row["value"], row["se"]
    return value is not None and error is not None and value < 0 and value < -z * error


# One selection, and against the one before it.


class Earlier(Config):
    """The selection of the round before, the scored pairs that it was made from, the pool, and what was measured of it."""

    chosen: DatasetFolder
    scored: DatasetFolder
    pairs: DatasetFolder
    metrics: DatasetFolder


class OfRound(Config):
    """What a round has selected, under the name of its forward model.

    `by` is the column that it selects by, at `k` or (None) by a share; `damaged` the dev pairs, clean and damaged, with
    their scores; `pairs` the pool. `written` are the pairs that the guards let through of what was written for this round,
    where pools change.
    """

    model: str
    round: int
    by: str
    k: float | None
    curate: CurateConfig
    iterate: IterateConfig
    chosen: DatasetFolder
    pairs: DatasetFolder
    damaged: DatasetFolder
    written: DatasetFolder | None = None
    before: Earlier | None = None


def selection(config: OfRound) -> list[Row]:
    """All that is measured of a selection without a model, and `stopped`, whose note is why, if it is not worth training."""
    found = list(_of_selection(config))
    before = list(Dataset(config.before.metrics).rows()) if config.before else None
    why = settled(found, before, config.iterate) if before else None
    return [*found, *([metric("stopped", config.model, 1.0, n=1, round=config.round, note=why)] if why else [])]


def _of_selection(config: OfRound) -> Iterator[Row]:
    named, before = (config.model, config.round), config.before
    shown = dict.fromkeys(["id", "parent", "instruction", "score", "gain", config.by])
    chosen = list(Dataset(config.chosen).rows(list(shown)))
    scorer = scorers.load(config.by, config.curate)
    judged = [as_in_a_run(row) for row in whole_and_damaged(list(Dataset(config.damaged).rows()))]
    yield from selection_quality(judged, config.by, scorer, config.k, *named)
    pool, unit = len(Dataset(config.pairs)), "share"
    yield metric("acceptance", config.model, len(chosen) / pool if pool else None, n=pool, unit=unit, round=config.round)
    then: dict[str, Row] = {}
    if before:
        ids = {row["id"] for row in chosen}
        scored = Dataset(before.scored).rows(["id", "instruction", "score", "gain"])
        then = {row["id"]: row for row in scored if row["id"] in ids}
    yield from drift(chosen, then, *named)
    if before:
        key = "id" if config.iterate.pool == "fixed" else "parent"
        old = [row[key] for row in Dataset(before.chosen).rows([key])]
        yield from overlap(old, [row[key] for row in chosen], *named)
    if config.iterate.pool != "fixed":
        earlier = _instructions(before.pairs) if before else {}
        yield from pool_rows(_instructions(config.pairs), earlier, *named)
    if config.written:
        totals = Dataset(config.written).totals
        yield from guard_rows(totals.read, totals.drops, *named)


def _instructions(pairs: Path) -> dict[str, str]:
    return {row["id"]: row["instruction"] for row in Dataset(pairs).rows(["id", "instruction"])}


def selection_quality(
    judged: Sequence[Row], by: str, scorer: Scorer, k: float | None, model: str, round: int
) -> Iterator[Row]:
    """Precision and recall of what a round selects by: clean dev pairs are right, damaged ones wrong.

    Selected is what has at least `k`; of a round that keeps a share, which has no threshold that would hold for other pairs
    (instructions that a model wrote are likelier to it than any of people), the best, as many as there are clean ones: then
    precision and recall are one number where all have a value. `judged` have their kind of damage in `method`; damage that a
    guard drops before any scorer sees it is left out. Both are null where no pair has a value, as with ranks. Copies of a
    pair are no independent cases: the error (binomial) is somewhat too small.
    """
    known = [row for row in judged if row["method"] not in GUARDED]
    if all(row.get(by) is None for row in known):
        known = []
    some = [row for row in known if row.get(by) is not None and not math.isnan(row[by]) and not scorer.fault(row[by])]
    clean = sum(row["method"] == CLEAN for row in known)
    ranked = sorted(some, key=lambda row: (-scorer.quality(row[by]), row["method"] == CLEAN))
    kept = ranked[:clean] if k is None else [row for row in some if scorer.quality(row[by]) >= scorer.quality(k)]
    right = sum(row["method"] == CLEAN for row in kept)
    note = f"the best {clean} of {len(some)}" if k is None else f"of at least {k:.4g}"
    about = {"unit": "share", "round": round, "part": by, "note": note}
    yield _share("selection_precision", right, len(kept), model, about)
    yield _share("selection_recall", right, clean, model, about)


def _share(name: str, hits: int, n: int, model: str, about: Mapping[str, Any]) -> Row:
    share = hits / n if n else None
    error = math.sqrt(share * (1 - share) / n) if share is not None else None
    return metric(name, model, share, n=n, se=error, **about)


def overlap(before: Collection[str], now: Collection[str], model: str, round: int) -> Iterator[Row]:
    """Jaccard overlap of two selections by what identifies a pair, and how many are new and have left."""
    old, new = set(before), set(now)
    shared, union = len(old & new), len(old | new)
    about: dict[str, Any] = {"round": round, "note": "against the round before"}
    yield metric("selection_overlap", model, shared / union if union else None, n=union, unit="Jaccard", **about)
    yield metric("selection_new", model, float(len(new - old)), n=len(new), unit="pairs", **about)
    yield metric("selection_left", model, float(len(old - new)), n=len(old), unit="pairs", **about)


def drift(now: Sequence[Row], before: Mapping[str, Row], model: str, round: int) -> Iterator[Row]:
    """Mean score and gain of the selected pairs, and how far both moved since the round before, over pairs that it had too.

    `before` are the scored pairs of the round before by id; of a pair whose instruction is another one now nothing moved.
    """
    same = [row for row in now if before.get(row["id"], {}).get("instruction") == row["instruction"]]
    for column, unit in (("score", "levels"), ("gain", "nats/token")):
        yield mean_of(f"selected_{column}", model, [row[column] for row in now], unit=unit, round=round)
        known = [(before[row["id"]][column], row[column]) for row in same]
        if known:
            old, new = zip(*known, strict=True)
            note = "the selected pairs, now and in the round before"
            yield paired_change(f"{column}_drift", model, old, new, unit=unit, round=round, note=note)


def pool_rows(instructions: Mapping[str, str], before: Mapping[str, str], model: str, round: int) -> Iterator[Row]:
    """How varied the instructions of a pool are, and how many are still those of the round before; both by id."""
    known = [each for each in instructions if each in before]
    if known:
        same = sum(instructions[each] == before[each] for each in known)
        yield _share("pool_unchanged", same, len(known), model, {"unit": "share", "round": round})
    texts = list(instructions.values())
    yield metric("pool_distinct_2", model, distinct_2(texts), n=len(texts), unit="share", round=round)


def guard_rows(read: int, drops: Mapping[str, int], model: str, round: int) -> Iterator[Row]:
    """Of the instructions written: how many the guards let through, and how many are copied from the answer."""
    about = {"unit": "share", "round": round}
    yield _share("guards_passed", read - sum(drops.values()), read, model, about)
    yield _share("copy_rate", sum(drops.get(name, 0) for name in COPIES), read, model, about)


# When to stop.


def settled(metrics: Sequence[Row], before: Sequence[Row], config: IterateConfig) -> str | None:
    """Why no model need be trained on a selection whose metric rows these are, `before` being those of the last; or None."""
    now, then = ({row["metric"]: row for row in rows} for rows in (metrics, before))
    return _unchanged(now, config) or _less_precise(now, then, config)


def _unchanged(now: Mapping[str, Row], config: IterateConfig) -> str | None:
    alike, most = now["selection_overlap"]["value"], config.stop_overlap
    if most is None or alike is None or alike <= most:
        return None
    return f"the selection is nearly that of the round before: overlap {alike:.2f}, and iterate.stop_overlap is {most:g}"


def _less_precise(now: Mapping[str, Row], then: Mapping[str, Row], config: IterateConfig) -> str | None:
    old, new = then["selection_precision"], now["selection_precision"]
    if config.stop_precision is None or old["value"] is None or new["value"] is None:
        return None
    error = math.hypot(old["se"], new["se"])
    if not old["value"] - new["value"] > config.stop_precision * error:
        return None
    told = f"precision on damaged dev pairs fell from {old['value']:.2f} to {new['value']:.2f}"
    return f"{told}, by more than {config.stop_precision:g} standard errors (each {error:.2f})"
