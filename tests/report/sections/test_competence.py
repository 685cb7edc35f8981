"""Can the judge judge?"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import measurements
import pytest
from report.rendered import section, titles
from worlds import World

from humpback.metrics import metric
from humpback.report.section import Figure, Table

Made = Callable[[str], Path]


def test_each_kind_of_damage_has_both_scorers(made: Made) -> None:
    """Chance, and what is needed, stand beside; what a guard drops does not count in the mean."""
    first, second = section(made("loop"), "competence").bodies
    assert isinstance(first, Table) and isinstance(second, Table) and first.caption.startswith("Round 1, M_0, n = 32")
    kinds = ["shuffled", "generic", "truncated", "advert inserted", "copied (a guard drops it)"]
    assert [row[0] for row in first.rows] == [*kinds, "mean of what counts"]
    mean = first.rows[-1][1]
    assert isinstance(mean, Figure) and mean.value == pytest.approx((0.65 + 0.68 + 0.71 + 0.74) / 4)
    assert first.track is not None and [at for at, _ in first.track.lines] == [0.5, 0.8]


def test_what_is_combined_stands_beside_the_judge(tmp_path: Path) -> None:
    """What selects in its place must be seen to be better, and of what it is made."""
    about: dict[str, Any] = {"round": 1}
    fit = [
        metric("combined_fit", "M_0", 1.0, n=32, note="32 clean pairs and the same with 3 kinds of damage", **about),
        *(metric("combined_weight", "M_0", 0.5, n=1, against=name, **about) for name in ("gain", "worst_sentence")),
        *(metric("scorer_auc", "M_0", 0.9, n=32, part=kind, against="combined", **about) for kind in measurements.KINDS),
    ]
    with World(tmp_path / "a") as world:
        world.metrics("c", list(measurements.competence(1, "M_0", 0.6)), of="competence", round=1)
        world.metrics("d", fit, of="combination", round=1)
    aucs, weights = section(tmp_path / "a", "competence").bodies
    assert isinstance(aucs, Table) and aucs.columns == ("damage", "judge", "combined", "likelihood gain")
    assert aucs.track is not None and aucs.track.columns == ("judge", "combined")
    assert isinstance(weights, Table) and [row[0] for row in weights.rows] == ["gain", "worst sentence"]
    assert weights.caption == "What combined is made of, fitted to 32 clean pairs and the same with 3 kinds of damage"


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
