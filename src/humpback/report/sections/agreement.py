"""Does the judge agree with people? Its scores against labels."""

from collections.abc import Iterator

from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Curve, Figure, Plot, Section, Table, Track, figure, table

PLACE = 440
SHARES = (("base rate", "judge_base_rate"), ("precision", "judge_precision"), ("recall", "judge_recall"))
FACTS = (
    ("judge_label_auc", "AUC", "good above bad, 0.5 is chance"),
    ("judge_ece", "ECE", "gap of predicted and observed; 0 is best"),
    ("judge_brier", "Brier", "squared error of p(good); 0 is best"),
)


def sections(found: Reading) -> Iterator[Section]:
    """Of pairs that have labels: those of a file, and those among the seed."""
    rows = [row for row in found.metrics(of=("agreement", "competence")) if row.metric in _METRICS]
    for round in values(rows, "round"):
        own = such(rows, round=round)
        base = one(own, metric="judge_base_rate")
        n = base.n if base else max(row.n for row in own)
        title = f"Does it agree with people? {n:,} labelled pairs" + (f", round {round}" if round else "")
        says = (
            "Precision and recall of what the threshold selects, with 95 % intervals (Wilson); a random choice has the "
            "precision of the base rate. Calibration: on the diagonal a score means what it says."
        )
        bodies: list[Body] = [each for each in (_shares(own), _facts(own), _calibration(own)) if each]
        yield Section("agreement" + (f"-{round}" if round else ""), title, says, tuple(bodies))


_METRICS = {metric for _, metric in SHARES} | {metric for metric, _, _ in FACTS} | {"judge_calibration"}


def _shares(rows: list[Measured]) -> Table | None:
    shown: list[list[Cell]] = []
    for called, metric in SHARES:
        row = one(rows, metric=metric)
        if row:
            shown.append([called, figure(row), row.n, row.note])
    base = one(rows, metric="judge_base_rate")
    lines = ((base.value, "a random choice"),) if base and base.value is not None else ()
    return table(("measure", "share", "n", "of"), shown, track=Track(("share",), 0.0, 1.0, lines)) if shown else None


def _facts(rows: list[Measured]) -> Table | None:
    own = [(called, one(rows, metric=metric), means) for metric, called, means in FACTS]
    shown: list[list[Cell]] = [[called, figure(row), row.n, means] for called, row, means in own if row]
    return table(("measure", "value", "n", "what it says"), shown) if shown else None


def _calibration(rows: list[Measured]) -> Plot | None:
    points = [(row.at, figure(row)) for row in such(rows, metric="judge_calibration") if row.at is not None]
    known: list[tuple[float, Figure]] = [(at, each) for at, each in points if each]
    if not known:
        return None
    return Plot(
        (Curve("", tuple(known)),), "predicted share of good pairs", "observed share", even=True, caption="Calibration"
    )
