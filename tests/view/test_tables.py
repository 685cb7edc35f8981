"""Rows of a run as tables: filtered, sorted, found again by number and id, whatever is typed."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made import rows_in
from view.conftest import place_of

from humpback.config import Config
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT
from humpback.stage import Drop, Stage
from humpback.view.opened import Opened
from humpback.view.tables import SHORT, NoSuch, Table, Tables, Where


def rows(count: int = 30) -> list[dict]:
    return [
        {"id": f"p{i}", "parent": f"s{i % 10}", "instruction": f"Question {i}?", "response": "long " * 200 + f"end{i}",
         "logprob": None if i % 7 == 0 else -i / 10, "lang": "de" if i % 3 else "en", "label": i % 2}
        for i in range(count)
    ]  # fmt: skip


def odd(_: Config, rows):
    for row in rows:
        yield Drop(row, "even", row["label"]) if row["label"] == 0 else row


@pytest.fixture
def table(run: Run) -> Table:
    made = run.map("odd", Stage("odd", PAIR, odd), rows_in(run, rows(), PAIR), kind="pairs")
    return Table(made)


@pytest.fixture
def tables(tmp_path: Path):
    made = Tables(tmp_path / "cache")
    yield made
    made.close()


def test_a_page_of_rows_and_one_whole(table: Table, tables: Tables) -> None:
    """Lists hold the beginnings of long texts; a row that is opened holds all of it."""
    found = tables.listed(table, limit=4, offset=2)
    assert found.count == len(table) == 15 and found.numbers == [2, 3, 4, 5]
    assert [row["id"] for row in found.rows] == ["p5", "p7", "p9", "p11"]
    assert len(found.rows[0]["response"]) == SHORT and table.row(2)["response"].endswith("end5")
    with pytest.raises(NoSuch, match="15 rows, and no row 15"):
        table.row(15)


def test_what_was_dropped_is_a_table_too(table: Table, tables: Tables) -> None:
    dropped = Table(table.dataset, dropped=True)
    assert tables.counts(dropped, "reason") == [("even", 15)] and tables.listed(dropped).rows[0]["value"] == "0"


@pytest.mark.parametrize(("where", "ids"), [
    ([Where("lang", "=", "en")], ["p3", "p9", "p15", "p21", "p27"]),
    ([Where("logprob", "<", "-2.4")], ["p25", "p27", "p29"]),
    ([Where("logprob", ">=", "-0.3"), Where("lang", "!=", "en")], ["p1"]),
    ([Where("instruction", "has", "QUESTION 1")], ["p1", "p11", "p13", "p15", "p17", "p19"]),
    ([Where("logprob", "<", "no number")], []),
    ([Where("lang", "=", "' OR 1=1 --")], []),
    ([Where("id", "has", "%")], []),
])  # fmt: skip
def test_conditions(table: Table, tables: Tables, where: list[Where], ids: list[str]) -> None:
    """What is typed is a value, whatever signs it has."""
    found = tables.listed(table, where)
    assert [row["id"] for row in found.rows] == ids and found.count == len(ids)


@pytest.mark.parametrize(("where", "order"), [
    ([Where('lang" = lang --', "=", "en")], ""), ([Where("lang", "= lang OR", "en")], ""),
    ([Where("candidates", "=", "x")], ""),
    ([], "lang; DROP TABLE x"), ([], "nowhere"), ([Where("_id", "=", "1")], ""),
])  # fmt: skip
def test_columns_and_signs_are_looked_up(table: Table, tables: Tables, where: list[Where], order: str) -> None:
    """A name that is put into a query as it comes is a query of somebody else."""
    with pytest.raises(NoSuch):
        tables.listed(table, where, order=order)


def test_sorted_with_what_has_no_value_last(table: Table, tables: Tables) -> None:
    for down, first in ((True, "p1"), (False, "p29")):
        found = tables.listed(table, order="logprob", down=down)
        assert found.rows[0]["id"] == first and [row["id"] for row in found.rows[-2:]] == ["p7", "p21"]


def test_found_by_id_and_by_parent(table: Table, tables: Tables) -> None:
    assert [table.row(number)["id"] for number in tables.find(table, "p9")] == ["p9"]
    assert [table.row(number)["id"] for number in tables.find(table, "s5", parents=True)] == ["p5", "p15", "p25"]
    assert tables.find(table, "' OR 1=1") == []


def test_only_some_numbers(table: Table, tables: Tables) -> None:
    found = tables.listed(table, [Where("lang", "=", "en")], among=[1, 4, 2])
    assert found.numbers == [1, 4] and tables.listed(table, among=[]).count == 0


def test_it_is_made_once_and_kept(table: Table, tmp_path: Path) -> None:
    """A run of a million rows is not read again each time; a second viewer beside the first has tables of its own."""
    first = Tables(tmp_path / "kept")
    assert first.listed(table).count == 15
    second = Tables(tmp_path / "kept")
    assert second.listed(table, [Where("lang", "=", "en")]).count == 5
    second.close()
    first.close()
    for shard in table.shards:
        shard.rename(shard.with_suffix(".gone"))
    again = Tables(tmp_path / "kept")
    assert again.listed(table, [Where("lang", "=", "en")]).count == 5
    again.close()


def test_a_dataset_without_drops_and_one_without_rows(run: Run, tables: Tables) -> None:
    empty = run.put("empty", Stage("empty", SEGMENT, lambda _: iter(())))
    assert tables.listed(Table(empty)).rows == [] and tables.listed(Table(empty, dropped=True)).count == 0


def test_all_datasets_of_a_whole_run(whole: Opened) -> None:
    """Whatever columns they have."""
    for dataset in whole.datasets():
        for dropped in (False, True):
            table = whole.of(dataset, dropped)
            found = whole.tables.listed(table)
            assert found.count == len(table) and len(found.rows) == min(50, len(table)), dataset.path.name
            assert all(table.row(number)["id"] == row["id"] for number, row in found.pairs[:3] if "id" in row)
    assert place_of(whole, "seed") > 0


def test_a_dataset_that_was_made_anew(table: Table, tmp_path: Path) -> None:
    """Under the same plan a server may have given other answers: the list must not show those of before."""
    tables = Tables(tmp_path / "cache")
    assert tables.listed(table).rows[0]["instruction"] == "Question 1?"
    shard, manifest = table.shards[0], table.dataset.path / "manifest.json"
    made = pq.read_table(shard)
    place = made.schema.get_field_index("instruction")
    pq.write_table(made.set_column(place, made.schema.field(place), pa.array(["New?"] * len(made))), shard)
    os.utime(manifest, ns=(1, 1))
    again = Table(table.dataset)
    assert tables.listed(again).rows[0]["instruction"] == "New?" == again.row(0)["instruction"]
    tables.close()


def test_a_cache_that_is_broken_is_made_anew(table: Table, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "tables.duckdb").write_bytes(b"no database at all" * 1000)
    tables = Tables(tmp_path / "cache")
    assert tables.listed(table).count == 15
    tables.close()
