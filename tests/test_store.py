"""The laws of a dataset on disk."""

import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from humpback import store
from humpback.config import Config, planned
from humpback.errors import Incomplete, PlanMismatch, UsageFault
from humpback.ledger import ConservationError, Ledger, Totals
from humpback.schema import SEGMENT, Row, row_id, row_seed
from humpback.stage import Drop, Outcome
from humpback.store import Again, Dataset, DatasetFolder, Finished

ROWS: list[Row] = [{"id": f"r{i}", "parent": "p", "text": f"text {i}"} for i in range(5)]


def ledger_of(outcomes: list[Outcome]) -> tuple[list[Row], Ledger]:
    ledger = Ledger("test")
    list(ledger.reading(ROWS))
    return list(ledger.keeping(outcomes)), ledger


def write(folder: Path, outcomes: list[Outcome], index: int = 0) -> Totals:
    rows, ledger = ledger_of(outcomes)
    return store.write_shard(folder, index, rows, [ledger], SEGMENT, 0.5)[0]


def made(folder: Path, place: int = 1, rows: list[Row] = ROWS, **about: Any) -> Dataset:
    """A finished dataset in `folder`."""
    ledger = Ledger("test")
    list(ledger.reading(rows))
    store.write_shard(folder, 0, list(ledger.keeping(rows)), [ledger], SEGMENT, 0.5)
    plan = {"about": about, "stage": "test", "rows": rows}
    store.begin(folder, plan, place, "")
    return store.finish(folder, plan, place, 1, time.time())


def test_read_is_kept_plus_dropped_with_reasons(tmp_path: Path) -> None:
    """The public re-implementation lost 19,000 rows that nobody can explain."""
    totals = write(tmp_path, [*ROWS[:3], Drop(ROWS[3], "too_short", 3), Drop(ROWS[4], "too_long", 9)])
    assert (totals.read, totals.kept, totals.drops) == (5, 3, {"too_long": 1, "too_short": 1})


def test_a_folder_without_manifest_is_incomplete_and_not_empty(tmp_path: Path) -> None:
    """A half-written dataset that reads as empty would end a run with nothing, and no error."""
    write(tmp_path, ROWS)
    with pytest.raises(Incomplete):
        Dataset(tmp_path)


def test_manifest_adds_the_footers_up(tmp_path: Path) -> None:
    """Totals kept apart from the shards drift from them."""
    write(tmp_path, ROWS, 0)
    write(tmp_path, [*ROWS[:2], *(Drop(row, "no") for row in ROWS[2:])], 1)
    dataset = store.finish(tmp_path, {"stage": "x"}, 1, 2, time.time())
    assert dataset.totals == Totals("test", 10, 7, 7, {"no": 3}, dataset.totals.seconds)


def test_footers_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    """A shard of another humpback, or one that was changed by hand, must not be finished over."""
    footer = {"steps": [{"step": "test", "read": 5, "kept": 3, "rows": 3, "drops": {"no": 1}}]}
    store.write_table(tmp_path / store.shard_name(0), store.to_table(ROWS[:3], SEGMENT), footer)
    with pytest.raises(ConservationError, match="read 5 but kept 3 and dropped 1"):
        store.finish(tmp_path, {}, 1, 1, time.time())


def test_a_folder_of_another_plan_is_refused_with_leaf_both_values_and_command(tmp_path: Path) -> None:
    """Rows of two configurations in one folder are worse than no rows."""
    store.begin(tmp_path, {"config": {"k": 4.5}}, 1, "humpback run x --out y")
    with pytest.raises(PlanMismatch) as caught:
        store.begin(tmp_path, {"config": {"k": 4.0}}, 1, "humpback run x --out y")
    assert "k = 4.5" in caught.value.fact and "4.0" in caught.value.fact and caught.value.hint == "humpback run x --out y"


def test_the_place_is_no_part_of_the_plan(tmp_path: Path) -> None:
    """What is taken over from another run stands at another place in this one, with the same rows."""
    store.begin(tmp_path, {"config": {"k": 4.5}}, 1, "")
    store.begin(tmp_path, {"config": {"k": 4.5}}, 2, "")


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
    dataset = store.finish(tmp_path, {}, 1, 2, time.time())
    assert [row["id"] for row in dataset.rows()] == ["r0", "r1", "r2", "r3"]
    assert (dataset.totals.read, dataset.totals.rows) == (5, 4)
    assert [drop["id"] for drop in dataset.drops()] == ["r4"]


def test_rows_that_can_be_gone_through_again_are_read_again_and_counted_once(tmp_path: Path) -> None:
    """A selection by share looks for its threshold first: without a second pass it would hold all rows in memory."""
    ledger = Ledger("test")
    rows = Again(made(tmp_path), ledger)
    assert [row["id"] for row in rows] == [row["id"] for row in rows] == ["r0", "r1", "r2", "r3", "r4"]
    list(ledger.keeping(ROWS))
    assert ledger.totals(0).read == 5


# What a folder is.


def test_what_is_finished_is_found_by_what_it_is(tmp_path: Path) -> None:
    """Manifests say what a folder is, in the order in which it was begun; names of folders are for people."""
    made(tmp_path / "zebra", 1, kind="seed", name="seed")
    made(tmp_path / "a b (old)", 12, kind="scored", round=1, name="scored")
    made(tmp_path / "2-scored-7", 3, kind="scored", round=2, name="scored")
    assert [each.path.name for each in store.find(tmp_path)] == ["zebra", "2-scored-7", "a b (old)"]
    assert [each.about["round"] for each in store.datasets(tmp_path, kind="scored")] == [2, 1]
    assert store.one(tmp_path, kind="scored").path.name == "a b (old)"
    assert store.one(tmp_path, kind="scored", round=2).place == 3
    assert store.find(tmp_path, kind="scored", round=None) == []
    with pytest.raises(UsageFault, match="has nothing finished of kind best"):
        store.one(tmp_path, kind="best")


def test_steps_are_found_and_are_no_datasets(tmp_path: Path) -> None:
    """A model has no rows: who asks for datasets must not be given its folder."""
    made(tmp_path / "a", 1, kind="seed")
    plan = {"about": {"kind": "model", "role": "forward"}}
    store.write_json(tmp_path / "b" / "manifest.json", {"fingerprint": "f", "place": 2, "plan": plan, "wall_seconds": 1.0})
    assert [type(each) for each in store.find(tmp_path)] == [Dataset, Finished]
    assert [each.path.name for each in store.datasets(tmp_path)] == ["a"]
    assert store.one(tmp_path, role="forward").fingerprint == "f"


def test_what_is_made_again_is_read_again(tmp_path: Path) -> None:
    """Manifests are kept in memory while a report is made: one that has changed since must not be told as it was."""
    made(tmp_path / "a", 1, kind="seed", round=1)
    assert store.one(tmp_path, kind="seed").about["round"] == 1
    (tmp_path / "a" / "plan.json").unlink()
    made(tmp_path / "a", 1, kind="seed", round=2)
    assert store.one(tmp_path, kind="seed").about["round"] == 2


def test_a_folder_of_an_older_humpback_is_refused_in_words(tmp_path: Path) -> None:
    """What has no place and no identity cannot be found; a traceback would not say so."""
    store.write_json(tmp_path / "01-seed" / "manifest.json", {"fingerprint": "f", "plan": {"stage": "seed"}, "steps": []})
    with pytest.raises(UsageFault, match="made by an older humpback"):
        store.find(tmp_path)


class Reads(Config):
    """Settings that name a dataset."""

    source: DatasetFolder


def test_a_dataset_stands_in_a_plan_by_what_made_it(tmp_path: Path) -> None:
    """By its path, a dataset that was made again with other rows would leave the plan as it was."""
    first, second = made(tmp_path / "a"), made(tmp_path / "b")
    assert planned(Reads(source=first.path)) == planned(Reads(source=second.path)) == {"source": first.fingerprint}
    assert planned(Reads(source=made(tmp_path / "c", rows=ROWS[:4]).path)) != planned(Reads(source=first.path))
    with pytest.raises(Incomplete):
        planned(Reads(source=tmp_path / "none"))


def test_taking_over_leaves_the_other_run_as_it_was(tmp_path: Path) -> None:
    """Files are linked, not copied: what is written anew for this run must not be written through the link."""
    made(tmp_path / "a" / "03-seed", 3, kind="seed")
    store.adopt(tmp_path / "a" / "03-seed", tmp_path / "b" / "01-seed", 1)
    assert (store.one(tmp_path / "a").place, store.one(tmp_path / "b").place) == (3, 1)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["01-seed"]
    shards = [tmp_path / run / store.shard_name(0) for run in ("a/03-seed", "b/01-seed")]
    assert shards[0].samefile(shards[1])


def test_taking_over_from_another_disk_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hard links end at the edge of a disk; a run does not."""
    monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(OSError(18, "Invalid cross-device link")))
    made(tmp_path / "a" / "03-seed", 3, kind="seed")
    store.adopt(tmp_path / "a" / "03-seed", tmp_path / "b" / "01-seed", 1)
    assert list(store.datasets(tmp_path / "b")[0].rows()) == list(store.datasets(tmp_path / "a")[0].rows())


def test_ids_and_seeds_are_pinned() -> None:
    """A changed hash would silently give every published row another id and another sample."""
    assert row_id("parent", "stage", 3) == "6544d65dea023b9ce8ebd3fe"
    assert row_seed("row", "salt") == 1077256220550310477
    assert len({row_id("a", "b"), row_id("a", "b", 1), row_id("a", "c"), row_id("b", "b")}) == 4
