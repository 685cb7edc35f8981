"""How the scores of a round are spread over the pairs, and which of these were kept."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from humpback.report.columns import column, words
from humpback.report.reading import Reading
from humpback.report.section import Body, Counts, Figure, Histogram, Section, text
from humpback.store import Dataset

PLACE = 400
# What is shown of the columns of scored pairs: (column, what it is called).
SHOWN = (("score", "judge: score"), ("gain", "likelihood gain of the answer, nats per token"))
BINS = 40


def sections(found: Reading) -> Iterator[Section]:
    """Of all rounds, or of the scores of a file of pairs."""
    rounds: list[int | None] = [*found.rounds] or [None]
    bodies = [body for round in rounds for body in _of_round(found, round)]
    if bodies:
        yield Section("scores", "How scores are spread", "", tuple(bodies), closer=True)


def _of_round(found: Reading, round: int | None) -> Iterator[Body]:
    scored = found.scored(round)
    if scored is None:
        return
    chosen = found.last(kind="selected", round=round) if round is not None else None
    kept = np.isin(np.array(words(scored, "id")), list(words(chosen, "id"))) if chosen else None
    by = str(chosen.about.get("by") or "") if chosen else ""
    title = f"Round {round}, " if round is not None else ""
    others = ((by, by.replace("_", " ")),) if by and by not in dict(SHOWN) else ()
    for name, told in (*SHOWN, *others):
        made = histogram(column(scored, name), kept, told, f"{title}{told}")
        if made:
            yield made
    yield from _statuses(scored, title)


def histogram(values: npt.NDArray[np.float64], kept: npt.NDArray[np.bool_] | None, x: str, caption: str) -> Histogram | None:
    """Bins of equal width; None where nothing has a value. Equal values stand in one bin with room about it."""
    there = np.isfinite(values)
    if not there.any():
        return None
    low, high = float(values[there].min()), float(values[there].max())
    if high - low < 1e-6:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)

    def counts(those: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(np.histogram(values[those], edges)[0].tolist())

    kinds = (
        (("pairs", counts(there)),)
        if kept is None
        else (("kept", counts(there & kept)), ("not kept", counts(there & ~kept)))
    )
    return Histogram(x, tuple(edges.tolist()), kinds, caption)


def _statuses(scored: Dataset, title: str) -> Iterator[Body]:
    counted = Counter(str(status or "no status") for status in words(scored, "status"))
    mass = column(scored, "label_mass")
    known = mass[np.isfinite(mass)]
    told = (" Mean probability on the labels of the levels: ", Figure(float(known.mean())), ".") if len(known) else ()
    yield text(f"{title}status of the scores: ", Counts(tuple(counted.most_common())), ".", *told, tone="soft")
