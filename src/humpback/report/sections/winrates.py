"""How often one model's answers were preferred to another's, with who judged, and how many verdicts there are not."""

from collections.abc import Iterator, Sequence

from humpback.report.measured import Measured, one, such
from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Section, Table, Track, figure, table, text

PLACE = 120
EVEN = (0.5, "even")
# (metric, part, what it is called)
RATES = (
    ("win_rate", "raw", "win rate"),
    ("win_rate", "at equal lengths", "at equal lengths"),
    ("win_rate", "whole wins", "whole wins"),
)
COUNTS = (
    ("verdicts", "won", "won"),
    ("verdicts", "lost", "lost"),
    ("verdicts", "drawn", "drawn"),
    ("verdicts", "without", "without"),
)
REST = (
    ("order_flips", "", "order flips"), ("answer_length", "model", "its length"), ("answer_length", "reference", "other's"),
)  # fmt: skip
SAYS = (
    "How often the model's answer was preferred to the reference's: a draw counts a half, the error is over prompts. Whole "
    "wins count any preference as a win or a loss. At equal lengths: what the rate would be if the answers were as long as "
    "the reference's. Rates by two judges, or on two sets of prompts, cannot be compared. Lengths are in characters."
)


def sections(found: Reading) -> Iterator[Section]:
    """Of runs that compared answers."""
    made = section(found.metrics(of="win_rates"))
    if made:
        yield made


def section(rows: Sequence[Measured]) -> Section | None:
    """The rates, and models beside each other on the same prompts; None of no rates."""
    groups = list(dict.fromkeys((row.model, row.against, row.judge) for row in such(rows, metric="win_rate")))
    if not groups:
        return None
    bodies: list[Body] = [_rates(rows, groups)]
    for model, against, judge in groups:
        own = such(rows, model=model, against=against, judge=judge)
        lacking, moved = one(own, metric="verdicts", part="without"), one(own, metric="win_rate_moved")
        low, high = (figure(one(own, part=f"all without {way}")) for way in ("lost", "won"))
        if lacking and low and high:
            told = (f" of {lacking.n} verdicts on {model} have no preference: were they all lost, the rate would be ", low,
                    ", were they won ", high, ".")  # fmt: skip
            bodies.append(text(figure(lacking), *told, tone="bad"))
        if moved:
            far = "; so far from the raw rate, the fit to lengths may have failed."
            bodies.append(text(f"{model}: at equal lengths ", figure(moved, signed=True), far, tone="bad"))
    changed = such(rows, metric="win_rate_change")
    if changed:
        bodies.append(_changes(changed, such(rows, metric="sign_test")))
    return Section("win-rates", "Win rates", SAYS, tuple(bodies))


def _rates(rows: Sequence[Measured], groups: Sequence[tuple[str, str, str]]) -> Table:
    shown: list[list[Cell]] = []
    for model, against, judge in groups:
        own = such(rows, model=model, against=against, judge=judge)
        cells = [figure(one(own, metric=metric, part=part)) for metric, part, _ in (*RATES, *COUNTS)]
        rest = [figure(one(own, metric=metric, part=part)) for metric, part, _ in REST]
        shown.append([model, *cells, *rest, against, judge])
    names = (name for _, _, name in (*RATES, *COUNTS, *REST))
    return table(
        ("model", *names, "against", "judge"), shown, track=Track(("win rate", "at equal lengths"), 0.0, 1.0, (EVEN,))
    )


def _changes(changed: Sequence[Measured], tests: Sequence[Measured]) -> Table:
    shown: list[list[Cell]] = []
    for row in changed:
        test = one(tests, model=row.model, against=row.against, judge=row.judge, part=row.part)
        p = figure(test)
        shown.append([row.model, row.against, figure(row, signed=True), p, row.note, row.n, row.part, row.judge])
    columns = ("model", "more often than", "change", "sign test, p", "prompts", "n", "both against", "judge")
    caption = "Two models against the same reference, prompt by prompt"
    return table(columns, shown, caption, Track(("change",), lines=((0.0, "no difference"),)))
