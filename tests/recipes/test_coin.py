"""The tuning by contrast after a run, end to end; trainings are notes of what they got, models the echo model."""

import json
from pathlib import Path
from typing import Any

import pytest
from recipes.ablations import note, training
from rehearsed import Refuses, Rehearsed, carried_out, named, rows, rows_of
from worlds import World

from humpback import recipes, store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.prompts.forward import TagConfig
from humpback.recipes.demo import MATERIAL
from humpback.report import show
from humpback.schema import PAIR, Row
from humpback.store import Dataset

SEED = [json.loads(line) for line in (MATERIAL / "seed.jsonl").read_text(encoding="utf-8").splitlines()][:24]


def seed_row(number: int) -> Row:
    row = SEED[number]
    split = "test" if number < 3 else "dev" if number < 5 else "train"
    return {"id": f"s{number}", "parent": "seed", "instruction": row["instruction"], "response": row["response"],
            "source": "seed", "split": split}  # fmt: skip


def web_row(number: int) -> Row:
    drawn = {"raw": None, "logprob": -0.5, "finish": "stop", "drawn": 1, "guard": None, "gain": None, "round_trip": None}
    asked = f"How do I oil the chain of a bicycle in {number + 2} steps?"
    other = {**drawn, "instruction": f"In {number + 2} steps, how do I oil the chain of a bicycle well?"}
    text = f"Put {number + 2} drops on the links {'slowly ' * number}and wipe the chain dry."
    return {"id": f"w{number}", "parent": f"seg{number}", "instruction": asked, "response": text, "source": "web",
            "method": "backtranslate", "finish": "stop", "candidates": [{**drawn, "instruction": asked}, other]}  # fmt: skip


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the recipe humpback hands over."""
    folder = tmp_path_factory.mktemp("runs") / "a"
    made = build(recipes.load("humpback").Settings, [{"tags": {"seed": "S.", "web": "W."}}])
    with World(folder, "humpback", made) as world:
        seed = world.put("seed", map(seed_row, range(len(SEED))), PAIR, kind="seed")
        chosen = world.put("selected-1", map(web_row, range(6)), PAIR, kind="selected", round=1)
        for name, about in (("forward-1", {"kind": "model", "round": 1}), ("best", {"kind": "best"})):
            world.run.step(name, note, training([seed, chosen]), role="forward", model="M_1", **about)
    return folder


def settings(**layer: Any) -> Any:
    small = {"cases": 3, "answers": 2, "answer_tokens": 4, "wordings": 3, "max_tokens": 32}
    return recipes.resolve(recipes.load("coin").Settings, [("--set", {"robustness": small}), ("--set", layer)])[0]


@pytest.fixture(scope="module")
def finished(before: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsed]:
    folder, engine = tmp_path_factory.mktemp("runs") / "coin", Rehearsed()
    carried_out("coin", folder, settings(run=str(before)), engine)
    return folder, engine


def test_control_and_coin_differ_in_the_term_alone(finished: tuple[Path, Rehearsed], before: Path) -> None:
    """Against a model that saw other data, or fewer steps, any gain could be theirs."""
    control, tuned = (finished[1].trained[name] for name in ("control", "coin"))
    assert control.contrast and tuned.contrast and (control.contrast.weight, tuned.contrast.weight) == (0.0, 1000.0)
    off = {"contrast": None}
    assert control.model_copy(update=off) == tuned.model_copy(update=off)
    assert tuned.base.endswith("-best") and str(before) in tuned.base and tuned.tags == TagConfig(seed="S.", web="W.")


def test_triples_come_from_seed_and_selection_and_nothing_held_out(finished: tuple[Path, Rehearsed]) -> None:
    """A paraphrase of a test pair in the training makes its robustness worthless."""
    data = rows_of(named(finished[0])["coin"].path)
    held = {SEED[i]["instruction"] for i in range(5)}
    assert {row["source"] for row in data} == {"seed", "web"}
    assert not held & {row["instruction"] for row in data} and not held & {row["negative_instruction"] for row in data}
    assert {row["paraphrase_by"] for row in data if row["source"] == "web"} == {"candidate"}
    assert {row["paraphrase_by"] for row in data if row["source"] == "seed"} == {"rule"}
    assert all(row["negative_response"] != row["response"] for row in data)


def test_read_is_kept_plus_dropped_at_every_stage(finished: tuple[Path, Rehearsed]) -> None:
    """Wordings are many for a pair, and triples one: between them nothing may vanish."""
    found = [each for each in store.datasets(finished[0]) if each.about["kind"] != "metrics"]
    assert [each.about["name"] for each in found] == ["train-pairs", "wordings", "paraphrases", "triples"]
    assert all(each.totals.read == each.totals.kept + each.totals.dropped for each in found)
    assert found[0].totals.rows == found[1].totals.read == len(SEED) - 5 + 6


def test_all_three_are_measured_under_every_kind_of_wording(
    finished: tuple[Path, Rehearsed], capsys: pytest.CaptureFixture[str]
) -> None:
    """A table without its control, or without n and error, is not a measurement."""
    found = rows(finished[0], "robustness")
    assert {row["model"] for row in found} == {"M_1", "control", "coin"}
    changes = [row for row in found if row["metric"] == "robust_change"]
    assert len(changes) == 3 * 4 and all(row["n"] == 3 and row["se"] is not None for row in changes if row["part"] != "word")
    show(finished[0])
    out = capsys.readouterr().out
    assert all(word in out for word in ("meaning", "character", "control", "M_1"))
    assert (finished[0] / "report.html").exists()


def test_a_finished_run_returns_at_once(finished: tuple[Path, Rehearsed], before: Path) -> None:
    """A second `humpback run coin` must neither train nor open a model."""
    carried_out("coin", finished[0], settings(run=str(before)), Refuses())


def written(path: Path, pairs: list[Row]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in pairs))
    return str(path)


def test_own_pairs_are_trained_on_first_and_a_model_may_reword(tmp_path: Path) -> None:
    """Without a run there is no model to go on from; with an instruct model its wordings come before the rules'."""
    (tmp_path / "script.txt").write_text("I would be glad to be told about this matter, please.\n")
    wanted = settings(
        seed={"path": written(tmp_path / "seed.jsonl", SEED), "dev": 0.15, "test": 0.15}, start="base",
        paraphrase_lm=f"echo:{tmp_path / 'script.txt'}",
    )  # fmt: skip
    engine = Rehearsed()
    carried_out("coin", tmp_path / "run", wanted, engine)
    assert [each.contrast is None for each in engine.trained.values()] == [True, False, False]
    assert {each.base for each in engine.trained.values()} == {"embedded"}
    assert {row["paraphrase_by"] for row in rows_of(named(tmp_path / "run")["coin"].path)} == {"lm", "rule"}
    checked = named(tmp_path / "run")["paraphrases"]
    assert isinstance(checked, Dataset) and checked.totals.drops["slot_lost"] > 0


def test_pairs_that_are_held_out_are_not_trained_on(tmp_path: Path) -> None:
    """Pairs beside the seed may hold what it is measured on, under whatever id."""
    seed, pairs = written(tmp_path / "seed.jsonl", SEED), written(tmp_path / "pairs.jsonl", [*SEED, web_row(1), web_row(2)])
    wanted = settings(seed={"path": seed, "dev": 0.15, "test": 0.15}, pairs=pairs)
    carried_out("coin", tmp_path / "run", wanted)
    held = {row["response"] for row in rows(tmp_path / "run", "seed") if row["split"] != "train"}
    for name in ("forward-0", "control", "coin"):
        assert not held & {row["response"] for row in rows_of(named(tmp_path / "run")[name].path)}
    unseen = named(tmp_path / "run")["unseen"]
    assert isinstance(unseen, Dataset) and unseen.totals.drops == {"held_out_pair": len(held)}


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ({"sft": {"steps": 3}}, "sft.steps = 3"),
        ({"seed": {"dev": 0.3}}, "seed.dev = 0.3"),
        ({"base": "echo"}, "base = "),
    ],
)
def test_a_setting_that_would_have_no_effect_is_refused(before: Path, tmp_path: Path, layer: Any, told: str) -> None:
    """With a run its seed is split and its model is trained already; and where that is tuned, no base is."""
    with pytest.raises(UsageFault, match=told):
        carried_out("coin", tmp_path / "run", settings(run=str(before), **layer), Refuses())


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ({}, "neither run nor seed.path"),
        ({"hardware": {"launch": "fsdp2"}}, "GPU"),
        ({"tune": {"packing": "rows"}}, "packing"),
        ({"tune": {"dev_steps": 2}}, "no triple is held out"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, layer: Any, told: str) -> None:
    """Hours later, in a child's log, is too late."""
    with pytest.raises(UsageFault, match=told):
        carried_out("coin", tmp_path / "run", settings(**layer), Refuses())


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """A mistyped path must not start from nothing."""
    with pytest.raises(UsageFault, match="not the folder of a run"):
        settings(run=str(tmp_path))
