"""Arms of an ablation."""

from collections.abc import Callable
from pathlib import Path

import measurements
import pytest
from report.rendered import section
from worlds import World

from humpback.report.section import Figure, Table, Text, Word
from humpback.report.writing import written

Made = Callable[[str], Path]


def test_the_table_has_every_arm_and_its_reference(made: Made) -> None:
    """A change without what it is a change from is no figure."""
    table = section(made("arms"), "arms").bodies[0]
    assert isinstance(table, Table) and table.columns[:3] == ("arm", "change on test", "change on dev")
    first, best, *_ = table.rows
    assert first[:3] == ("M_0", None, None) and isinstance(best[0], Word) and best[0].text == "curated †"
    change = best[1]
    assert isinstance(change, Figure) and change.value == pytest.approx(-0.05, abs=0.01) and change.signed
    assert table.track is not None and table.track.lines == ((0.0, "M_0"),)


@pytest.mark.parametrize(("noise", "sure"), [(0.01, True), (0.8, False)])
def test_the_choice_and_how_sure_it_is(tmp_path: Path, noise: float, sure: bool) -> None:
    """The best of two that are the same is drawn by lot, and must be told so."""
    with World(tmp_path / "a", "ablate_data") as world:
        world.metrics("c", measurements.arm_rows({"M_0": 3.0, "good": 2.9 if sure else 3.0}, noise), of="arms")
    said = ["".join(map(written, body.parts)) for body in section(tmp_path / "a", "arms").bodies if isinstance(body, Text)]
    assert said[0].startswith("† Chosen on dev: ") and ("not told apart" in " ".join(said)) is not sure
    assert not sure or said[1].startswith("On test, which had no say in it, good changes NLL by −0.1")


def test_what_they_were_trained_on_and_each_seed(made: Made) -> None:
    """Equal steps are seen; and a single seed that decides."""
    [trained], [seeds] = section(made("arms"), "trained-on").bodies, section(made("arms"), "seeds").bodies
    assert isinstance(trained, Table) and trained.rows[1][3:] == ("batch 8", "seed, and curated")
    assert isinstance(seeds, Table) and seeds.columns == ("arm", "split", "seed 0", "seed 1", "seed 2", "deviation")
    assert len(seeds.rows) == 6
