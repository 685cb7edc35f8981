"""How values are written."""

import math

import pytest

from humpback.report.measured import Measured
from humpback.report.section import Bar, Code, Counts, Figure, Spark, Table, Track, Word
from humpback.report.writing import are_numbers, duration, smooth, spark, unit_of, writer, written


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        # Two digits of the error where it begins with 100 to 354, else one.
        (Figure(4.3281, se=0.0881), "4.33 ± 0.09"),
        (Figure(-0.0799, se=0.0103, signed=True), "−0.080 ± 0.010"),
        (Figure(0.0799, se=0.0103, signed=True), "+0.080 ± 0.010"),
        (Figure(46.24, se=2.13), "46.2 ± 2.1"),
        (Figure(1085.4, se=14.2), "1,085 ± 14"),
        (Figure(0.5, se=0.0972), "0.50 ± 0.10"),
        (Figure(4.3281), "4.33"),
        (Figure(0.0123), "0.0123"),
        (Figure(739_900.0), "739,900"),
        (Figure(48.0, "pairs"), "48"),
        (Figure(0.243, "share", se=0.0512), "24 % ± 5"),
        (Figure(0.25, "share", low=0.158, high=0.373), "25 % [16, 37]"),
        (Figure(0.004, "share"), "0.4 %"),
        (Figure(1.0, "share", se=0.0), "100 % ± 0"),
        (Figure(0.055, low=0.047, high=0.063), "0.055 [0.047, 0.063]"),
        (Figure(203.0, "seconds"), "3 min 23 s"),
        (Figure(3.2e-8), "3.2e−08"),
        (Figure(None, n=0), "–"),
        (Figure(math.nan), "–"),
        (Figure(math.inf), "∞"),
        (Figure(-1e-9, se=0.01), "0.000 ± 0.010"),
    ],
)
def test_a_figure_has_the_digits_that_its_error_can_bear(figure: Figure, text: str) -> None:
    """NLL 4.3281 ± 0.0881 told four digits, of which three were noise."""
    assert written(figure) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (True, "yes"), (1234567, "1,234,567"), (0.5, "0.5"), (-2.25, "−2.25"), ("a_b", "a_b"),
     (Word("no", "bad"), "no"), (Code("x"), "x"), (Counts((("short", 1200), ("long", 3))), "1,200 short, 3 long"),
     (Bar(1, 2), "██████░░░░░░"), (Bar(0, 0), "░░░░░░░░░░░░"), (Spark((1.0,)), "")],
)  # fmt: skip
def test_every_kind_of_cell_has_a_text(cell: object, text: str) -> None:
    """A dash is for what was measured without a result; where there is nothing to say the cell is empty."""
    assert written(cell) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.4, "59 s"), (61.0, "1 min 01 s"), (7260.0, "2 h 01 min")]
)
def test_durations_are_read_at_once(seconds: float, text: str) -> None:
    """7,260 s is computed in one's head."""
    assert duration(seconds) == text


def test_figures_of_a_column_have_equal_digits() -> None:
    """0.4 ± 0.1 above 0.4132 ± 0.0012 cannot be compared."""
    rows = (("a", Figure(0.41, se=0.04)), ("b", Figure(0.5, se=0.03)), ("c", Figure(0.6)), ("d", Figure(0.333, se=0.04)))
    write = writer(Table(("model", "auc"), rows))
    assert [write(1, row[1]) for row in rows] == ["0.41 ± 0.04", "0.50 ± 0.03", "0.60", "0.33 ± 0.04"]


def test_rows_of_different_metrics_have_their_own() -> None:
    """Tokens by the thousand and a share beside each other have no digits in common."""
    rows = tuple((name, Figure(value, "", se, row=_row(name))) for name, value, se in
                 (("kappa", 0.4123, 0.04), ("tokens", 7399.2, 120.0), ("gap", 1.28, 0.003)))  # fmt: skip
    write = writer(Table(("what", "value"), rows))
    assert [write(1, row[1]) for row in rows] == ["0.41 ± 0.04", "7,399 ± 120", "1.2800 ± 0.0030"]


def _row(metric: str) -> Measured:
    return Measured("of", metric, "", "", "", "", None, "", None, None, None, None, None, None, 0, "", "")


def test_what_is_drawn_on_one_line_has_equal_digits() -> None:
    """Two scorers on one axis."""
    row = ("shuffled", Figure(0.41, se=0.07), Figure(0.9123, se=0.031))
    write = writer(Table(("damage", "judge", "gain"), (row, row), track=Track(("judge", "gain"))))
    assert [write(i, row[i]) for i in (1, 2)] in (["0.410 ± 0.070", "0.912 ± 0.031"], ["0.41 ± 0.07", "0.91 ± 0.03"])


def test_values_far_apart_have_digits_of_their_own() -> None:
    """p = 0.0000032 beside p = 1 was told as 0."""
    rows = (("a", Figure(0.948)), ("b", Figure(3.2e-6)), ("c", Figure(1.0)))
    write = writer(Table(("law", "p"), rows))
    assert [write(1, row[1]) for row in rows] == ["0.948", "3.2e−06", "1"]


def test_a_curve_in_a_line() -> None:
    """Means of neighbours, so that a spike of one step is not all that is seen."""
    assert spark((3.0, 2.0, 1.0), 16) == "█▅▁" and len(spark(tuple(map(float, range(1000))), 16)) == 16
    assert smooth((1.0, 3.0, 5.0, 7.0), 2) == [2.0, 6.0] and smooth((1.0,), 5) == [1.0]


def test_columns_of_numbers_stand_to_the_right() -> None:
    """Words to the left; an empty cell is neither."""
    assert are_numbers([1, None, Figure(0.5), ""]) and not are_numbers([1, "a"]) and not are_numbers([None, ""])


def test_a_unit_is_told_once() -> None:
    """In the heading, unless the value carries it."""
    assert unit_of([Figure(1.0, "nats/token"), None]) == "nats/token"
    assert unit_of([Figure(1.0, "share")]) == unit_of([Figure(1.0, "a"), Figure(1.0, "b")]) == unit_of([]) == ""
