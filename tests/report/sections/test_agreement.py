"""Does the judge agree with people?"""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section

from humpback.report.reading import Reading
from humpback.report.section import Figure, Plot, Table

Made = Callable[[str], Path]


def test_precision_stands_beside_the_base_rate(made: Made) -> None:
    """Precision is nothing without its interval and the base rate."""
    shown = section(made("scored"), "agreement")
    shares, facts, _ = shown.bodies
    assert shown.title == "Does it agree with people? 60 labelled pairs"
    assert isinstance(shares, Table) and [row[0] for row in shares.rows] == ["base rate", "precision", "recall"]
    base = shares.rows[0][1]
    assert isinstance(base, Figure) and base.value == 0.25 and base.low is not None
    assert shares.track is not None and shares.track.lines == ((0.25, "a random choice"),)
    assert isinstance(facts, Table) and [row[0] for row in facts.rows] == ["AUC", "ECE", "Brier"]


def test_the_calibration_stands_where_it_was_measured(made: Made) -> None:
    """A plot with predicted and observed exchanged praises an overconfident judge."""
    *_, plot = section(made("scored"), "agreement").bodies
    assert isinstance(plot, Plot) and plot.even
    rows = Reading(made("scored")).metrics(metric="judge_calibration")
    assert [(x, each.value) for x, each in plot.curves[0].points] == [(row.at, row.value) for row in rows]
    assert sum(row.n for row in rows) == 59
