"""Backward models on held-out pairs."""

from collections.abc import Callable
from pathlib import Path

import measurements
from report.rendered import section
from worlds import World

from humpback.report.section import Figure, Table

Made = Callable[[str], Path]


def test_overlap_stands_beside_chance(made: Made) -> None:
    """An overlap of 0.3 is nothing to one who has 0.3 by chance."""
    [table] = section(made("loop"), "backward").bodies
    assert isinstance(table, Table) and table.columns[2:4] == ("ROUGE-L", "by chance")
    own, chance = table.rows[0][2:4]
    assert isinstance(own, Figure) and isinstance(chance, Figure) and (own.value, chance.value) == (0.297, 0.135)


def test_several_are_compared(tmp_path: Path) -> None:
    """An arm that wins by its backward model is explained by it."""
    with World(tmp_path / "a") as world:
        world.model("fixed", "backward", dev=(3.0, 2.0, 2.5))
        world.metrics("q", [row for name in ("fixed", "refreshed-1") for row in measurements.backward(name)], of="backward")
    [table] = section(tmp_path / "a", "backward").bodies
    assert isinstance(table, Table) and [row[0] for row in table.rows] == ["fixed", "refreshed-1"]
    assert table.column("step kept") == [1, None]
