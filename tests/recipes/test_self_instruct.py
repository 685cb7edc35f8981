"""The control from seed to models; trainings are notes of what they got, and the writer a script."""

import json
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, Rehearsed, carried_out, named, rows, rows_of

from humpback import recipes, store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.exports import export
from humpback.recipes.demo import MATERIAL

THINGS = ("a lamp", "old shoes", "the garden gate", "my neighbour's cat", "a wet tent", "bread dough", "an oak table", "tea")
DO = ("Explain how to mend {}", "Tell a story of {}", "Why would anyone paint {}?", "List what belongs to {}")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Each line is a request, or an answer: the echo model says one of them to whatever it is asked."""
    lines = [f"9. {do.format(thing)}" for do in DO for thing in THINGS]
    path = tmp_path_factory.mktemp("script") / "writer.txt"
    path.write_text("".join(f"{line}\nOutput: {line[3:]} is done step by step, and well.\n" for line in lines))
    return f"echo:{path}"


def wanted(script: str, **layer: Any) -> Any:
    own: dict[str, Any] = {
        "seed": {"path": str(MATERIAL / "seed.jsonl")}, "writer_lm": script, "measure": {"cases": 8, "stop_tokens": 40},
        "self_instruct": {"tasks": 30, "rounds": 4}, "curate": {"by": "gain", "share": 0.5, "rounds": 1},
        "judge": {"stop_valid": 0.0}, "iterate": {"stop_precision": None}, "guards": {"disabled": ["leaked_prompt"]},
    }  # fmt: skip
    return build(recipes.load("self_instruct").Settings, [own, layer])


@pytest.fixture(scope="module")
def finished(script: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsed]:
    folder, engine = tmp_path_factory.mktemp("runs") / "s", Rehearsed()
    carried_out("self_instruct", folder, wanted(script), engine)
    return folder, engine


def test_rounds_go_on_from_what_was_kept(finished: tuple[Path, Rehearsed]) -> None:
    """Until there is enough; nothing of one round is like anything of another."""
    made = [each for name, each in named(finished[0]).items() if name.startswith("tasks-")]
    assert len(made) > 1
    every = [row["instruction"] for row in rows(finished[0], "tasks")]
    assert len(every) == len(set(every)) <= 30


def test_what_is_selected_is_trained_on_and_held_to_blind_pairs(finished: tuple[Path, Rehearsed]) -> None:
    """The same rounds as for pages, so that the arms differ in where pairs come from."""
    folder, engine = finished
    assert {*engine.trained} == {"forward-0", "forward-1", "forward-uncurated"}
    chosen = {row["instruction"] for row in rows(folder, "selected-1")}
    trained = {row["instruction"] for row in rows_of(named(folder)["forward-1"].path) if row["source"] == "self_instruct"}
    assert chosen == trained and chosen
    assert not {row["instruction"] for row in rows(folder, "seed") if row["split"] == "test"} & chosen


def test_read_is_kept_plus_dropped(finished: tuple[Path, Rehearsed]) -> None:
    found = [each for each in store.datasets(finished[0]) if each.about["kind"] != "metrics"]
    assert all(each.totals.read == each.totals.kept + each.totals.dropped for each in found)


def test_an_export_has_the_selected_pairs(finished: tuple[Path, Rehearsed], tmp_path: Path) -> None:
    count = export(finished[0], "alpaca", tmp_path / "a.jsonl")
    made = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert count == len(made) == len(rows(finished[0], "selected-1")) and {row["source"] for row in made} == {
        "self_instruct"
    }


def test_a_finished_run_returns_at_once(finished: tuple[Path, Rehearsed], script: str) -> None:
    carried_out("self_instruct", finished[0], wanted(script), Refuses())


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ({"seed": {"path": ""}}, "seed.path"),
        ({"curate": {"rounds": 0}}, "curate.rounds"),
        ({"curate": {"by": "backward_logprob"}}, "backward"),
    ],
)
def test_what_is_missing_is_told_first(layer: dict[str, Any], told: str, script: str, tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match=told):
        carried_out("self_instruct", tmp_path / "s", wanted(script, **layer))
