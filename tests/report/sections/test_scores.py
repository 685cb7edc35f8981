"""How scores are spread."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from report.rendered import section
from worlds import World

from humpback.curate import scorers
from humpback.report.section import Counts, Histogram, Text
from humpback.report.sections.scores import histogram

Made = Callable[[str], Path]


@pytest.mark.parametrize("values", [[1.0], [1.0, 5.0, 5.0, 3.2], [2.0, 2.0, 2.0], [1.0, float("nan")]])
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    """The highest value fell out of the last bin, and equal values had no range."""
    kept = np.arange(len(values)) % 2 == 0
    made = histogram(np.array(values), kept, "x", "c")
    assert made is not None and [name for name, _ in made.kinds] == ["kept", "not kept"]
    counted = [sum(counts) for _, counts in made.kinds]
    known = np.isfinite(values)
    assert counted == [int((kept & known).sum()), int((~kept & known).sum())]


def test_what_nobody_scored_has_none() -> None:
    """And of a file nothing is kept."""
    assert histogram(np.array([float("nan")]), None, "x", "c") is None
    made = histogram(np.array([1.0, 2.0]), None, "x", "c")
    assert made is not None and [name for name, _ in made.kinds] == ["pairs"]


def test_each_round_has_its_scores(made: Made) -> None:
    """With the statuses, and the probability on the labels."""
    bodies = section(made("loop"), "scores").bodies
    assert [type(body) for body in bodies] == [Histogram, Histogram, Text] * 2
    told = bodies[2]
    assert isinstance(told, Text) and Counts((("ok", 72), ("undecided", 4))) in told.parts
    assert [sum(counts) for _, counts in bodies[1].kinds] == [37, 39]  # type: ignore[union-attr]


def test_the_column_that_selected_is_shown_too(tmp_path: Path) -> None:
    """Score and gain alone would not say why these pairs were kept."""
    about = {"round": 1, "model": "M_0"}
    with World(tmp_path / "a") as world:
        rows = [{"id": f"p{i}", "ifd": 0.5 + 0.1 * i, "status": "ok"} for i in range(3)]
        every = world.put("scored", rows, scorers.schema(), kind="scored", **about)
        world.select("selected", every, {"p0": ("below_share", "0.5")}, "ifd", share=0.5, **about)
    shown = section(tmp_path / "a", "scores").bodies[0]
    assert isinstance(shown, Histogram) and shown.x == "ifd" and [sum(c) for _, c in shown.kinds] == [2, 1]
