"""What the ablations share: what they take from a run, what an arm is trained on, and how it is measured."""

from pathlib import Path
from typing import Any

import pytest
from humpback.recipes._arms import Draw, Material
from humpback.train.job import Job
from recipes.ablations import finished_run, seed_row, settings

from humpback import cli, store
from humpback.errors import UsageFault
from humpback.lm.spec import model_folder
from humpback.prompts.forward import TagConfig
from humpback.recipes import _arms, _models, ablate_data
from humpback.run import Run
from humpback.train.config import SftConfig


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("made") / "run")


def ids(data: Any) -> set[str]:
    return {row["id"] for row in data.rows()}


def test_a_draw_is_of_training_rows_and_of_the_size_asked_for(made: Path) -> None:
    """A held-out pair in a draw is trained on, and every figure on it is worthless."""
    seed = Material(made).seed
    drawn = Draw(seed, 10, 1)
    assert len(drawn) == len(ids(drawn)) == 10 and {row["split"] for row in drawn.rows()} == {"train"}
    assert len(Draw(seed, 10_000, 1)) == sum(row["split"] == "train" for row in seed.rows())


def test_draws_nest_and_differ_by_seed(made: Path) -> None:
    """One draw for all seeds measures one draw; sizes that share nothing differ by more than their size."""
    pool = Material(made).pool
    assert ids(Draw(pool, 5, 1)) < ids(Draw(pool, 10, 1)) != ids(Draw(pool, 10, 2))


def test_two_draws_are_two_plans(made: Path) -> None:
    """If their fingerprints were equal, the second model would be the first one, taken over."""
    pool = Material(made).pool
    prints = {each.fingerprint for each in (pool, Draw(pool, 5, 1), Draw(pool, 6, 1), Draw(pool, 5, 2))}
    assert len(prints) == 4


def test_steps_are_those_of_the_median_arm_unless_they_are_set() -> None:
    """Arms that are trained for different steps are compared by their steps."""
    assert _arms.equal_steps([100, 800, 3200], SftConfig()).steps == 300
    fixed = _arms.equal_steps([100, 800, 3200], SftConfig(steps=7, batch=2))
    assert (fixed.steps, fixed.batch) == (7, 2)


def test_only_a_round_that_was_trained_on_counts_as_the_last(made: Path, tmp_path: Path) -> None:
    """A selection that the run itself found not worth a training is not the method's."""
    again = finished_run(tmp_path / "run", rounds=2, trained=1)
    assert (Material(made).last_round, Material(again).last_round) == (1, 1)
    assert Material(again).curated.path.name.endswith("selected-1")


def test_what_a_run_has_not_finished_is_said(tmp_path: Path) -> None:
    """An empty arm instead of a missing one would be trained and compared."""
    finished_run(tmp_path / "run")
    found = next((tmp_path / "run").glob("*-selected-1"))
    (found / store.MANIFEST).unlink()
    with pytest.raises(UsageFault, match="no finished 'selected-1'"):
        _ = Material(tmp_path / "run").curated


@pytest.mark.parametrize(
    ("change", "told"),
    [({"seed": {"dev": 0.4}}, "seed.dev = 0.4"), ({"augment": {"candidates": 3}}, "augment.candidates = 3")],
)
def test_a_setting_that_would_have_no_effect_is_refused(made: Path, tmp_path: Path, change: dict, told: str) -> None:
    """Who sets the candidates of a run that is taken over would believe the figures to be of them."""
    wanted = settings(ablate_data.Settings, made, **change)
    with Run(tmp_path / "a", "ablate_data", wanted) as run, pytest.raises(UsageFault, match=told):
        ablate_data.recipe(run, wanted)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """A mistyped path must not start the whole recipe instead."""
    with pytest.raises(UsageFault, match="not the folder of a run"):
        _arms.settings_of(tmp_path)


def test_the_settings_of_the_run_are_the_defaults(made: Path) -> None:
    """Else the arms are trained by the class's defaults, and nobody sees that they are not the run's."""
    given = [f"run={made}", "sft.steps=5", "base=embedded"]
    wanted, origin = cli._settings(ablate_data.Settings, None, given, base=True)
    assert (wanted.backward_lm, wanted.sft.steps) == ("echo", 5) and origin["sft.steps"] == "--set"
    assert origin["backward_lm"] == origin["sft.lr"] == f"the run {made}"
    assert wanted.sft.lr == _arms.settings_of(made)["sft"]["lr"] == SftConfig().lr


def test_settings_of_an_ablation_are_not_those_of_another(made: Path, tmp_path: Path) -> None:
    """A run made by an ablation may be started from as well; its seeds and arms are its own business."""
    wanted = settings(ablate_data.Settings, made, seeds=7)
    with Run(tmp_path / "a", "ablate_data", wanted):
        pass
    assert not {"seeds", "run", "asked"} & set(_arms.settings_of(tmp_path / "a"))


@pytest.mark.parametrize(("asked", "text"), [("both", "A. W."), ("seed", "A."), ("web", "W."), ("none", "")])
def test_the_tags_that_are_asked_under(asked: Any, text: str) -> None:
    """A blank that stands for no tag is a prompt that no model was trained on."""
    assert _arms.asked_tags(TagConfig(seed="A.", web="W."), asked) == text
    assert TagConfig(seed=text, web="").inference == text


def test_every_held_out_pair_is_measured_by_the_real_model(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The columns of a measurement are put together by id: one lost pair and the pairing is wrong."""
    pytest.importorskip("torch")
    monkeypatch.setattr(_arms.Run, "lm", lambda self, spec: opened)
    from humpback import lm as language_models

    opened = language_models.open(f"transformers:{model_folder('embedded')}")
    wanted = settings(ablate_data.Settings, made, stop_cases=1, measure={"stop_tokens": 2}, curate={"max_tokens": 16})
    pairs = {"dev": [seed_row(1), seed_row(2)], "test": [seed_row(3), seed_row(4)]}
    arm = _arms.arm("a", "", lambda _: [], SftConfig(), wanted)
    with Run(tmp_path / "a", "ablate_data", wanted) as run:
        rows = list(_arms.case_rows(run, arm, 0, tmp_path, pairs, wanted))
    losses = {(row["parent"], row["note"]): row["value"] for row in rows if row["metric"] == "nll"}
    assert [*losses] == [(row["id"], split) for split, own in pairs.items() for row in own]
    assert all(1.0 < value < 12.0 for value in losses.values())
    assert [(row["parent"], row["note"]) for row in rows if row["metric"] == "stop"] == [("p3", "test")]
    assert len({row["id"] for row in rows}) == len(rows)


def test_arms_are_trained_with_seeds_of_their_own_and_without_lessons(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three trainings with one seed are one training, and its spread is nought."""
    jobs: list[Job] = []

    def note(folder: Path, job: Job, rows: list, *_: object) -> None:
        jobs.append(job)
        store.write_json(folder / "config.json", {})

    monkeypatch.setattr(_models, "train", note)
    wanted = settings(ablate_data.Settings, made, seeds=3, teach={"share": 0.3}, sft={"seed": 5})
    arm = _arms.arm("a/b", "", lambda i: [Draw(Material(made).pool, 4, i)], SftConfig(seed=5), wanted)
    with Run(tmp_path / "a", "ablate_data", wanted) as run:
        paths = _arms.trained(run, [arm], wanted)["a/b"]
    assert [job.sft.seed for job in jobs] == [5, 6, 7] and {job.teach.share for job in jobs} == {0.0}
    assert len(set(paths)) == 3 and all(path.parent == tmp_path / "a" for path in paths)
