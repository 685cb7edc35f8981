"""What the ablations share: what they take from a run, what an arm is trained on, and how it is measured."""

from pathlib import Path
from typing import Any

import pytest
from changes import other, settings_of, value_of
from made import rows_in
from recipes.ablations import finished_run, note, seed_row, settings, training
from rehearsed import Refuses, Rehearsed, WorkLeft, carried_out
from worlds import World

from humpback import recipes, store
from humpback.config import PACE, build, nested, planned, taken_over
from humpback.curate.teach import TeachConfig
from humpback.errors import UsageFault
from humpback.loop import arms
from humpback.loop.arms import Material, check_taken
from humpback.methods.backtranslate import AugmentConfig
from humpback.prompts.forward import TagConfig
from humpback.recipes.demo import MATERIAL
from humpback.run import Run
from humpback.schema import PAIR
from humpback.train.config import SftConfig
from humpback.train.training import Data


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("made") / "run")


def ids(data: Data) -> set[str]:
    return {row["id"] for row in data.rows()}


# The pairs of an arm.


def test_a_draw_is_of_training_rows_and_of_the_size_asked_for(made: Path) -> None:
    """A held-out pair in a draw is trained on, and every figure on it is worthless."""
    seed = Material(made).seed.path
    drawn = Data(folder=seed, size=10, seed=1)
    assert drawn.count() == len(ids(drawn)) == 10 and {row["split"] for row in drawn.rows()} == {"train"}
    assert Data(folder=seed, size=10_000, seed=1).count() == Data(folder=seed).count() == len(ids(Data(folder=seed))) == 40


def test_draws_nest_and_differ_by_seed(made: Path) -> None:
    """One draw for all seeds measures one draw; sizes that share nothing differ by more than their size."""
    pool = Material(made).pool.path
    small, large, others = (Data(folder=pool, size=size, seed=seed) for size, seed in ((5, 1), (10, 1), (10, 2)))
    assert ids(small) < ids(large) != ids(others)


def test_a_blind_draw_has_of_each_text_as_many_as_curation_may_keep(made: Path, tmp_path: Path) -> None:
    """Where all candidates are pairs, blind arms had three of one text, and the curated one a pair of each of three."""
    wanted = settings("ablate_data", made).model_copy(update={"augment": AugmentConfig(candidates=3, choose="curation")})
    given = {"response": "It is a number.", "source": "web"}
    rows = [{"id": f"c{i}", "parent": f"text-{i % 6}", "instruction": f"What is {i}?", **given} for i in range(18)]
    with Run(tmp_path / "a", "ablate_data", wanted) as run:
        pool = rows_in(run, rows, PAIR)
    for size, most in ((4, 4), (100, 6)):
        [draw] = arms.drawn(size, pool, wanted)(0)
        texts = [row["parent"] for row in draw.rows()]
        assert len(texts) == len(set(texts)) == draw.count() == most


def test_two_draws_are_two_plans(made: Path) -> None:
    """If their plans were equal, the second model would be the first one, taken over."""
    pool = Material(made).pool.path
    wanted = [Data(folder=pool, size=size, seed=seed) for size, seed in ((None, 0), (5, 1), (6, 1), (5, 2))]
    plans = [planned(training([]).model_copy(update={"data": (each,)})) for each in wanted]
    assert all(one != other for i, one in enumerate(plans) for other in plans[:i])


def test_steps_are_those_of_the_median_arm_unless_they_are_set() -> None:
    """Arms that are trained for different steps are compared by their steps."""
    assert arms.equal_steps([100, 800, 3200], SftConfig()).steps == 300
    fixed = arms.equal_steps([100, 800, 3200], SftConfig(steps=7, batch=2))
    assert (fixed.steps, fixed.batch) == (7, 2)


# What is taken from a run.


def test_only_a_round_that_was_trained_on_counts_as_the_last(made: Path, tmp_path: Path) -> None:
    """A selection that the run itself found not worth a training is not the method's."""
    again = Material(finished_run(tmp_path / "run", rounds=2, trained=1))
    assert (Material(made).last_round, again.last_round, again.curated.about["round"]) == (1, 1, 1)


def test_the_first_backward_model_is_that_of_the_seed_alone(tmp_path: Path) -> None:
    """A run that retrains its backward model has several, and the last one is no control."""
    with World(tmp_path / "run", "humpback", build(recipes.load("humpback").Settings, [{}])) as world:
        seed = world.put("seed", map(seed_row, range(8)), PAIR, kind="seed")
        for name, about in (("backward", {}), ("backward-1", {"round": 1})):
            world.run.step(name, note, training([seed]), kind="model", role="backward", model="", **about)
    wanted = build(recipes.load("ablate_backward").Settings, [{"backward_lm": ""}])
    assert Material(tmp_path / "run").backward(wanted).endswith("-backward")


def test_what_a_run_has_not_finished_is_said(tmp_path: Path) -> None:
    """An empty arm instead of a missing one would be trained and compared."""
    run = finished_run(tmp_path / "run")
    (Material(run).curated.path / store.MANIFEST).unlink()
    with pytest.raises(UsageFault, match="nothing finished of kind selected, round 1") as fault:
        _ = Material(run).curated
    assert fault.value.hint == f"see how far it is: humpback show {run}"


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """A mistyped path must not start the whole recipe instead."""
    with pytest.raises(UsageFault, match="not the folder of a run"):
        settings("ablate_data", tmp_path)


def test_the_settings_of_the_run_are_the_defaults(made: Path) -> None:
    """Else the arms are trained by the class's defaults, and nobody sees that they are not the run's."""
    kind = recipes.load("ablate_data").Settings
    given = [("--set", nested(name, value)) for name, value in (("run", str(made)), ("sft.steps", 5), ("base", "embedded"))]
    wanted, origin = recipes.resolve(kind, given)
    assert (wanted.backward_lm, wanted.sft.steps) == ("echo", 5) and origin["sft.steps"] == "--set"
    assert origin["backward_lm"] == origin["sft.lr"] == f"the run {made}" and wanted.sft.lr == SftConfig().lr


def test_settings_of_an_ablation_are_not_those_of_another(made: Path, tmp_path: Path) -> None:
    """A run made by an ablation may be started from as well; its seeds and arms are its own business."""
    with Run(tmp_path / "a", "ablate_k", settings("ablate_k", made, seeds=7, ks=[4.0], shares=[0.5])):
        pass
    wanted = settings("ablate_data", tmp_path / "a", seeds=1)
    assert wanted.seeds == 1 and wanted.backward_lm == "echo"
    check_taken(tmp_path / "a", wanted, arms.OWN)
    assert recipes.resolve(recipes.load("ablate_k").Settings, [("--set", {"run": str(tmp_path / "a")})])[0].seeds == 3


# What each ablation is made with, of the settings that its run has too: groups, or single ones.
ARMS = {"base", "sft", "measure", "tags"}
SELECTION = {"corpus", "augment", "guards", "judge", "judge_lm", "relevance", "combine", "curate", "random_seed"}
GATES = {f"curate.{name}" for name in ("per_site", "distinct", "clusters", "cluster_share", "ifd_band")}
OWN: dict[str, set[str]] = {
    "ablate_backward": {"measure", "sft"}, "ablate_data": {*ARMS, "random_seed"}, "ablate_k": {*ARMS, *GATES},
    "ablate_tags": ARMS, "ablate_unit": {"sft", "measure", *SELECTION}, "scaling": {*ARMS, "random_seed"},
}  # fmt: skip
REFUSED_ALL_THE_SAME = {"ablate_unit": {"corpus.segment.unit", "curate.rounds"}}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", OWN)
def test_a_setting_that_would_have_no_effect_is_refused(made: Path, tmp_path: Path, recipe: str) -> None:
    """Settings of the run's selection could be changed (`curate.share`, `curate.by`, `iterate.pool`), and were ignored.

    Each setting that is changed alone is refused, unless it is one that the arms are made with; that these have an effect is
    tested where all settings are (test_settings_table.py).
    """
    start = settings(recipe, made)
    own = OWN[recipe] | set(type(start).model_fields) - taken_over(type(start))
    wrong = []
    with Run(tmp_path / "a", recipe, start, engine=Refuses()) as run:
        for leaf, field in settings_of(type(start)):
            value = other(leaf, field, value_of(start, leaf, field), {"inputs": [str(MATERIAL)]})
            if leaf == "run" or PACE in field.metadata:
                continue
            wanted = settings(recipe, made, **nested(leaf, value))
            assert planned(wanted) != planned(start), leaf
            may = any(leaf == name or leaf.startswith(f"{name}.") for name in own)
            may &= leaf not in REFUSED_ALL_THE_SAME.get(recipe, ())
            with pytest.raises((UsageFault, WorkLeft)) as raised:
                recipes.load(recipe).recipe(run, wanted)
            told = str(raised.value)
            refused = told.startswith((f"{leaf} = ", f"{leaf}.")) and "whose results are taken over" in told
            if may is refused:
                wrong.append((leaf, told))
    assert not wrong


def test_a_refreshed_backward_model_is_trained_as_the_first_one(tmp_path: Path) -> None:
    """With other steps than the one that it is held against, it would be better or worse by these."""
    run = finished_run(tmp_path / "run", backward_sft=None)
    wanted = settings("ablate_backward", run, sft={"steps": 9})
    with pytest.raises(UsageFault, match=r"sft\.steps = 9"):
        carried_out("ablate_backward", tmp_path / "a", wanted, Refuses())


@pytest.mark.parametrize("leaf", ["curate.share", "curate.by", "iterate.pool", "seed.dev", "augment.candidates"])
def test_the_refusal_says_what_differs_and_what_to_type(made: Path, tmp_path: Path, leaf: str) -> None:
    """Who sets the candidates of a run that is taken over would believe the figures to be of them."""
    value = {"curate.share": 0.3, "curate.by": "gain", "iterate.pool": "rejected", "seed.dev": 0.4}.get(leaf, 5)
    wanted = settings("ablate_data", made, **nested(leaf, value))
    with pytest.raises(UsageFault, match=rf"{leaf} = {value!r}, and the run {made}") as fault:
        carried_out("ablate_data", tmp_path / "a", wanted, Refuses())
    assert fault.value.hint == f"leave out {leaf}, or leave out run to make everything here"


# Arms.


@pytest.mark.parametrize(("asked", "text"), [("both", "A. W."), ("seed", "A."), ("web", "W."), ("none", "")])
def test_the_tags_that_are_asked_under(asked: Any, text: str) -> None:
    """A blank that stands for no tag is a prompt that no model was trained on."""
    assert arms.asked_tags(TagConfig(seed="A.", web="W."), asked) == text


def test_arms_are_trained_with_seeds_of_their_own_and_without_lessons(made: Path, tmp_path: Path) -> None:
    """Three trainings with one seed are one training, and its spread is nought."""
    engine, found = Rehearsed(), Material(made)
    wanted = settings("ablate_data", made, seeds=3)
    wanted = wanted.model_copy(update={"teach": TeachConfig(share=0.3), "sft": SftConfig(seed=5)})
    data = arms.drawn(4, found.pool, wanted)
    one = arms.arm("a/b", "", data, wanted.sft, wanted)
    with Run(tmp_path / "a", "ablate_data", wanted, engine=engine) as run:
        models = arms.trained_arms(run, [one], wanted)["a/b"]
    trained = list(engine.trained.values())
    assert [each.sft.seed for each in trained] == [5, 6, 7] and {each.teach for each in trained} == {None}
    assert len(set(models)) == 3 and len({each.data[0].seed for each in trained}) == 3
    assert [each.about["seed"] for each in store.find(tmp_path / "a", kind="model", arm="a/b")] == [0, 1, 2]
