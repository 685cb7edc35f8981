"""The models on the test split."""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section
from worlds import World, losses

from humpback.report.section import Figure, Spark, Table

Made = Callable[[str], Path]


def test_each_model_has_its_change_and_its_training(made: Made) -> None:
    """An arm is a model by its name, however its folder is called."""
    [table] = section(made("loop"), "models").bodies
    assert isinstance(table, Table) and table.columns[-3:] == ("change against M_0", "stop rate", "n")
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["M_0", "M_1", "M_2", "M_uncurated"] and rows["M_uncurated"]["pairs"] == 100
    change, curve = rows["M_1"]["change against M_0"], rows["M_1"]["training loss"]
    assert isinstance(change, Figure) and change.value == -0.066 and change.signed
    assert isinstance(curve, Spark) and len(curve.values) == 60


def test_the_step_that_was_kept_is_told(tmp_path: Path) -> None:
    """A loss that ends at 0.5 is not that of weights that were kept long before."""
    with World(tmp_path / "a") as world:
        world.model("forward-0", "forward", "M_0", losses(1), dev=(3.0, 2.0, 2.5), round=0)
        world.model("forward-1", "forward", "M_1", losses(1), round=1)
    [table] = section(tmp_path / "a", "models").bodies
    assert isinstance(table, Table)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(row["dev loss"], row["step kept"]) for row in rows] == [(Spark((3.0, 2.0, 2.5)), 1), (None, None)]


def test_models_are_shown_before_they_are_measured(tmp_path: Path) -> None:
    """A loss that rises is seen while the run goes on; a training of a million steps is thinned."""
    with World(tmp_path / "a") as world:
        world.model("forward-0", "forward", "M_0", losses(1, 1000), round=0)
        world.model("backward", "backward")
    [table] = section(tmp_path / "a", "models").bodies
    assert isinstance(table, Table) and [row[0] for row in table.rows] == ["M_0", "backward"]
    curve = table.rows[0][table.columns.index("training loss")]
    assert isinstance(curve, Spark) and len(curve.values) == 200
