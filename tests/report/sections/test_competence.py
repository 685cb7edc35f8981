"""Can the judge judge?"""

from collections.abc import Callable
from pathlib import Path

import measurements
import pytest
from report.rendered import section, titles
from worlds import World

from humpback.report.section import Figure, Table

Made = Callable[[str], Path]


def test_each_kind_of_damage_has_both_scorers(made: Made) -> None:
    """Chance, and what is needed, stand beside; what a guard drops does not count in the mean."""
    first, second = section(made("loop"), "competence").bodies
    assert isinstance(first, Table) and isinstance(second, Table) and first.caption.startswith("Round 1, M_0, n = 32")
    assert [row[0] for row in first.rows] == ["shuffled", "truncated", "advert inserted", "copied (a guard drops it)",
                                              "mean of what counts"]  # fmt: skip
    mean = first.rows[-1][1]
    assert isinstance(mean, Figure) and mean.value == pytest.approx((0.65 + 0.68 + 0.71) / 3)
    assert first.track is not None and [at for at, _ in first.track.lines] == [0.5, 0.8]


def test_rounds_stand_side_by_side(made: Made) -> None:
    """A measure that another mode of judging has is no row of this one."""
    facts, levels = section(made("loop"), "judge").bodies
    assert isinstance(facts, Table) and facts.columns == ("measure", "round 1, M_0", "round 2, M_1", "n", "what it says")
    names = [row[0] for row in facts.rows]
    assert "order flips" in names and "retest gap, levels" not in names and "answer tokens" in names
    assert isinstance(levels, Table) and [row[0] for row in levels.rows] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_labels_among_the_seed_are_compared_with_the_judge(tmp_path: Path) -> None:
    """They are rows of the competence, and of no damage."""
    rows = [{**row, "round": 1} for row in measurements.agreement("M_0")]
    with World(tmp_path / "a") as world:
        world.metrics("c", rows, of="competence", round=1)
    assert "competence" not in titles(tmp_path / "a") and section(tmp_path / "a", "agreement-1").title.endswith("round 1")
