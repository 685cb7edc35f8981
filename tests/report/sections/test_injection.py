"""Can a text talk its judge round?"""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section

from humpback.report.section import Figure, Table

Made = Callable[[str], Path]


def test_all_attacks_together_and_each_kind(made: Made) -> None:
    """The strongest first: the one that a page would use."""
    together, kinds = section(made("loop"), "injection"), section(made("loop"), "attacks")
    [every], (first, _) = together.bodies, kinds.bodies
    assert isinstance(every, Table) and [row[0] for row in every.rows] == ["round 1, M_0", "round 2, M_1"]
    assert every.columns[1:] == ("attack", "control", "excess", "score lost", "n") and every.rows[0][-1] == 71
    assert isinstance(first, Table) and [row[0] for row in first.rows] == [
        "markup",
        "role play",
        "score claim",
        "fake system",
    ]
    assert all(isinstance(cell, Figure) and cell.signed for cell in first.rows[0][1:4]) and kinds.folded and kinds.under
