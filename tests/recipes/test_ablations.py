"""Every ablation, end to end on a small run; trainings are notes of what they got, and better pairs make better models."""

import re
from pathlib import Path
from typing import Any

import pytest
from recipes.ablations import LOOSE, Ran, finished_run, page, settings
from rehearsed import Refuses, Rehearsed, carried_out, demo, named, rows_of

from humpback import recipes, store
from humpback.curate.select import Choice
from humpback.errors import NothingKept, UsageFault
from humpback.exports import selected
from humpback.loop.arms import Material
from humpback.report import show
from humpback.store import Dataset
from humpback.train.config import PAPER_STEPS, batch_and_steps

ABLATIONS = ("ablate_backward", "ablate_data", "ablate_k", "ablate_tags", "ablate_unit", "gate", "scaling")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("made") / "run")


def ran(recipe: str, folder: Path, made: Path, **more: Any) -> Ran:
    return Ran(recipe, folder, settings(recipe, made, **more))


def are_equal(done: Ran) -> bool:
    """Whether all arms were trained for the same steps of the same batch."""
    trained = {name: each for name, each in done.engine.trained.items() if name.startswith("arm-")}
    return len({batch_and_steps(len(done.pairs(name)), each.sft) for name, each in trained.items()}) == 1


# What to train on.


@pytest.fixture(scope="module")
def of_data(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran("ablate_data", tmp_path_factory.mktemp("data") / "a", made)


def test_data_arms_hold_what_they_say(of_data: Ran) -> None:
    """An arm with other pairs than its name says answers another question."""
    assert len(of_data.engine.trained) == 14 and are_equal(of_data)
    seed, curated, everything = (of_data.ids(f"arm-{name}-0") for name in ("seed", "curated", "all"))
    assert len(seed) == 40 and len(everything) == 40 and 0 < len(curated) < 40 and curated < everything
    assert of_data.ids("arm-joint-0") == seed | curated and of_data.ids("arm-joint_all-1") == seed | everything
    assert all(row["split"] in (None, "train") for name in of_data.engine.trained for row in of_data.pairs(name))
    assert of_data.arms["joint"]["value"] == len(seed | curated)


def test_arms_that_are_not_asked_for_are_not_trained(made: Path, tmp_path: Path) -> None:
    """Seven arms of a real model are hours; whether curated beats blind asks for three."""
    done = ran("ablate_data", tmp_path / "a", made, arms=["joint_random", "joint", "joint"])
    assert [*done.arms] == ["seed", "joint_random", "joint"] and are_equal(done)


def test_blind_arms_are_as_large_as_the_curated_and_drawn_anew(of_data: Ran) -> None:
    """Curated against uncurated is a comparison only at equal size, and one draw may be lucky."""
    one, two = of_data.ids("arm-random-0"), of_data.ids("arm-random-1")
    assert len(one) == len(two) == len(of_data.ids("arm-curated-0")) and one != two
    assert of_data.ids("arm-joint_random-0") - of_data.ids("arm-seed-0") == one


def test_every_held_out_pair_is_measured_under_every_model(of_data: Ran, made: Path) -> None:
    """The columns of a measurement are put together by id: one lost pair and the pairing is wrong."""
    cases = store.one(of_data.folder, kind="metrics", of="cases")
    assert isinstance(cases, Dataset)
    found = [(row["model"], row["seed"], row["split"], row["parent"]) for row in cases.rows() if row["metric"] == "nll"]
    held = [(row["split"], row["id"]) for row in Material(made).seed.rows() if row["split"] != "train"]
    arms = of_data.arms
    assert sorted(found) == sorted((arm, seed, *each) for arm in arms for seed in (0, 1) for each in held)
    stops = [row["parent"] for row in cases.rows() if row["metric"] == "stop" and row["seed"] == 0]
    assert stops == ["p3", "p7"] * len(arms)
    assert all(row["value"] is not None for row in cases.rows())


def test_the_comparison_is_shown_and_reported(of_data: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    """A comparison that nobody can read was not made."""
    page = (of_data.folder / "report.html").read_text()
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//|@import|url\(http""", page) and "<svg" in page
    show(of_data.folder)
    out = capsys.readouterr().out
    assert all(name in out and name in page for name in of_data.arms) and "joint" in out


def test_a_finished_ablation_trains_and_measures_nothing(of_data: Ran, made: Path) -> None:
    """The command typed again must cost nothing."""
    carried_out("ablate_data", of_data.folder, settings("ablate_data", made), Refuses())


@pytest.mark.slow
def test_without_a_run_the_recipe_runs_first(tmp_path: Path) -> None:
    """One command from pages to the table, for who has no run yet."""
    base = demo().model_dump(exclude_unset=True, mode="json")
    engine = Rehearsed(lambda name, _: 0.1 * (name == "forward-1"))
    wanted = recipes.resolve(recipes.load("ablate_data").Settings, [("--set", {**base, "seeds": 1})])[0]
    carried_out("ablate_data", tmp_path / "a", wanted, engine)
    assert {"scored-1", "forward-1", "arm-joint-0", "comparison"} <= {*named(tmp_path / "a")}
    carried_out("ablate_data", tmp_path / "a", wanted, Refuses())


# Tags.


def test_tags_are_trained_with_or_without_and_asked_five_ways(made: Path, tmp_path: Path) -> None:
    """Table 5 of the paper: the tags of training and those of asking are two things."""
    done = ran("ablate_tags", tmp_path / "a", made)
    trained = done.engine.trained
    assert set(trained) == {"arm-tags-both-0", "arm-tags-both-1", "arm-none-none-0", "arm-none-none-1"}
    assert trained["arm-none-none-0"].tags.seed == trained["arm-none-none-0"].tags.web == ""
    assert trained["arm-tags-both-0"].tags.web and are_equal(done)
    assert [*done.arms] == ["tags/both", "tags/S_a", "tags/S_w", "tags/none", "none/none"]
    asked = {name: done.value("nll", name, split="test") for name in done.arms}
    # The echo model finds words likely that its prompt holds: what is shown with an instruction is seen in the figures.
    assert asked["tags/both"] != asked["tags/S_a"] != asked["tags/none"] == asked["none/none"]


# Thresholds.


def test_each_threshold_keeps_less(made: Path, tmp_path: Path) -> None:
    """A_5 is part of A_4 (Humpback, section 2.3)."""
    done = ran("ablate_k", tmp_path / "a", made)
    sizes = [row["value"] for row in done.arms.values()]
    assert [*done.arms] == ["M_0", "k3", "k3.5", "k4", "k4.5", "k5"]
    assert sizes[1] > sizes[2] > sizes[3] > sizes[4] > sizes[5] > sizes[0] == 40 and are_equal(done)
    web = {row["id"] for row in done.pairs("arm-k4.5-0") if row["source"] == "web"}
    scores = {row["id"]: row["score"] for row in Material(made).pool.rows(["id", "score"])}
    assert web == {each for each, score in scores.items() if score >= 4.5}


def test_a_judge_that_is_not_competent_is_compared_by_shares(tmp_path: Path) -> None:
    """A threshold on scores that say nothing compares draws."""
    made = finished_run(tmp_path / "run", choice=Choice("gain", share=0.5))
    done = ran("ablate_k", tmp_path / "a", made, ks=[4.0, 4.5], shares=[0.5, 0.25])
    assert [row["value"] - 40 for row in done.arms.values()] == [0, 20, 10]
    assert "best 25.0% by gain" in done.arms["k4.5"]["note"]


def test_a_threshold_that_keeps_nothing_is_left_out(made: Path, tmp_path: Path) -> None:
    """An arm without pairs is M_0 under another name; and where all are, there is nothing to compare."""
    done = ran("ablate_k", tmp_path / "a", made, ks=[4.0, 5.5], shares=[0.5, 0.5])
    assert [*done.arms] == ["M_0", "k4"] and any("k5.5: score >= 5.5 keeps no pair" in line for line in done.said)
    with pytest.raises(NothingKept, match="no threshold"):
        ran("ablate_k", tmp_path / "b", made, ks=[5.5], shares=[0.5])
    with pytest.raises(UsageFault, match="1 thresholds and shares has 2"):
        ran("ablate_k", tmp_path / "c", made, ks=[5.5], shares=[0.5, 0.1])


def test_the_blind_control_of_a_threshold_is_as_large(made: Path, tmp_path: Path) -> None:
    """Without it, the effect of quality and that of size are one."""
    found = ran("ablate_k", tmp_path / "a", made, random=True, ks=[3, 4], shares=[1, 1]).arms
    assert [*found] == ["M_0", "k3", "k3-random", "k4", "k4-random"]
    assert found["k4"]["value"] == found["k4-random"]["value"] < found["k3"]["value"]


# Units and backward models.


@pytest.mark.slow
def test_units_are_compared_at_equal_size(made: Path, tmp_path: Path) -> None:
    """A unit that yields more pairs would win by their number."""
    for number in range(4):
        (tmp_path / f"{number}.html").write_text(page(number))
    pages = {"inputs": [str(tmp_path / "*.html")], "rules": {"min_chars": 50}, "dedup": {"threshold": 1.0}}
    done = ran("ablate_unit", tmp_path / "a", made, corpus=pages, units=["paragraph", "document"], **LOOSE)
    found = done.arms
    assert [*found] == ["M_0", "paragraph", "document"] and are_equal(done)
    assert found["paragraph"]["value"] == found["document"]["value"] > 40
    cut = {unit: store.one(tmp_path / "a" / unit, kind="segments") for unit in ("paragraph", "document")}
    assert isinstance(cut["paragraph"], Dataset) and isinstance(cut["document"], Dataset)
    assert len(cut["paragraph"]) > len(cut["document"]) == 4


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The run, and the ablation of its backward model."""
    folder = tmp_path_factory.mktemp("backward")
    made = finished_run(folder / "run", backward_lm="", **LOOSE)
    return made, ran("ablate_backward", folder / "a", made)


@pytest.mark.slow
def test_a_refreshed_backward_model_is_trained_on_what_was_curated_last(refreshed: tuple[Path, Ran]) -> None:
    """Trained twice on the first selection, it would be refreshed once."""
    made, done = refreshed
    assert [*done.arms] == ["M_0", "fixed", "refreshed-1", "refreshed-2"]
    assert len({row["value"] for arm, row in done.arms.items() if arm != "M_0"}) == 1
    writers = [rows_of(store.one(done.folder / name, role="backward").path) for name in ("refreshed-1", "refreshed-2")]
    first, second = ({row["id"] for row in data if row["source"] == "web"} for data in writers)
    assert first == {row["id"] for row in Material(made).selected(1).rows()} and second and not first & second


@pytest.mark.slow
def test_every_backward_model_has_figures_of_its_own(refreshed: tuple[Path, Ran]) -> None:
    """Their folders have one name, by which answers were remembered: the second model was given the first one's figures."""
    _, done = refreshed
    quality = store.one(done.folder, kind="metrics", of="backward")
    assert isinstance(quality, Dataset)
    found = {row["model"]: row["value"] for row in quality.rows() if row["metric"] == "instruction_nll"}
    assert [*found] == ["fixed", "refreshed-1", "refreshed-2"] and len({*found.values()}) == 3


# Scaling.


def test_scaling_fits_a_law_to_every_source(tmp_path: Path) -> None:
    """The curve, its band and its test are what the command is for."""
    made = finished_run(tmp_path / "run", web=160)
    done = ran("scaling", tmp_path / "a", made, sizes=[5, 10, 20, 40], sources=["curated", "uncurated"])
    found = store.one(done.folder, kind="metrics", of="laws")
    assert isinstance(found, Dataset)
    laws = list(found.rows())
    alpha = {row["model"]: row["value"] for row in laws if row["metric"] == "alpha"}
    gained = {row["at"]: row["value"] for row in laws if row["metric"] == "improvement" and row["model"] == "curated"}
    assert alpha["curated"] > alpha["uncurated"] and gained[40] > gained[5]
    assert any(row["metric"] == "saturation_p" and row["part"] == "asymptote" for row in laws)
    assert "uncurated" in (done.folder / "report.html").read_text()


def test_at_one_size_all_sources_have_the_papers_steps(tmp_path: Path) -> None:
    """The paper: the same steps and batch for every dataset at a given N."""
    made = finished_run(tmp_path / "run", web=300)
    done = ran("scaling", tmp_path / "a", made, sizes=[20, 100], sources=["curated", "uncurated"], seeds=1)
    steps = {name: batch_and_steps(len(done.pairs(name)), each.sft) for name, each in done.engine.trained.items()}
    assert steps["arm-curated-100-0"] == steps["arm-uncurated-100-0"] == PAPER_STEPS[0][1:]
    assert steps["arm-curated-20-0"] == steps["arm-uncurated-20-0"] == (8, 6)
    assert len(done.pairs("arm-uncurated-20-0")) == 20


def test_the_grid_goes_as_far_as_each_source(tmp_path: Path) -> None:
    """A size that a source does not have would be drawn as all that it has, under the wrong N."""
    made = finished_run(tmp_path / "run", web=450)
    done = ran("scaling", tmp_path / "a", made, seeds=1)
    assert [*done.arms] == ["M_0", "curated-100", "uncurated-100", "uncurated-200", "uncurated-400"]
    laws = store.one(done.folder, kind="metrics", of="laws")
    assert isinstance(laws, Dataset) and {row["model"] for row in laws.rows() if row["metric"] == "alpha"} == {"uncurated"}
    with pytest.raises(UsageFault, match="not two in any source: curated") as fault:
        ran("scaling", tmp_path / "b", made, sizes=[1000], seeds=1)
    assert "--set sizes='[56, 112, 225, 450]'" in fault.value.hint


def test_beside_the_whole_seed(tmp_path: Path) -> None:
    """Jointly, the seed is in every arm and is no source of its own."""
    made = finished_run(tmp_path / "run", web=100)
    found = ran("scaling", tmp_path / "a", made, sizes=[10, 20], joint=True, seeds=1).arms
    assert "seed-10" not in found and found["curated-10"]["value"] == 50


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_says_how_it_is_run(name: str) -> None:
    """The last line of the listing's module is the command that is typed first."""
    first, *_, last = recipes.about(name)
    assert f"humpback run {name} --out" in last and len(first) < 125


# A second gate.


def test_the_gate_keeps_what_is_answered_otherwise_with_the_better_answer(made: Path, tmp_path: Path) -> None:
    """What the model answers as well already teaches nothing; its arm must not win by having more pairs."""
    done = ran("gate", tmp_path / "a", made, contrast={"theta": 0.5})
    kept, alike = (list(store.Dataset(named(done.folder)[f"{name}-gated"].path).rows()) for name in ("differing", "alike"))
    assert kept and alike and len(kept) + len(alike) == len(Material(made).curated)
    assert all(abs(row["gap"]) > 0.5 for row in kept) and all(abs(row["gap"]) <= 0.5 for row in alike)
    other = [row for row in kept if row["gap"] < 0]
    assert other and all((row["response"], row["answered"]) == (row["target_response"], "target") for row in other)
    assert all(row["draft"] and row["draft"] != row["response"] for row in other)
    assert all(row["answered"] is None for row in kept if row["gap"] > 0)
    assert [*done.arms] == ["M_0", "gated", "curated"] and are_equal(done)
    assert len(done.ids("arm-curated-0")) == len(done.ids("arm-gated-0"))
    assert {row["id"] for row in selected(done.folder, seed=False)} == {row["id"] for row in kept}, "what is exported"


def test_a_gate_that_nothing_passes_is_told(made: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingKept, match="could be compared, and none of them is more than 9 from"):
        ran("gate", tmp_path / "a", made, contrast={"theta": 9.0})
