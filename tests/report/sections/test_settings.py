"""The settings of a run."""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section

from humpback.report.section import Code, Table

Made = Callable[[str], Path]


def test_every_leaf_is_there(made: Made) -> None:
    """By its dotted name, as it is typed; folded."""
    shown = section(made("loop"), "settings")
    [table] = shown.bodies
    assert isinstance(table, Table) and (Code("curate.min_auc"), Code("0.8")) in table.rows and shown.folded
    assert shown.title == f"Settings ({len(table.rows)})"
