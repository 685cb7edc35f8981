"""Every ablation, end to end on a small run; trainings and measurements are replaced by notes of what they got."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recipes.ablations import finished_run, settings

from humpback import recipes, store
from humpback.errors import NothingKept, UsageFault
from humpback.evaluate.arms import case_row
from humpback.recipes import _arms, _models, ablate_backward, ablate_data, ablate_k, ablate_tags, ablate_unit, scaling
from humpback.report.show import show_run
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.train.config import PAPER_STEPS, batch_and_steps
from humpback.train.job import Job

Trained = dict[str, tuple[Job, list[Row]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Trained:
    """What each model was trained on. Measured is what better pairs, and more of them, would make of it."""
    notes: Trained = {}

    def note(folder: Path, job: Job, rows: list, *_: object) -> None:
        name = folder.name.split("-", 1)[1].removesuffix(".partial")
        assert name not in notes
        notes[name] = (job, rows)
        store.write_json(folder / "config.json", {"name": name})

    def cases(run: Run, arm: Any, seed: int, model: Path, held_out: dict, settings: Any) -> Iterator[Row]:
        _, rows = notes[model.name.split("-", 1)[1]]
        worth = sum((row.get("score") or 4.0) - 3.0 for row in rows) / 200 + 0.01 * seed + 0.1 * (arm.asked != "")
        for split, pairs in held_out.items():
            for i, pair in enumerate(pairs):
                yield case_row("nll", arm.name, seed, pair["id"], split, 3.0 + i / 7 - worth * (1 + i / 50), "nats/token")
        yield case_row("stop", arm.name, seed, "p3", "test", 1.0, "share")

    monkeypatch.setattr(_models, "train", note)
    monkeypatch.setattr(_arms, "case_rows", cases)
    return notes


def ran(name: str, folder: Path, made: Path, **more: Any) -> dict[tuple[str, str, str], Row]:
    """Runs the recipe; its comparison by metric, arm and note."""
    module = recipes.load(name)
    wanted = settings(module.Settings, made, **more)
    with Run(folder, name, wanted) as run:
        module.recipe(run, wanted)
        rows = list(run.load("comparison").rows())
    assert len({row["id"] for row in rows}) == len(rows)
    return {(row["metric"], row["model"], row["note"]): row for row in rows if row["metric"] != "seed_change"}


def arms_of(found: dict[tuple[str, str, str], Row], metric: str = "pairs") -> dict[str, Row]:
    return {arm: row for (name, arm, _), row in found.items() if name == metric}


def ids(trained: Trained, name: str) -> set[str]:
    return {row["id"] for row in trained[name][1]}


def are_equal(trained: Trained) -> bool:
    """Whether all were trained for the same steps of the same batch."""
    return len({batch_and_steps(len(rows), job.sft) for job, rows in trained.values()}) == 1


# What to train on.


def test_data_arms_hold_what_they_say(made: Path, tmp_path: Path, trained: Trained) -> None:
    """An arm with other pairs than its name says answers another question."""
    found = ran("ablate_data", tmp_path / "a", made)
    assert len(trained) == 14 and are_equal(trained)
    seed, curated, everything = (ids(trained, f"arm-{name}-0") for name in ("seed", "curated", "all"))
    assert len(seed) == 40 and len(everything) == 40 and 0 < len(curated) < 40 and curated < everything
    assert ids(trained, "arm-joint-0") == seed | curated and ids(trained, "arm-joint_all-1") == seed | everything
    assert all(row["split"] in (None, "train") for _, rows in trained.values() for row in rows)
    assert arms_of(found)["joint"]["value"] == len(seed | curated)


def test_blind_arms_are_as_large_as_the_curated_and_drawn_anew(made: Path, tmp_path: Path, trained: Trained) -> None:
    """Curated against uncurated is a comparison only at equal size, and one draw may be lucky."""
    ran("ablate_data", tmp_path / "a", made)
    one, two = ids(trained, "arm-random-0"), ids(trained, "arm-random-1")
    assert len(one) == len(two) == len(ids(trained, "arm-curated-0")) and one != two
    assert ids(trained, "arm-joint_random-0") - ids(trained, "arm-seed-0") == one


def test_the_table_the_plot_and_the_page_are_written(
    made: Path, tmp_path: Path, trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    """A comparison that nobody can read was not made."""
    ran("ablate_data", tmp_path / "a", made)
    table, plot, page = ((tmp_path / "a" / name).read_text() for name in ("table.md", "plot.svg", "ablation.html"))
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == 9 and len({line.count("|") for line in rows}) == 1
    assert "reference" in table and "Chosen on dev: joint." in table and "test, which had no say" in table
    assert plot.startswith("<svg") and plot.count("<title>") == 12 and plot in page
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//|@import|url\(http""", page)
    show_run(tmp_path / "a")
    assert table.rstrip() in capsys.readouterr().out


def test_a_finished_ablation_trains_and_measures_nothing(
    made: Path, tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command typed again must cost nothing."""
    first = ran("ablate_data", tmp_path / "a", made)
    monkeypatch.setattr(_models, "train", None)
    monkeypatch.setattr(_arms, "case_rows", None)
    assert ran("ablate_data", tmp_path / "a", made) == first


def test_without_a_run_the_recipe_runs_first(
    made: Path, tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command from pages to the table, for who has no run yet."""

    def whole(run: Run, _: object) -> None:
        for folder in sorted(made.glob("[0-9][0-9]-*")):
            store.adopt(folder, run._next(folder.name.split("-", 1)[1]))

    monkeypatch.setattr(_arms.humpback, "recipe", whole)
    found = ran("ablate_data", tmp_path / "a", made, run="")
    assert "joint" in arms_of(found) and next((tmp_path / "a").glob("*-scored-1"))


# Tags.


def test_tags_are_trained_with_or_without_and_asked_five_ways(made: Path, tmp_path: Path, trained: Trained) -> None:
    """Table 5 of the paper: the tags of training and those of asking are two things."""
    found = ran("ablate_tags", tmp_path / "a", made)
    assert set(trained) == {"arm-tags-both-0", "arm-tags-both-1", "arm-none-none-0", "arm-none-none-1"}
    assert trained["arm-none-none-0"][0].tags.seed == trained["arm-none-none-0"][0].tags.web == ""
    assert trained["arm-tags-both-0"][0].tags.web and are_equal(trained)
    assert [*arms_of(found)] == ["tags/both", "tags/S_a", "tags/S_w", "tags/none", "none/none"]
    assert found["nll_change", "tags/none", "test"]["value"] > found["nll_change", "tags/S_a", "test"]["value"]


# Thresholds.


def test_each_threshold_keeps_less(made: Path, tmp_path: Path, trained: Trained) -> None:
    """A_5 is part of A_4 (Humpback, section 2.3)."""
    found = ran("ablate_k", tmp_path / "a", made, curate={"distinct": None})
    sizes = [row["value"] for row in arms_of(found).values()]
    assert [*arms_of(found)] == ["M_0", "k3", "k3.5", "k4", "k4.5", "k5"]
    assert sizes[1] > sizes[2] > sizes[3] > sizes[4] > sizes[5] > sizes[0] == 40 and are_equal(trained)
    assert {row["score"] >= 4.5 for row in trained["arm-k4.5-0"][1] if row["source"] == "web"} == {True}


def test_a_judge_that_is_not_competent_is_compared_by_shares(tmp_path: Path, trained: Trained) -> None:
    """A threshold on scores that say nothing compares draws."""
    made = finished_run(tmp_path / "run", rule={"by": "gain", "share": 0.5, "why": "the judge is not competent"})
    found = ran("ablate_k", tmp_path / "a", made, curate={"distinct": None}, ks=[4.0, 4.5], shares=[0.5, 0.25])
    assert [row["value"] - 40 for row in arms_of(found).values()] == [0, 20, 10]
    assert "best 25.0% by gain" in arms_of(found)["k4.5"]["note"]


def test_a_threshold_that_keeps_nothing_is_left_out(made: Path, tmp_path: Path, trained: Trained) -> None:
    """An arm without pairs is M_0 under another name; and where all are, there is nothing to compare."""
    found = ran("ablate_k", tmp_path / "a", made, curate={"distinct": None}, ks=[4.0, 5.5], shares=[0.5, 0.5])
    assert [*arms_of(found)] == ["M_0", "k4"]
    with pytest.raises(NothingKept, match="no threshold"):
        ran("ablate_k", tmp_path / "b", made, ks=[5.5], shares=[0.5])
    with pytest.raises(UsageFault, match="1 thresholds and shares has 2"):
        ran("ablate_k", tmp_path / "c", made, ks=[5.5], shares=[0.5, 0.1])


def test_the_blind_control_of_a_threshold_is_as_large(made: Path, tmp_path: Path, trained: Trained) -> None:
    """Without it, the effect of quality and that of size are one."""
    found = arms_of(ran("ablate_k", tmp_path / "a", made, curate={"distinct": None}, random=True, ks=[3, 4], shares=[1, 1]))
    assert [*found] == ["M_0", "k3", "k3-random", "k4", "k4-random"]
    assert found["k4"]["value"] == found["k4-random"]["value"] < found["k3"]["value"]


# Units and backward models.


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """All models of the run answer as the fake one does."""
    monkeypatch.setattr(_arms.Material, "model", lambda self, name: "echo")


def prose(number: int) -> str:
    """Sentences that no rule takes for a menu or for one sentence over and over."""
    parts = "rim spoke hub tyre tube valve axle nut fork brake chain crank".split()
    random.Random(number).shuffle(parts)
    tools = ("a brush", "warm water", "some oil", "an old cloth")
    told = [f"First the {a} of wheel {number} is taken off with {tool}, and then the {b} beside it is cleaned and dried."
            for a, b, tool in zip(parts[::3], parts[1::3], tools, strict=True)]  # fmt: skip
    return " ".join(told)


def page(number: int) -> str:
    body = "".join(f"<h2>Part {i} of wheel {number}</h2><p>{prose(10 * number + i)}</p>" for i in range(3))
    return f"<html lang=en><body><main><h1>All about wheel {number}</h1>{body}</main></body></html>"


LOOSE = {
    "curate": {"stop_below_chance": False, "by": "gain", "share": 0.5, "distinct": None},
    "judge": {"stop_valid": 0.0, "warn_valid": 0.0}, "guards": {"min_logprob": None},
}  # fmt: skip


def test_units_are_compared_at_equal_size(made: Path, tmp_path: Path, trained: Trained, alone: None) -> None:
    """A unit that yields more pairs would win by their number."""
    for number in range(4):
        (tmp_path / f"{number}.html").write_text(page(number))
    pages = {"inputs": [str(tmp_path / "*.html")], "rules": {"min_chars": 50}, "dedup": {"threshold": 1.0}}
    found = arms_of(ran("ablate_unit", tmp_path / "a", made, corpus=pages, units=["paragraph", "document"], **LOOSE))
    assert [*found] == ["M_0", "paragraph", "document"] and are_equal(trained)
    assert found["paragraph"]["value"] == found["document"]["value"] > 40
    cut = {unit: next((tmp_path / "a" / unit).glob("*-sample")) for unit in ("paragraph", "document")}
    assert len(store.Dataset(cut["paragraph"])) > len(store.Dataset(cut["document"])) == 4


def test_a_refreshed_backward_model_is_trained_on_what_was_curated_last(
    made: Path, tmp_path: Path, trained: Trained, alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained twice on the first selection, it would be refreshed once."""
    curated: list[str] = []
    real = _arms.equally_curated

    def noted(run: Run, found: Any, segments: Any, backward: str, settings: Any) -> Any:
        curated.append(backward)
        return real(run, found, segments, "echo", settings)

    monkeypatch.setattr(ablate_backward._arms, "equally_curated", noted)
    monkeypatch.setattr(ablate_backward, "backward_quality", lambda run, *_: run.put("none", lambda: (), METRIC, {}))
    monkeypatch.setattr(_models, "train", unless_seen(_models.train))
    found = ran("ablate_backward", tmp_path / "a", made, backward_lm="echo", **LOOSE)
    assert [*arms_of(found)] == ["M_0", "fixed", "refreshed-1", "refreshed-2"]
    assert len({row["value"] for arm, row in arms_of(found).items() if arm != "M_0"}) == 1
    assert [Path(each).parent.name for each in curated] == ["refreshed-1", "refreshed-2"]
    first, second = ({row["id"] for row in rows if row["source"] == "web"} for rows in BACKWARD)
    assert first == {row["id"] for row in _arms.Material(made).selected(1).rows()} and second and not first & second


BACKWARD: list[list[Row]] = []


def unless_seen(train: Callable[..., None]) -> Callable[..., None]:
    """Backward models have one name in several folders."""
    BACKWARD.clear()

    def note(folder: Path, job: Job, rows: list[Row], *rest: object) -> None:
        if job.role == "forward":
            train(folder, job, rows, *rest)
        else:
            BACKWARD.append(rows)
            store.write_json(folder / "config.json", {})

    return note


# Scaling.


def test_scaling_fits_a_law_to_every_source(tmp_path: Path, trained: Trained) -> None:
    """The curve, its band and its test are what the command is for."""
    made = finished_run(tmp_path / "run", web=160)
    found = ran("scaling", tmp_path / "a", made, sizes=[5, 10, 20, 40], sources=["curated", "uncurated"])
    assert (
        found["alpha", "curated", "natural logarithm"]["value"] > found["alpha", "uncurated", "natural logarithm"]["value"]
    )
    assert found["improvement", "curated", "N = 40"]["value"] > found["improvement", "curated", "N = 5"]["value"]
    assert ("saturation_p", "curated", "asymptote") in found
    table, plot = ((tmp_path / "a" / name).read_text() for name in ("table.md", "plot.svg"))
    assert "natural logarithm" in table and "F(1, 1)" in table
    assert plot.count("<polygon") == 2 and ">M_0<" in plot


def test_at_one_size_all_sources_have_the_papers_steps(tmp_path: Path, trained: Trained) -> None:
    """The paper: the same steps and batch for every dataset at a given N."""
    made = finished_run(tmp_path / "run", web=300)
    ran("scaling", tmp_path / "a", made, sizes=[20, 100], sources=["curated", "uncurated"], seeds=1)
    steps = {name: batch_and_steps(len(rows), job.sft) for name, (job, rows) in trained.items()}
    assert steps["arm-curated-100-0"] == steps["arm-uncurated-100-0"] == PAPER_STEPS[0][1:]
    assert steps["arm-curated-20-0"] == steps["arm-uncurated-20-0"] == (8, 6)
    assert len(trained["arm-uncurated-20-0"][1]) == 20


def test_the_grid_goes_as_far_as_each_source(tmp_path: Path, trained: Trained) -> None:
    """A size that a source does not have would be drawn as all that it has, under the wrong N."""
    made = finished_run(tmp_path / "run", web=450)
    found = ran("scaling", tmp_path / "a", made, seeds=1)
    assert [*arms_of(found)] == ["M_0", "curated-100", "uncurated-100", "uncurated-200", "uncurated-400"]
    assert {source for name, source, _ in found if name == "alpha"} == {"uncurated"}
    with pytest.raises(UsageFault, match="not two in any source: curated") as fault:
        ran("scaling", tmp_path / "b", made, sizes=[1000], seeds=1)
    assert "--set sizes='[56, 112, 225, 450]'" in fault.value.hint


def test_beside_the_whole_seed(tmp_path: Path, trained: Trained) -> None:
    """Jointly, the seed is in every arm and is no source of its own."""
    made = finished_run(tmp_path / "run", web=100)
    found = arms_of(ran("scaling", tmp_path / "a", made, sizes=[10, 20], joint=True, seeds=1))
    assert "seed-10" not in found and found["curated-10"]["value"] == 50


@pytest.mark.parametrize("kind", [ablate_data, ablate_tags, ablate_k, ablate_unit, ablate_backward, scaling])
def test_every_ablation_says_how_it_is_run(kind: Any) -> None:
    """The second line of the listing's module is the command that is typed first."""
    name = kind.__name__.rpartition(".")[2]
    assert f"humpback run {name} --out" in kind.__doc__ and len(kind.__doc__.splitlines()[0]) < 125
