"""Which pairs are shown one by one: the best, the worst, those near the bound, without a score, dropped by guards."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from humpback.report.columns import column, words
from humpback.report.reading import Reading
from humpback.report.section import Pair, Pairs, Section
from humpback.report.sections._pairs import key_of, quality, reason, whole_pairs

PLACE = 800
SHOWN, OF_A_REASON = 6, 3


def sections(found: Reading) -> Iterator[Section]:
    """Of the last round, or of the scores of a file of pairs; and of what the guards dropped."""
    groups = [*_of_scores(found), *_of_guards(found)]
    bodies = [Pairs(pairs, title, left) for title, pairs, left in groups if pairs]
    if bodies:
        yield Section("examples", "Pairs, one by one", "", tuple(bodies), closer=True)


Group = tuple[str, tuple[Pair, ...], int]


def _of_scores(found: Reading) -> Iterator[Group]:
    round = found.rounds[-1] if found.rounds else None
    scored = found.scored(round)
    if scored is None or not len(scored):
        return
    chosen = found.last(kind="selected", round=round) if round is not None else None
    ids, key = words(scored, "id"), key_of(scored, chosen)
    values = column(scored, key)
    known = [i for i in np.lexsort((ids, -quality(key) * values)) if np.isfinite(values[i])]
    kept = set(words(chosen, "id")) if chosen else set()
    faults = {drop["id"]: reason(drop) for drop in (chosen.drops() if chosen else ())}
    good, other = ([ids[i] for i in known if (ids[i] in kept) is wanted] for wanted in (True, False))
    worst = (other[SHOWN:][-SHOWN:][::-1], 0)
    if chosen:
        listed = {"Best, kept": (good[:SHOWN], len(good)), "Lowest that was kept": (good[SHOWN:][-SHOWN:][::-1], 0),
                  "Highest that was not kept": (other[:SHOWN], len(other)), "Worst": worst}  # fmt: skip
    else:
        listed = {"Best": (other[:SHOWN], len(other)), "Worst": worst}
    for title, (wanted, of) in listed.items():
        yield title, whole_pairs(found, scored, wanted, faults), max(0, of - len(wanted))
    nulls = np.isnan(column(scored, "score"))
    lacking = [(ids[i], f"no score: {status}") for i, status in enumerate(words(scored, "status")) if nulls[i]]
    some = _some_of_each(lacking)
    yield "Without a score", whole_pairs(found, scored, list(some), some), len(lacking) - len(some)


def _of_guards(found: Reading) -> Iterator[Group]:
    for guarded in found.datasets(kind="pairs", of="guards"):
        reasons = [(drop["id"], reason(drop)) for drop in guarded.drops()]
        some = _some_of_each(reasons)
        round = guarded.about.get("round")
        title = "Dropped by the guards" + (f", round {round}" if round not in (None, 1) else "")
        yield title, whole_pairs(found, found.made_of(guarded), list(some), some), len(reasons) - len(some)


def _some_of_each(faults: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The first `OF_A_REASON` of each reason."""
    seen: Counter[str] = Counter()
    out = {}
    for each, fault in faults:
        kind = fault.partition(": ")[0] if not fault.startswith("no score") else fault
        seen[kind] += 1
        if seen[kind] <= OF_A_REASON:
            out[each] = fault
    return out
