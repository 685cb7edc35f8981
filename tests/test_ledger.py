"""Read is kept plus dropped: the ledger of a step, and the sums of several."""

import pytest

from humpback.ledger import ConservationError, Ledger, Totals
from humpback.schema import Row
from humpback.stage import Drop, Outcome

ROWS: list[Row] = [{"id": f"r{i}", "parent": "p", "text": f"text {i}"} for i in range(5)]


def ledger_of(outcomes: list[Outcome], records: bool = False) -> tuple[list[Row], Ledger]:
    ledger = Ledger("test", reads_records=records)
    list(ledger.reading(ROWS))
    return list(ledger.keeping(outcomes)), ledger


@pytest.mark.parametrize(
    ("outcomes", "fault"),
    [
        (ROWS[:4], "lost 1"),
        ([*ROWS, {"id": "x", "parent": "y", "text": ""}], "invented 1"),
        ([*ROWS, Drop({"id": "x"}, "why")], "invented 1"),
        ([*ROWS, Drop(ROWS[0], "why")], "kept and dropped 1"),
        ([*ROWS[:4], Drop(ROWS[4], "a"), Drop(ROWS[4], "b")], "twice"),
    ],
)
def test_a_stage_that_does_not_answer_once_for_each_row_is_refused(outcomes: list[Outcome], fault: str) -> None:
    """Silent loss, and silent invention, are bugs that must stop the run."""
    with pytest.raises(ConservationError, match=fault):
        ledger_of(outcomes)[1].totals(0)


def test_one_row_may_become_many() -> None:
    """A page has many segments and still counts once as kept."""
    many = [{"id": f"s{i}", "parent": "r0", "text": ""} for i in range(3)]
    totals = ledger_of([*many, *(Drop(row, "no_heading") for row in ROWS[1:])])[1].totals(0)
    assert (totals.read, totals.kept, totals.rows, totals.dropped) == (5, 1, 3, 4)


def test_what_a_file_holds_counts_as_read() -> None:
    """A stage that opens files reads their records: a file of two pages, one dropped, is two read and not five."""
    outcomes: list[Outcome] = [{"id": "page 1", "parent": "r0"}, Drop({"id": "page 2"}, "not_html")]
    totals = ledger_of(outcomes, records=True)[1].totals(0)
    assert (totals.read, totals.kept, totals.drops) == (2, 1, {"not_html": 1})


def test_rows_that_are_read_twice_count_once() -> None:
    """A stage that goes through the dataset a second time has not read another dataset."""
    ledger = Ledger("test")
    for _ in range(2):
        list(ledger.reading(ROWS))
    assert list(ledger.keeping(ROWS)) == ROWS
    assert ledger.totals(0).read == 5


def test_drops_are_handed_out_once_with_their_values() -> None:
    """A dataset is written shard by shard: what was written with the first must not be written with the second again."""
    ledger = ledger_of([*ROWS[:3], Drop(ROWS[3], "long", 0.123456), Drop(ROWS[4], "odd", None)])[1]
    assert ledger.take_drops() == [
        {"id": "r3", "parent": "p", "reason": "long", "value": "0.1235"},
        {"id": "r4", "parent": "p", "reason": "odd", "value": None},
    ]
    assert ledger.take_drops() == [] and ledger.totals(0).dropped == 2


def test_sums_add_reasons_and_what_was_spent() -> None:
    """Totals of a dataset are those of its shards, by reason, and by what each took."""
    first = Totals("s", 5, 3, 6, {"a": 2}, 1.0, {"calls": 2.0})
    second = Totals("s", 4, 1, 1, {"a": 1, "b": 2}, 0.5, {"calls": 1.0, "cost": 0.5})
    assert first + second == Totals("s", 9, 4, 7, {"a": 3, "b": 2}, 1.5, {"calls": 3.0, "cost": 0.5})
