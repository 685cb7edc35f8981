"""Files of outputs, annotations and prompts, as others write them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from humpback.corpus.tables import table_sources
from humpback.evaluate.preferences.files import Kind, ReadingConfig, kind_of, read
from humpback.schema import Row
from humpback.stage import Drop


def rows(path: Path, kind: Kind) -> tuple[list[Row], list[str]]:
    found = list(read(ReadingConfig(kind=kind), table_sources(str(path))))
    return [row for row in found if not isinstance(row, Drop)], [row.reason for row in found if isinstance(row, Drop)]


def write(path: Path, *records: Any) -> Path:
    lines = path.name.partition(".")[2].startswith("jsonl")
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path


VERDICT = {"instruction": "Why?", "output_1": "Because.", "generator_1": "base", "output_2": "", "generator_2": "mine",
           "annotator": "judge", "preference": 1.25}  # fmt: skip


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.json.gz"])
def test_alpaca_evals_annotations(tmp_path: Path, name: str) -> None:
    """A list in one file, as it publishes them; an empty answer is an answer, and has lost."""
    path = write(tmp_path / name, VERDICT, {**VERDICT, "instruction": "How?"})
    assert kind_of(str(path)) == "annotations"
    found, dropped = rows(path, "annotations")
    assert [row["preference"] for row in found] == [1.25, 1.25] and not dropped
    assert (found[0]["output_2"], found[0]["generator_2"], found[0]["status"]) == ("", "mine", "ok")


@pytest.mark.parametrize(("told", "preference", "status"), [
    (2, 2.0, "ok"), ("1.0000337372", 1.0000337372, "ok"), (0, 1.5, "ok"), (1.5, 1.5, "ok"), (None, None, "unreadable"),
    (float("nan"), None, "unreadable"), (3, None, "unreadable"), (-1, None, "unreadable"), ("", None, "unreadable"),
    ("first", None, "unreadable"), (0.5, None, "unreadable"),
])  # fmt: skip
def test_what_a_preference_may_be(tmp_path: Path, told: Any, preference: float | None, status: str) -> None:
    """One that is none is kept and counted: it would else make n smaller, unseen."""
    found, _ = rows(write(tmp_path / "a.json", {**VERDICT, "preference": told}), "annotations")
    assert (found[0]["preference"], found[0]["status"]) == (preference, status)


@pytest.mark.parametrize(("winner", "preference"), [
    ("model_a", 1.0), ("model_b", 2.0), ("tie", 1.5), ("tie (bothbad)", 1.5), ("both_bad", 1.5), ("tie (both bad)", 1.5),
    ("Model A", 1.0), (0, None), (None, None), ("me", None),
])  # fmt: skip
def test_an_arenas_votes(tmp_path: Path, winner: str, preference: float) -> None:
    path = write(tmp_path / "a.jsonl", {"question": "Why?", "model_a": "x", "model_b": "y", "winner": winner, "judge": "me"})
    assert kind_of(str(path)) == "annotations"
    found, _ = rows(path, "annotations")
    assert found[0]["preference"] == preference and found[0]["annotator"] == "me"
    assert (found[0]["generator_1"], found[0]["generator_2"], found[0]["output_1"]) == ("x", "y", None)


def test_slots_are_no_names(tmp_path: Path) -> None:
    """Two models told apart by their place alone cannot be told apart in a table of several files."""
    path = write(tmp_path / "a.json", {"instruction": "Why?", "output_1": "a", "output_2": "b", "preference": 2})
    assert rows(path, "annotations") == ([], ["no_model_named"])


def test_outputs(tmp_path: Path) -> None:
    """Of AlpacaEval, and of whoever has pairs; a model without a name is called by its file."""
    path = write(
        tmp_path / "mine.json", {"instruction": "Why?", "output": "", "generator": "m", "dataset": "d"},
        {"instruction": "Sum up.", "input": "A long text.", "output": "Short."}, {"prompt": "How?", "completion": "So."},
        {"output": "to nothing"}, [1],
    )  # fmt: skip
    assert kind_of(str(path)) == "outputs"
    found, dropped = rows(path, "outputs")
    assert [(row["instruction"], row["output"], row["generator"]) for row in found] == [
        ("Why?", "", "m"), ("Sum up.\n\nA long text.", "Short.", "mine"), ("How?", "So.", "mine"),
    ]  # fmt: skip
    assert dropped == ["missing_field", "missing_field"]


def test_a_prompt_that_comes_twice_is_two(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"prompt": "Why?"}, {"instruction": "Why?"}, {"question": "How?"}, {"answer": "So."})
    assert kind_of(str(path)) == "prompts"
    found, dropped = rows(path, "prompts")
    assert [row["instruction"] for row in found] == ["Why?", "Why?", "How?"] and dropped == ["missing_field"]
    assert len({row["id"] for row in found}) == 3


@pytest.mark.parametrize(("told", "preference"), [
    ({"winner_model_a": 0, "winner_model_b": 1, "winner_tie": 0}, 2.0),
    ({"winner_model_a": 0, "winner_model_b": 0, "winner_tie": 1}, 1.5),
    ({"winner_model_a": 1, "winner_model_b": 1, "winner_tie": 0}, None),
    ({"g1_winner": "model_1", "g2_winner": "model_1"}, 1.0),
    ({"g1_winner": "model_1", "g2_winner": "model_2"}, 1.5), ({"g1_winner": "model_2", "g2_winner": "error"}, None),
    ({"preference": None, "winner": "model_b"}, 2.0),
])  # fmt: skip
def test_other_shapes_of_votes(tmp_path: Path, told: dict[str, Any], preference: float | None) -> None:
    """A column for each outcome, and two games with the places exchanged: they were taken for prompts."""
    path = write(tmp_path / "a.jsonl", {"prompt": "Why?", "model_a": "x", "model_b": "y", **told})
    assert kind_of(str(path)) == "annotations"
    assert rows(path, "annotations")[0][0]["preference"] == preference


def test_what_was_asked_in_a_conversation(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    vote = {"model_a": "x", "model_b": "y", "winner": "model_a", "conversation_a": talk, "conversation_b": talk}
    [row] = rows(write(tmp_path / "a.jsonl", vote), "annotations")[0]
    assert (row["instruction"], row["output_1"]) == ("Why?", "So.")


def test_what_a_request_is_about_is_part_of_it(tmp_path: Path) -> None:
    """Of a prompt, an answer and an empty answer alike: else the same prompt is three, and models are asked a half of it."""
    record = {"instruction": "Translate.", "input": "Bonjour"}
    path = write(tmp_path / "a.json", {**record, "output": ""}, {**record, "output": "Hello"})
    assert {row["instruction"] for row in rows(path, "outputs")[0]} == {"Translate.\n\nBonjour"}
    assert rows(write(tmp_path / "b.json", record), "prompts")[0][0]["instruction"] == "Translate.\n\nBonjour"


def test_other_answers_are_other_rows(tmp_path: Path) -> None:
    """What people said of an answer must not be counted for one that came later under the same name."""
    said = [{"instruction": "Why?", "output": text, "generator": "m"} for text in ("old", "new", "new")]
    ids = [rows(write(tmp_path / f"{i}.json", each), "outputs")[0][0]["id"] for i, each in enumerate(said)]
    assert ids[0] != ids[1] == ids[2]
