"""Wordings from round trips: how new they are, how near in meaning, and some beside their instructions."""

from collections.abc import Iterator

from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Body, Curve, Plot, Section, Table, figure, table

PLACE = 335
SHOWN = 5
COLUMNS = (
    ("pivot_novelty", "new (1 - ROUGE-L)"), ("pivot_cosine", "cosine"), ("pivot_same", "came back the same"),
    ("pivot_taken", "taken"),
)  # fmt: skip


def sections(found: Reading) -> Iterator[Section]:
    """Of runs whose instructions went through other languages."""
    rows = found.metrics(of="pivot")
    if not rows:
        return
    says = (
        "Instructions that went into another language and back, after so many trips: how much of the wording is new, and "
        "how near in meaning it is by an outside model, over all that came back; and the share that is taken, as asking "
        "for the same thing in other words."
    )
    bodies: list[Body] = [_table(rows), *_curves(rows)]
    made = found.datasets(kind="triples", of="pivot")
    if made and len(made[-1]):
        shown = [
            [row["instruction"], row["abroad"], row["paraphrase"]]
            for row, _ in zip(made[-1].rows(), range(SHOWN), strict=False)
        ]
        left = len(made[-1]) - len(shown)
        bodies.append(table(("instruction", "between", "came back as"), shown, "Some that are taken", left_out=left))
    yield Section("wordings", "Wordings by round trips", says, tuple(bodies))


def _table(rows: list[Measured]) -> Table:
    shown = [
        [part, int(at or 0), *(figure(one(rows, metric=metric, part=part, at=at)) for metric, _ in COLUMNS),
         max(row.n for row in such(rows, part=part, at=at))]
        for part in values(rows, "part") for at in values(such(rows, part=part), "at")
    ]  # fmt: skip
    return table(("through", "trips", *(name for _, name in COLUMNS), "n"), shown)


def _curves(rows: list[Measured]) -> Iterator[Plot]:
    """Over several trips."""
    if len(values(rows, "at")) < 2:
        return
    curves = []
    for part in values(rows, "part"):
        for metric, name in COLUMNS[:2]:
            own = [row for row in such(rows, part=part, metric=metric) if row.value is not None]
            points = tuple((row.at or 0.0, shown) for row in own if (shown := figure(row)))
            curves.append(Curve(f"{name}, {part}", points, joined=True))
    yield Plot(tuple(curves), "trips", "share, cosine", caption="What more trips bring")
