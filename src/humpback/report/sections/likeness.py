"""Does what was kept only look like the seed? Kept and dropped pairs compared."""

from collections.abc import Iterator

from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Section, Table, Track, figure, table

PLACE = 480
COMPARED = (("seed similarity", "seed_similarity"), ("characters", "length"), ("distinct-2", "distinct_2"))
LIKE = "seed_like_auc"


def sections(found: Reading) -> Iterator[Section]:
    """Of each selection that was compared with the seed."""
    rows = found.metrics(of="selection")
    rounds = [round for round in values(rows, "round") if round is not None]
    tables = [made for made in (_like(rows, rounds), *(_compared(such(rows, round=round)) for round in rounds)) if made]
    bodies: list[Body] = [*tables]
    if bodies:
        says = (
            "How well likeness to the seed alone, by a classifier of characters that knows nothing of the selection, "
            "tells kept from dropped pairs: at 0.5 the selection is no matter of style; far above it, it kept what is "
            "written like the seed, which may or may not be what is good. Seed similarity: cosine to the nearest seed "
            "pair, by grams of characters. Distinct-2: share of different pairs of words among all, over equally many "
            "instructions; less is more monotonous."
        )
        yield Section("likeness", "Does what was kept only look like the seed?", says, tuple(bodies), closer=True)


def _like(rows: list[Measured], rounds: list[int]) -> Table | None:
    own = such(rows, metric=LIKE)
    titles = tuple(f"round {round}" for round in rounds)
    shown = [
        [f"AUC, {part}", *(figure(one(own, part=part, round=round)) for round in rounds)] for part in values(own, "part")
    ]
    track = Track(titles, 0.0, 1.0, ((0.5, "no matter of style"),))
    return table(("seed-like", *titles), shown, track=track) if shown else None


def _compared(rows: list[Measured]) -> Table | None:
    shown: list[list[Cell]] = []
    for part in values(rows, "part"):
        for called, name in COMPARED:
            kept, dropped, change = (one(rows, metric=f"{name}_{of}", part=part) for of in ("kept", "dropped", "change"))
            if kept or dropped:
                shown.append([f"{part}, {called}", figure(kept), figure(dropped), figure(change, signed=True)])
    if not shown:
        return None
    return table(("measure", "kept", "dropped", "difference"), shown, f"Round {rows[0].round}, {rows[0].model}")
