"""Other wordings of the instruction."""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section

from humpback.report.section import Figure, Table

Made = Callable[[str], Path]


def test_every_model_under_every_perturbation(made: Made) -> None:
    """Losses of all pairs, and answers to some of them: each has its n."""
    losses, answers = section(made("robust"), "robustness").bodies
    assert isinstance(losses, Table) and isinstance(answers, Table)
    assert [row[:2] for row in losses.rows[:4]] == [
        ("M_1", "clean"),
        ("control", "clean"),
        ("coin", "clean"),
        ("M_1", "character"),
    ]
    assert (losses.rows[3][-1], answers.rows[0][-1]) == (40, 20) and losses.rows[0][3] is None
    assert isinstance(losses.rows[3][3], Figure) and losses.rows[3][3].signed


def test_one_model_against_each_other(made: Made) -> None:
    """Case by case."""
    tables = section(made("robust"), "robustness-against").bodies
    assert [table.caption for table in tables if isinstance(table, Table)] == ["coin against M_1", "coin against control"]
