"""The laws of a dataset on disk."""

import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from humpback import store
from humpback.errors import Incomplete, PlanMismatch
from humpback.schema import SEGMENT, row_id, row_seed
from humpback.stage import Drop
from humpback.store import ConservationError, Dataset, Ledger, Totals

ROWS = [{"id": f"r{i}", "parent": "p", "text": f"text {i}"} for i in range(5)]


def ledger_of(outcomes: list, read: list = ROWS) -> tuple[list, Ledger]:
    ledger = Ledger("test")
    list(ledger.reading(read))
    return list(ledger.keeping(outcomes)), ledger


def write(folder: Path, outcomes: list, index: int = 0) -> Totals:
    rows, ledger = ledger_of(outcomes)
    return store.write_shard(folder, index, rows, [ledger], SEGMENT, 0.5)[0]


def test_read_is_kept_plus_dropped_with_reasons(tmp_path: Path) -> None:
    """The public re-implementation lost 19,000 rows that nobody can explain."""
    totals = write(tmp_path, [*ROWS[:3], Drop(ROWS[3], "too_short", 3), Drop(ROWS[4], "too_long", 9)])
    assert (totals.read, totals.kept, totals.drops) == (5, 3, {"too_long": 1, "too_short": 1})


@pytest.mark.parametrize(
    ("outcomes", "fault"),
    [
        (ROWS[:4], "lost 1"),
        ([*ROWS, {"id": "x", "parent": "y", "text": ""}], "invented 1"),
        ([*ROWS, Drop(ROWS[0], "why")], "kept and dropped 1"),
        ([*ROWS[:4], Drop(ROWS[4], "a"), Drop(ROWS[4], "b")], "twice"),
    ],
)
def test_a_stage_that_does_not_answer_once_for_each_row_is_refused(outcomes: list, fault: str) -> None:
    """Silent loss, and silent invention, are bugs that must stop the run."""
    with pytest.raises(ConservationError, match=fault):
        ledger_of(outcomes)[1].totals(0)


def test_one_row_may_become_many() -> None:
    """A page has many segments and still counts once as kept."""
    many = [{"id": f"s{i}", "parent": "r0", "text": ""} for i in range(3)]
    totals = ledger_of([*many, *(Drop(row, "no_heading") for row in ROWS[1:])])[1].totals(0)
    assert (totals.read, totals.kept, totals.rows, totals.dropped) == (5, 1, 3, 4)


def test_a_folder_without_manifest_is_incomplete_and_not_empty(tmp_path: Path) -> None:
    """A half-written dataset that reads as empty would end a run with nothing, and no error."""
    write(tmp_path, ROWS)
    with pytest.raises(Incomplete):
        Dataset(tmp_path)


def test_manifest_adds_the_footers_up(tmp_path: Path) -> None:
    """Totals kept apart from the shards drift from them."""
    write(tmp_path, ROWS, 0)
    write(tmp_path, [*ROWS[:2], *(Drop(row, "no") for row in ROWS[2:])], 1)
    dataset = store.finish(tmp_path, {"stage": "x"}, 2, time.time())
    assert dataset.totals == Totals("test", 10, 7, 7, {"no": 3}, dataset.totals.seconds)


def test_a_folder_of_another_plan_is_refused_with_leaf_both_values_and_command(tmp_path: Path) -> None:
    """Rows of two configurations in one folder are worse than no rows."""
    store.begin(tmp_path, {"config": {"k": 4.5}}, "humpback run x --out y")
    with pytest.raises(PlanMismatch) as caught:
        store.begin(tmp_path, {"config": {"k": 4.0}}, "humpback run x --out y")
    assert "k = 4.5" in caught.value.fact and "4.0" in caught.value.fact and caught.value.hint == "humpback run x --out y"


def test_nothing_stands_under_the_final_name_until_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash while writing must leave no truncated shard that the next run accepts."""
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, ROWS)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_undeclared_columns_are_refused() -> None:
    """A column that only some rows have would be lost by the first reader."""
    with pytest.raises(ConservationError, match="surprise"):
        store.to_table([{"id": "a", "surprise": 1}], SEGMENT)


def test_drops_are_written_even_if_there_are_none(tmp_path: Path) -> None:
    """A missing file of drops cannot be told from a lost one."""
    write(tmp_path, ROWS)
    assert pq.read_table(tmp_path / "dropped" / store.shard_name(0)).num_rows == 0


def test_split_writes_every_row_once(tmp_path: Path) -> None:
    """Cutting a whole dataset into shards must keep order and counts."""
    rows, ledger = ledger_of([*ROWS[:4], Drop(ROWS[4], "no")])
    store.write_split(tmp_path, rows, ledger, SEGMENT, 3, time.time())
    dataset = store.finish(tmp_path, {}, 2, time.time())
    assert [row["id"] for row in dataset.rows()] == ["r0", "r1", "r2", "r3"]
    assert (dataset.totals.read, dataset.totals.rows) == (5, 4)


def test_ids_and_seeds_are_pinned() -> None:
    """A changed hash would silently give every published row another id and another sample."""
    assert row_id("parent", "stage", 3) == "6544d65dea023b9ce8ebd3fe"
    assert row_seed("row", "salt") == 1077256220550310477
    assert len({row_id("a", "b"), row_id("a", "b", 1), row_id("a", "c"), row_id("b", "b")}) == 4
