"""Each new model against the best before it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from measurements import dev_cases
from report.rendered import section
from worlds import World, WorldSettings

from humpback.evaluate import iteration
from humpback.report.section import Code, Table, Text, Word

Made = Callable[[str], Path]


def test_each_model_has_its_verdict(made: Made) -> None:
    """M_2 is measured against M_1, the best so far, and not against M_0, than which it is better."""
    losses, stops, *said = section(made("loop"), "gates").bodies
    assert isinstance(losses, Table) and isinstance(stops, Table)
    rows = [dict(zip(losses.columns, row, strict=True)) for row in losses.rows]
    assert [(row["model"], row["best before"]) for row in rows] == [("M_1", "M_0"), ("M_2", "M_1")]
    assert [row[""].text for row in rows] == ["promoted", "refused"]  # type: ignore[union-attr]
    assert rows[0]["change"].value < 0 < rows[1]["change"].value  # type: ignore[union-attr, operator]
    assert losses.track is not None and losses.track.lines == ((0.0, "the best before"),)
    assert len(stops.rows) == 2 and any("M_2 is not better than M_1" in str(each) for each in said)


def test_the_best_is_named(made: Made) -> None:
    """Who reads the last model's name alone takes a worse one."""
    best = section(made("loop"), "gates").bodies[-1]
    assert isinstance(best, Text) and Word("M_1", "good") in best.parts
    assert any(isinstance(part, Code) and part.text.endswith("best") for part in best.parts)


@pytest.mark.parametrize(("gate", "verdict"), [(True, "refused"), (False, "not better")])
def test_without_a_gate_a_model_is_not_refused(tmp_path: Path, gate: bool, verdict: str) -> None:
    """It goes on to judge the next round."""
    rows = iteration.compared(dev_cases("M_0", 4.2), dev_cases("M_1", 4.3), 2.0, 1)
    with World(tmp_path / "a", settings=WorldSettings(iterate={"gate": gate})) as world:
        world.metrics("gate", rows, of="gate", round=1)
        world.best("M_0", "no later model is better than M_0", 0)
    losses, *_, best = section(tmp_path / "a", "gates").bodies
    assert isinstance(losses, Table) and losses.rows[0][-1].text == verdict  # type: ignore[union-attr]
    assert isinstance(best, Text) and "No later model is better." in str(best.parts)
