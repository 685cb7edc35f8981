"""What models were asked."""

from collections.abc import Iterator
from pathlib import Path

from report.rendered import section, titles
from worlds import World

from humpback.config import Empty
from humpback.lm import LM, Sampling
from humpback.report.section import Table, Text
from humpback.report.sections import asked
from humpback.schema import PAIR, Row
from humpback.stage import LMStage


def ask(_: Empty, rows: list[Row], lm: LM) -> Iterator[Row]:
    lm.generate([row["instruction"] for row in rows], Sampling(max_new_tokens=4), [0] * len(rows))
    yield from rows


def test_what_models_took_is_told_of_those_who_asked(tmp_path: Path) -> None:
    """Stages that ask no model have nothing to tell; and who pays nothing has no column of noughts."""
    with World(tmp_path / "a") as world:
        pairs = world.put("pairs", [{"id": f"p{i}", "instruction": "Why is it so?"} for i in range(5)], PAIR, kind="pairs")
        world.run.map("judged", LMStage("judged", PAIR, ask, lm="echo"), pairs, kind="scored")
    [table] = section(tmp_path / "a", "asked").bodies
    assert isinstance(table, Table) and table.columns == ("stage", "calls", "prompt tokens", "answer tokens")
    [row] = table.rows
    assert row[:2] == ("judged", 5) and isinstance(row[2], int) and row[2] > 5


def test_money_is_told_if_there_was_any() -> None:
    """Who pays must find it, and the sum of it."""
    table, total = asked.told([("judged", {"calls": 2, "cost": 0.125}), ("other", {"calls": 1, "cost": 0.5})])
    assert isinstance(table, Table) and table.columns[-1] == "money" and isinstance(total, Text)
    assert [part.value for part in total.parts if hasattr(part, "value")] == [0.625]


def test_who_asks_none_has_none(tmp_path: Path) -> None:
    """No section without rows."""
    with World(tmp_path / "a") as world:
        world.put("pairs", [{"id": "p"}], PAIR, kind="pairs")
    assert "asked" not in titles(tmp_path / "a")
