"""What an ablation's table, lines and plots say, from metric rows made by hand."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import TestSettings

from humpback.evaluate import scaling
from humpback.evaluate.arms import case_row, comparison_rows
from humpback.metrics import metric
from humpback.report import ablation, ablation_plots
from humpback.report.ablation_plots import Axis, round_step
from humpback.run import Run
from humpback.schema import METRIC, Row

SIZES = (100, 200, 400, 800, 1600)


def compared(means: dict[str, float], noise: float = 0.01) -> list[Row]:
    """Arms at equal steps, the first of them the reference."""
    random = np.random.default_rng(0)
    cases = [
        case_row("nll", arm, seed, f"c{case}", split, mean + case / 10 + random.normal(0, noise), "nats/token")
        for arm, mean in means.items()
        for seed in range(3)
        for split in ("dev", "test")
        for case in range(20)
    ]
    rows = [row for arm in means for row in (metric("pairs", arm, 80.0, n=1, note=f"made for {arm}"),
                                             metric("steps", arm, 30.0, n=1, note="batch 8"))]  # fmt: skip
    return [*rows, *comparison_rows(cases, next(iter(means)))]


def laws() -> list[Row]:
    random = np.random.default_rng(1)
    grown = {
        "curated": [0.1 * np.log(n) - 0.4 for n in SIZES],
        "uncurated": [0.3 - 3 * n**-0.5 for n in SIZES],
        "seed": [0.01, -0.01, 0.0, 0.01, -0.01],
    }
    made = compared({"M_0": 3.0, "curated-100": 2.9})
    for source, values in grown.items():
        spread = 0.1 if source == "seed" else 0.002
        made += scaling.law_rows(source, SIZES, [value + random.normal(0, spread, (2, 40)) for value in values])
    return made


def test_the_table_has_every_arm_and_its_reference() -> None:
    """A change without what it is a change from is no figure."""
    shown = ablation.content(compared({"M_0": 3.0, "good": 2.9, "bad": 3.2}), "Arms.")
    [first, good, bad] = shown["arms"].rows
    assert first[:5] == ["M_0", "80", "30", "reference", "reference"] and good[0] == "good †"
    assert (
        float(good[4].split()[0]) == pytest.approx(-0.1, abs=0.01) and bad[4].startswith("+0.") and bad[-1] == "made for bad"
    )
    assert "Every arm was trained for 30 steps of 8 examples." in shown["lines"]


def test_markdown_columns_stand_under_each_other() -> None:
    """The same text is printed in a terminal."""
    table = ablation.content(compared({"M_0": 3.0, "a long name": 2.9}), "Arms.")["arms"].markdown()
    assert len({len(line) for line in table.splitlines()}) == 1
    assert len({tuple(i for i, char in enumerate(line) if char == "|") for line in table.splitlines()}) == 1


def test_the_choice_and_how_sure_it_is() -> None:
    """The best of two that are the same is drawn by lot, and must be told so."""
    sure = "\n".join(ablation.content(compared({"M_0": 3.0, "good": 2.5}), "Arms.")["lines"])
    unsure = "\n".join(ablation.content(compared({"M_0": 3.0, "good": 3.0}, noise=0.5), "Arms.")["lines"])
    assert "Chosen on dev: good." in sure and "On test, which had no say" in sure and "not told apart" not in sure
    assert "not told apart from none" in unsure


def test_laws_say_what_grows_and_what_saturates() -> None:
    """A line through a curve that has ended promises what more data will not give."""
    shown = ablation.content(laws(), "Scaling.")
    lines = {line.partition(":")[0]: line for line in shown["law_lines"]}
    assert "natural logarithm" in shown["law_lines"][0]
    assert "more pairs help" in lines["curated"] and "not shown" in lines["curated"]
    assert "it saturates: " in lines["uncurated"] and "not told apart from none" in lines["seed"]
    assert [row[0] for row in shown["laws"].rows] == ["curated", "uncurated", "seed"]


def test_backward_models_have_a_table_of_their_own() -> None:
    """An arm that wins by its backward model is explained by it."""
    more = [metric("instruction_nll", "fixed", 3.1, se=0.1, n=8, unit="nats/token"),
            metric("instruction_rouge_l", "fixed", 0.2, se=0.01, n=8),
            metric("instruction_rouge_l", "fixed", 0.1, se=0.01, n=8, note="chance")]  # fmt: skip
    shown = ablation.content([*compared({"M_0": 3.0, "fixed": 2.9}), *more], "Backward.")
    assert shown["backward"].rows == [["fixed", "3.100 ± 0.100", "0.200 ± 0.010", "0.100 ± 0.010", "8"]]
    assert "ROUGE-L by chance" in ablation.as_text(shown)


@pytest.mark.parametrize("rows", [compared({"M_0": 3.0, "<b>": 2.9}), laws()], ids=["arms", "scaling"])
def test_the_plot_is_whole_by_itself(rows: list[Row], tmp_path: Path) -> None:
    """It is opened alone as well: no outside style, and a name with brackets must not break it."""
    with Run(tmp_path / "a", "ablate_data", TestSettings()) as run:
        run.put("comparison", lambda: rows, METRIC, {})
    about = tmp_path / "a" / "run.json"
    about.write_text(about.read_text().replace('"k": 4.5', '"k": 4.5, "base": "echo", "run": ""'))
    ablation.write(tmp_path / "a", "A title.")
    root = ElementTree.fromstring((tmp_path / "a" / "plot.svg").read_text())
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    for moved in root.findall("{http://www.w3.org/2000/svg}g[@transform]"):
        root.remove(moved)
    for each in root.iter():
        for name, limit in (("cx", width), ("x1", width), ("x2", width), ("cy", height), ("y1", height), ("y2", height)):
            assert 0 <= float(each.attrib.get(name, 0)) <= limit, each.attrib
    assert "<b>" not in (tmp_path / "a" / "plot.svg").read_text()


def test_dots_stand_where_their_values_are() -> None:
    """An axis the wrong way round tells the opposite."""
    plot = ablation_plots.arms(compared({"M_0": 3.0, "good": 2.8, "bad": 3.1}), ["M_0", "good", "bad"])
    good, bad = plot["lines"]
    assert good["test"]["x"] < plot["zero"] < bad["test"]["x"] and good["best"] and not bad["best"]
    assert good["test"]["low"] < good["test"]["x"] < good["test"]["high"] and len(good["seeds"]) == 3
    shown = ablation_plots.curves(laws(), ["curated", "uncurated", "seed"])
    assert [mark["y"] for mark in shown["curves"][0]["marks"]] == sorted(
        (mark["y"] for mark in shown["curves"][0]["marks"]), reverse=True
    )
    labels = sorted(each["label"] for each in shown["curves"])
    assert min(b - a for a, b in pairwise(labels)) >= 34


@pytest.mark.parametrize(("step", "wanted"), [(0.046, 0.05), (0.05, 0.05), (0.6, 1.0), (21.0, 50.0), (0.0, 1.0)])
def test_ticks_are_round(step: float, wanted: float) -> None:
    """Ticks at 0.046 are read by nobody."""
    assert round_step(step) == pytest.approx(wanted)


def test_ticks_lie_on_the_axis() -> None:
    """Nought is written without a sign, and nothing stands outside."""
    ticks = Axis(-0.21, 0.1, 0.0, 100.0).ticks
    assert [tick["text"] for tick in ticks] == ["-0.2", "-0.1", "0.0", "0.1"]
    assert all(0 <= tick["at"] <= 100 for tick in ticks)
