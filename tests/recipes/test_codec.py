"""Requests encoded, decoded, answered twice, and curated; trainings are notes of what they got, who writes is a script."""

from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, Rehearsed, carried_out, named, rows, rows_of

from humpback import recipes, store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.recipes.demo import MATERIAL

THINGS = ("a lamp", "old shoes", "the garden gate", "my neighbour's cat", "a wet tent", "bread dough", "an oak table", "tea")
DO = ("Explain how to mend {}", "Tell a story of {}", "Why would anyone paint {}?", "List what belongs to {}")


def script(folder: Path) -> str:
    """Each line is what a request is for, or a request: the echo model says one of them to whatever it is asked."""
    lines = [f"1. {do.format(thing)}" for do in DO for thing in THINGS]
    lines += [f"Use case: care of {thing}. Skills: patience, {thing.split()[-1]} lore" for thing in THINGS]
    path = folder / "strong.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    return f"echo:{path}"


def wanted(strong: str, **layer: Any) -> Any:
    own: dict[str, Any] = {
        "seed": {"path": str(MATERIAL / "seed.jsonl")}, "strong_lm": strong, "measure": {"cases": 8, "stop_tokens": 40},
        "codec": {"metadata": 40, "instructions": 2, "iterations": 3, "contrast": {"theta": 2.0}},
        "curate": {"by": "gain", "share": 0.5, "rounds": 1}, "judge": {"stop_valid": 0.0},
        "iterate": {"stop_precision": None}, "guards": {"disabled": ["leaked_prompt", "not_an_instruction"]},
    }  # fmt: skip
    return build(recipes.load("codec").Settings, [own, layer])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsed, str]:
    folder, engine = tmp_path_factory.mktemp("runs"), Rehearsed()
    strong = script(folder)
    carried_out("codec", folder / "c", wanted(strong), engine)
    return folder / "c", engine, strong


def test_versions_go_on_until_answers_differ(finished: tuple[Path, Rehearsed, str]) -> None:
    """What differs is kept at once, what does not is made harder, and after the last version left."""
    folder = finished[0]
    first, left = rows(folder, "differing-1"), rows(folder, "alike-1")
    assert first and left and {row["id"] for row in first}.isdisjoint(row["id"] for row in left)
    assert all(abs(row["gap"]) > 2.0 for row in first) and all(abs(row["gap"]) <= 2.0 for row in left)
    harder = rows(folder, "harder-1")
    assert {row["id"] for row in harder} <= {row["id"] for row in left} and {row["made_harder"] for row in harder} == {1}
    kept = [rows(folder, name) for name in named(folder) if name.startswith("differing-")]
    assert len(rows(folder, "codec")) == sum(map(len, kept)) and len(kept) > 1


def test_read_is_kept_plus_dropped(finished: tuple[Path, Rehearsed, str]) -> None:
    found = [each for each in store.datasets(finished[0]) if each.about["kind"] != "metrics"]
    assert all(each.totals.read == each.totals.kept + each.totals.dropped for each in found)


def test_what_is_selected_is_trained_on(finished: tuple[Path, Rehearsed, str]) -> None:
    folder, engine, _ = finished
    assert {*engine.trained} == {"forward-0", "forward-1", "forward-uncurated"}
    trained = {row["instruction"] for row in rows_of(named(folder)["forward-1"].path) if row["source"] == "codec"}
    assert trained == {row["instruction"] for row in rows(folder, "selected-1")} and trained


def test_the_data_may_be_like_requests_of_ones_own(finished: tuple[Path, Rehearsed, str], tmp_path: Path) -> None:
    """They are encoded in the place of the seed's, and none of them is trained on."""
    own = tmp_path / "mine.jsonl"
    own.write_text("".join(f'{{"instruction": "Mine {n}: what of it?", "response": "So."}}\n' for n in range(20)))
    carried_out("codec", tmp_path / "c", wanted(finished[2], requests=str(own)))
    assert {row["instruction"][:4] for row in rows(tmp_path / "c", "like")} == {"Mine"}
    assert not any("Mine" in row["instruction"] for row in rows_of(named(tmp_path / "c")["forward-1"].path))


def test_a_finished_run_returns_at_once(finished: tuple[Path, Rehearsed, str]) -> None:
    carried_out("codec", finished[0], wanted(finished[2]), Refuses())


def test_a_wrong_path_is_told_before_anything_is_trained(finished: tuple[Path, Rehearsed, str], tmp_path: Path) -> None:
    """A minute of training is lost otherwise, on a slip of the keyboard."""
    engine = Rehearsed()
    with pytest.raises(UsageFault, match="nowhere"):
        carried_out("codec", tmp_path / "c", wanted(finished[2], requests="nowhere.jsonl"), engine)
    assert not engine.trained


@pytest.mark.parametrize(("layer", "told"), [({"seed": {"path": ""}}, "seed.path"), ({"curate": {"rounds": 0}}, "rounds")])
def test_what_is_missing_is_told_first(layer: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match=told):
        carried_out("codec", tmp_path / "c", wanted("echo", **layer))
