"""Does what was kept only look like the seed?"""

from collections.abc import Callable
from pathlib import Path

import measurements
from report.rendered import section
from worlds import World

from humpback.metrics import metric
from humpback.report.section import Figure, Table

Made = Callable[[str], Path]


def test_kept_beside_dropped(made: Made) -> None:
    """With their difference, and style no matter at one half."""
    like, first, _ = section(made("loop"), "likeness").bodies
    assert isinstance(like, Table) and like.track is not None and like.track.lines[0][0] == 0.5
    assert like.columns == ("seed-like", "round 1", "round 2")
    assert isinstance(first, Table) and first.columns == ("measure", "kept", "dropped", "difference")
    assert (
        first.rows[0][0] == "instruction, seed similarity"
        and isinstance(first.rows[0][3], Figure)
        and first.rows[0][3].signed
    )


def test_another_measure_of_a_selection_is_shown_too(tmp_path: Path) -> None:
    """A file in evaluate/selection is all that it takes."""
    rows = [*measurements.selection(1, "M_0"), metric("topics", "M_0", 12.0, n=48, part="kept", round=1)]
    with World(tmp_path / "a") as world:
        world.metrics("s", rows, of="selection", round=1)
    assert section(tmp_path / "a", "measured-selection").bodies and section(tmp_path / "a", "likeness").bodies
