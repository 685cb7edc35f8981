"""What is read of all rows, and of those that are shown."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from made import sharded
from worlds import World

from humpback.report.columns import column, picked, words
from humpback.report.reading import Reading

Made = Callable[[str], Path]


@pytest.mark.parametrize("ids", [["r03"], ["r00", "r07", "r08", "r24"], ["r24", "missing"], []])
def test_rows_are_found_in_whichever_shard(tmp_path: Path, ids: list[str]) -> None:
    """The others are not read, and the last of one shard is not the first of the next."""
    columns = pa.schema([("id", pa.string()), ("parent", pa.string()), ("text", pa.string()), ("score", pa.float64())])
    with World(tmp_path / "a") as world:
        rows = [{"id": f"r{i:02d}", "text": f"text {i}", "score": float(i)} for i in range(25)]
        made = sharded(world.run, world.put("rows", rows, columns), 8)
    found = picked(made, ids)
    assert {each: row["text"] for each, row in found.items()} == {
        each: f"text {int(each[1:])}" for each in ids if each != "missing"
    }
    assert column(made, "score").tolist() == [float(i) for i in range(25)]


def test_only_the_rows_asked_for_are_read(made: Made) -> None:
    """The texts of half a million pairs do not fit into memory for the sake of thirty examples."""
    scored = Reading(made("loop")).scored(2)
    assert scored is not None
    some = words(scored, "id")[3:5]
    assert list(picked(scored, some)) == some and picked(None, some) == picked(scored, []) == {}


def test_a_column_that_was_added_later_is_none_of_an_older_dataset(tmp_path: Path) -> None:
    """Runs are read by newer reports."""
    with World(tmp_path / "a") as world:
        made = world.put(
            "old", [{"id": "p"}, {"id": "q", "score": 2.0}], pa.schema([("id", pa.string()), ("score", pa.float64())])
        )
    assert np.isnan(column(made, "gain")).all() and words(made, "gain") == [None, None]
    assert np.isnan(column(made, "score")).tolist() == [True, False]
