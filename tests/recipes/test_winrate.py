"""Win rates end to end: files of outputs and models that answer, a judge that is a fake, and published annotations."""

import json
from pathlib import Path
from typing import Any

import pytest
from recipes.effects import compared
from rehearsed import Refuses, carried_out, rows

from humpback.config import build
from humpback.errors import UsageFault
from humpback.exports import writer
from humpback.recipes.verbs import winrate
from humpback.report import show
from humpback.schema import VERDICT, Row

PAIRS = [{"instruction": f"How do I clean the {i}th kettle?", "response": "Rinse it."} for i in range(12)]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    made = {name: tmp_path / f"{name}.json" for name in compared(PAIRS)}
    for name, path in made.items():
        path.write_text(json.dumps(compared(PAIRS)[name]))
    return {name: str(path) for name, path in made.items()}


def rates(folder: Path) -> dict[tuple[str, str, str], Row]:
    return {(row["metric"], row["model"], row["part"]): row for row in rows(folder, "win-rates")}


def test_models_and_files_are_judged_against_one_reference(tmp_path: Path, files: dict[str, str]) -> None:
    """Models that answer the prompts, and outputs that somebody brings: judged alike, and compared with each other."""
    given = {"answers": [files["outputs"], "echo"], "against": files["against"], "prompts": files["prompts"], "lm": "echo"}
    carried_out("winrate", tmp_path / "run", given)
    found = rates(tmp_path / "run")
    assert {model for _, model, _ in found} == {"outputs", "echo"}
    for model in ("outputs", "echo"):
        row = found["win_rate", model, "raw"]
        assert (row["against"], row["judge"], row["n"]) == ("against", "echo, labels", 12) and 0 < row["value"] < 1
    change = found["win_rate_change", "echo", "against"]
    assert change["against"] == "outputs" and change["n"] == 12
    raw = [found["win_rate", model, "raw"]["value"] for model in ("outputs", "echo")]
    assert change["value"] == pytest.approx(raw[1] - raw[0])
    # Again, and nobody is asked.
    carried_out("winrate", tmp_path / "run", given, Refuses())


def test_the_verdicts_come_in_again_as_annotations(tmp_path: Path, files: dict[str, str], capsys: Any) -> None:
    """What is written for others is what is read from them: the rates are the same."""
    given = {"answers": [files["outputs"]], "against": files["against"], "lm": "echo"}
    carried_out("winrate", tmp_path / "run", given)
    out = tmp_path / "annotations.json"
    assert writer(out)(rows(tmp_path / "run", "verdicts"), VERDICT) == 12
    carried_out("winrate", tmp_path / "again", {"answers": [str(out)]})
    first, second = rates(tmp_path / "run"), rates(tmp_path / "again")
    key = ("win_rate", "outputs", "raw")
    assert [first[key][name] for name in ("value", "se", "n")] == [second[key][name] for name in ("value", "se", "n")]
    show(tmp_path / "again")
    assert "Win rates" in capsys.readouterr().out


def test_annotations_are_printed_without_a_folder(files: dict[str, str]) -> None:
    text = "\n".join(winrate.printed(build(winrate.Settings, [{"answers": [files["annotations"]]}])) or ())
    assert "Win rates" in text and "against" in text and " z" in text
    assert winrate.printed(build(winrate.Settings, [{"answers": [files["outputs"]]}])) is None


@pytest.mark.parametrize(("given", "said"), [
    ({"answers": ["prompts"]}, "holds prompts, and nobody's answers"),
    ({"answers": ["outputs"]}, "is compared with nothing"),
    ({"answers": ["outputs"], "against": "outputs", "lm": "echo"}, "is compared with itself"),
    ({"answers": ["outputs"], "against": "against"}, "nobody judges"),
    ({"answers": ["annotations"], "difficulty": "prompts"}, "is no table of difficulties"),
])  # fmt: skip
def test_what_is_lacking_is_said_before_anybody_is_asked(
    tmp_path: Path, files: dict[str, str], given: dict[str, Any], said: str
) -> None:
    named_ = {
        name: [files[each] for each in value] if isinstance(value, list) else files.get(value, value)
        for name, value in given.items()
    }
    with pytest.raises(UsageFault, match=said):
        carried_out("winrate", tmp_path / "run", named_, Refuses() if "difficulty" not in given else None)


@pytest.mark.parametrize("text", ["", "[]", "no json", "[1, 2]"])
def test_a_file_without_a_record_is_said_to_have_none(tmp_path: Path, text: str) -> None:
    """It was taken for one of prompts, and whoever gave it was told to name a folder."""
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UsageFault, match="holds no record that can be read"):
        winrate.printed(build(winrate.Settings, [{"answers": [str(tmp_path / "a.json")]}]))


def test_difficulties_are_of_their_own_prompts(tmp_path: Path, files: dict[str, str]) -> None:
    """The table of AlpacaEval's 805 prompts says nothing of twelve others."""
    few = tmp_path / "few.json"
    few.write_text(json.dumps(compared(PAIRS)["difficulty"][:5]))
    with pytest.raises(UsageFault, match="difficulties of 5 prompts, and 12 verdicts on y"):
        carried_out("winrate", tmp_path / "run", {"answers": [files["annotations"]], "difficulty": str(few)})


def test_the_published_rate_of_humpback_70b(tmp_path: Path, data: Path) -> None:
    """AlpacaEval 2, GPT-4 Turbo's annotations: 10.12 +- 0.94, 77 won, 727 lost, 1 drawn, 9.627 in whole wins."""
    path = data / "alpaca_eval" / "humpback-llama2-70b.annotations.json.gz"
    carried_out("winrate", tmp_path / "run", {"answers": [str(path)]}, None)
    found = rates(tmp_path / "run")
    raw = found["win_rate", "humpback-llama2-70b", "raw"]
    assert 100 * raw["value"] == pytest.approx(10.121771502645965, abs=1e-12)
    assert 100 * raw["se"] == pytest.approx(0.9401806122130112, abs=1e-12)
    assert 100 * found["win_rate", "humpback-llama2-70b", "whole wins"]["value"] == pytest.approx(9.627329192546584)
    parts = ("won", "lost", "drawn", "without")
    assert [found["verdicts", "humpback-llama2-70b", part]["value"] for part in parts] == [77, 727, 1, 0]
