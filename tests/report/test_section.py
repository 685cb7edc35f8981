"""What sections are made of."""

from humpback.report.measured import Measured, measured, one, such, values
from humpback.report.section import Counts, Figure, Section, Table, Text, Track, Word, figure, rows_in, table, text

ROW = {
    "metric": "auc", "part": None, "model": "M_0", "against": None, "judge": None, "round": 1, "split": None, "seed": None,
    "at": None, "value": 0.5, "se": 0.1, "low": None, "high": None, "n": 7, "unit": None, "note": None,
}  # fmt: skip


def row(place: int = 0, **more: object) -> Measured:
    return measured({**ROW, **more}, "thing", ("01-thing", place))


def test_a_figure_is_that_of_its_row() -> None:
    """Also where nothing was measured; of no row there is none."""
    assert figure(row(), signed=True) == Figure(0.5, "", 0.1, None, None, 7, True, row())
    assert figure(None) is None and figure(row(value=None, n=None)) == Figure(
        None, "", 0.1, n=0, row=row(value=None, n=None)
    )


def test_rows_are_found_wherever_they_stand() -> None:
    """A row in a sentence, a word, counts or a cell is shown; the same values from another place are another row."""
    rows = [row(i) for i in range(4)]
    bodies = (
        text("is ", figure(rows[0])),
        Table(("a",), ((Word("promoted", rows=(rows[1],)),), (Counts((("short", 1),), (rows[2],)),), (figure(rows[3]),))),
    )
    assert list(rows_in(Section("k", "t", bodies=bodies))) == rows and len({*rows}) == 4


def test_a_column_that_nobody_measured_is_none() -> None:
    """A table of dashes hides what was measured; the track goes with its columns."""
    made = table(("a", "b", "c"), [["x", None, 1], ["y", "", Figure(None)]], track=Track(("b", "c")))
    assert made.columns == ("a", "c") and made.track == Track(("c",)) and made.column("c") == [1, Figure(None)]
    assert table(("a", "b"), [["x", None]], track=Track(("b",))).track is None


def test_rows_are_chosen_by_their_columns() -> None:
    """Of a tuple any value will do."""
    rows = [row(0), row(1, model="M_1"), row(2, model="M_2", round=2)]
    assert such(rows, model=("M_0", "M_2"), metric="auc") == [rows[0], rows[2]] and one(rows, round=2) == rows[2]
    assert one(rows, round=3) is None and values(rows, "round") == [1, 2]


def test_text_has_a_tone() -> None:
    """A warning is told apart."""
    assert text("a", tone="bad") == Text(("a",), "bad")
