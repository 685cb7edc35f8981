"""The run for someone who was not there: pairs that were kept, some that were thrown away and why, and whether it helped."""

from collections.abc import Iterator

import numpy as np

from humpback.curate import scorers
from humpback.loop import UNCURATED
from humpback.report.columns import column, words
from humpback.report.measured import Measured, one, such
from humpback.report.reading import Reading
from humpback.report.section import Body, Pair, Pairs, Section, Text, Word, figure, text
from humpback.report.sections._pairs import key_of, quality, reason, whole_pairs
from humpback.report.sections._sure import APART, sure
from humpback.store import Dataset

PLACE = 50
KEPT = 5
SAYS = (
    "The backward model wrote each instruction from the response {shown}; the responses stand on the pages as they are. "
    "Kept ones are shown from the best to the lowest."
)


def sections(found: Reading) -> Iterator[Section]:
    """Of runs that selected pairs: of the last round that did, since one may end before it has begun."""
    chosen = found.last(kind="selected")
    scored = found.scored(chosen.about["round"]) if chosen is not None and chosen.about.get("round") else None
    if scored is None or chosen is None or not len(scored):
        return
    bodies: list[Body] = [body for body in (_kept(found, scored, chosen), _thrown(found, scored, chosen)) if body.pairs]
    shown = "and the headings over it" if found.settings.get("backward.context", "none") != "none" else "alone"
    says = SAYS.format(shown=shown)
    yield Section("story", "Kept, thrown away, and whether it helped", says, (*bodies, *_helped(found)))


def _ranked(scored: Dataset, chosen: Dataset) -> list[str]:
    """The ids of the pairs that have a value, best first."""
    ids, key = words(scored, "id"), key_of(scored, chosen)
    values = column(scored, key)
    return [ids[i] for i in np.lexsort((ids, -quality(key) * values)) if np.isfinite(values[i])]


def _kept(found: Reading, scored: Dataset, chosen: Dataset) -> Pairs:
    kept = set(words(chosen, "id"))
    ranked = [each for each in _ranked(scored, chosen) if each in kept]
    shown = [ranked[round(at)] for at in np.linspace(0, len(ranked) - 1, min(KEPT, len(ranked))).tolist()]
    told = f"{len(shown)} of the {len(kept):,} that were kept"
    return Pairs(whole_pairs(found, scored, shown, {}), told, every=True)


def _thrown(found: Reading, scored: Dataset, chosen: Dataset) -> Pairs:
    """One that a guard dropped, the best that was not selected, and the worst."""
    faults = {drop["id"]: reason(drop) for drop in chosen.drops()}
    # A candidate that another of its text outranks is no text that was thrown away.
    outranked = {drop["id"] for drop in chosen.drops() if drop["reason"] == "text_full"}
    ranked = [each for each in _ranked(scored, chosen) if each in faults and each not in outranked]
    guarded = found.last(kind="pairs", of="guards")
    drop = next(iter(guarded.drops()), None) if guarded is not None else None
    first = {drop["id"]: f"a guard: {reason(drop)}"} if drop else {}
    shown: tuple[Pair, ...] = (
        whole_pairs(found, found.made_of(guarded), list(first), first) if guarded is not None and first else ()
    )
    fell = list(dict.fromkeys([*ranked[:1], *ranked[-1 if shown else -2 :]]))
    shown += whole_pairs(found, scored, fell, {each: faults[each] + _weakest(found, scored, each) for each in fell})
    guards = [step for each in found.datasets(kind="pairs", of="guards") for step in each.steps]
    every = len(faults) + sum(step.dropped for step in guards)
    return Pairs(shown, f"{len(shown)} of the {every:,} that were thrown away, and why", every=True)


def _weakest(found: Reading, scored: Dataset, id: str) -> str:
    """By which of the scorers that are combined the pair stands lowest, and what share of the pairs is better."""
    ids, combined = words(scored, "id"), np.isfinite(column(scored, "combined")).any()
    if id not in ids or not combined:
        return ""
    better: dict[str, float] = {}
    for name in scorers.names():
        values = column(scored, name) * quality(name)
        own, there = values[ids.index(id)], values[np.isfinite(values)]
        if np.isfinite(own) and name in (found.settings.get("combine") or ()):
            better[name] = float((there > own).mean())
    name = max(better, key=lambda each: better[each], default="")
    return f"; lowest by {name.replace('_', ' ')}: {better[name]:.0%} of the pairs are better" if name else ""


def _helped(found: Reading) -> Iterator[Text]:
    """The last model beside its control, and beside the one without any pairs from the web."""
    changes = such(found.metrics(of="models"), metric="nll_change")
    blind = [row for row in changes if row.against and row.against != changes[0].against] if changes else []
    if blind:
        drawn = blind[-1].against == UNCURATED
        what = "as many pairs drawn blindly" if drawn else "the same pairs with the pages' own texts"
        yield _against(blind[-1], f"a model trained on {what} ({blind[-1].against})")
        seed = one(changes, model=blind[-1].model, against=changes[0].against)
        if seed:
            yield _against(seed, f"the model of the seed alone ({seed.against})")


def _against(row: Measured, beside: str) -> Text:
    value, se = row.value or 0.0, row.se or 0.0
    apart = abs(value) > APART * se
    told = Word("better", "good", (row,)) if value < 0 else Word("worse", "bad", (row,))
    word = told if apart else Word("neither better nor worse, as far as can be told,", "", (row,))
    return text(
        f"Beside {beside}, what was kept makes {row.model} ", word, " at predicting ", row.n,
        " human answers that no model has seen: ", figure(row, signed=True), f" ({sure(row)}).",
    )  # fmt: skip
