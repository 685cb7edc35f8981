"""Where values stand."""

import pytest

from humpback.report.scale import Axis, around, ends, heights, known, of_plot, of_track, round_step
from humpback.report.section import Curve, Figure, Histogram, Plot, Table, Track


@pytest.mark.parametrize(("step", "wanted"), [(0.046, 0.05), (0.05, 0.05), (0.6, 1.0), (21.0, 50.0), (0.0, 1.0)])
def test_ticks_are_round(step: float, wanted: float) -> None:
    """Ticks at 0.046 are read by nobody."""
    assert round_step(step) == pytest.approx(wanted)


def test_ticks_lie_on_the_axis() -> None:
    """Nought is written without a sign, and nothing stands outside."""
    ticks = Axis(-0.21, 0.1).ticks()
    assert [text for _, text in ticks] == ["−0.2", "−0.1", "0.0", "0.1"] and all(0 <= at <= 1 for at, _ in ticks)
    assert [text for _, text in Axis(0.0, 1.0, share=True).ticks(2)] == ["0 %", "50 %", "100 %"]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [(90, 1700, ["100", "200", "500", "1,000"]), (1, 10_000, ["1", "10", "100", "1,000", "10,000"]), (3.0, 4.0, [])],
)
def test_ticks_of_a_logarithmic_axis(low: float, high: float, texts: list[str]) -> None:
    """Each in its place by the logarithm."""
    axis = Axis(low, high, log=True)
    assert [text for _, text in axis.ticks()] == texts
    assert Axis(1, 100, log=True).at(10) == pytest.approx(0.5)


def test_an_interval_is_95_per_cent() -> None:
    """Its own if it has one, else two standard errors to both sides."""
    assert ends(Figure(1.0, se=0.1)) == pytest.approx((0.8, 1.2)) and ends(Figure(1.0)) == (1.0, 1.0)
    assert ends(Figure(0.5, se=9.0, low=0.4, high=0.7)) == (0.4, 0.7)
    assert known(Figure(1.0)) and not known(Figure(None)) and not known(Figure(float("nan"))) and not known("a")


def test_a_track_holds_what_is_drawn_on_it() -> None:
    """An error bar that leaves the card lies over the next one."""
    table = Table(("model", "change"), (("M_1", Figure(-0.08, se=0.01)), ("M_2", None), ("M_3", Figure(None))))
    axis = of_track(table, Track(("change",), lines=((0.0, "none"),)))
    assert axis.low < -0.1 and axis.high > 0 and axis.at(-5.0) == 0 and axis.at(5.0) == 1
    assert of_track(table, Track(("change",), -1.0, 1.0)) == Axis(-1.0, 1.0)
    assert around([2.0, 2.0]).at(2.0) == pytest.approx(0.5) and around([]).low < around([]).high


def test_a_plot_holds_points_bands_and_lines() -> None:
    """Sizes are on a logarithmic axis."""
    line = tuple((x, Figure(0.1, low=-0.5, high=0.9)) for x in (100.0, 1600.0))
    plot = Plot((Curve("a", ((100.0, Figure(0.2, se=0.3)),), line),), "N", "w", log=True, lines=((2.0, "bound"),))
    across, up = of_plot(plot)
    assert across.log and across.low < 100 and across.high > 1600 and up.low < -0.5 and up.high > 2
    assert of_plot(Plot((), "x", "y", even=True))[0] == Axis(0.0, 1.0, share=True)
    of_plot(Plot((), "x", "y", log=True))


def test_the_tallest_bin_is_one() -> None:
    """Kinds stand on each other."""
    shown = Histogram("x", (0.0, 1.0, 2.0), (("kept", (1, 3)), ("not kept", (1, 1))))
    assert heights(shown) == [(0.25, 0.25), (0.75, 0.25)]
    assert heights(Histogram("x", (0.0, 1.0), (("pairs", (0,)),))) == [(0.0,)]
