"""Formats that trainers read."""

import json
from pathlib import Path

import pyarrow.json as pj
import pyarrow.parquet as pq
import pytest
from made import TestSettings, rows_in

from humpback import exports
from humpback.config import Empty
from humpback.curate import scorers
from humpback.engine import Hands
from humpback.errors import UsageFault
from humpback.exports import export, formats, writer
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT, VERDICT, Row

SEED = {"id": "s", "parent": "f", "instruction": "Seed?", "response": "Seed.", "source": "seed", "split": "train"}
WEB = {
    "id": "w",
    "parent": "g",
    "instruction": "Web?",
    "response": "Line 1\nÜ",
    "source": "web",
    "url": "https://a.example",
    "gain": 0.5,
    "license": "CC-BY-4.0",
    "opt_out": ["noindex"],
}


def nothing(config: Empty, folder: Path, hands: Hands) -> None:
    """A training that makes no model."""


def finished(folder: Path, *rounds: list[Row], trained: int) -> Path:
    """A run that selected in rounds, and trained on the first of them. Its folders have names that say nothing."""
    with Run(folder, "t", TestSettings()) as run:
        rows_in(run, [SEED, {**SEED, "id": "held", "split": "test"}], PAIR, "a", kind="seed")
        run.step("b", nothing, Empty(), kind="model", role="forward", model="M_0", round=0)
        for number, rows in enumerate(rounds, start=1):
            rows_in(run, rows, scorers.schema(), "c", kind="selected", round=number)
            if number <= trained:
                run.step("b", nothing, Empty(), kind="model", role="forward", model=f"M_{number}", round=number)
    return folder


@pytest.fixture
def done(tmp_path: Path) -> Path:
    return finished(tmp_path / "run", [{**WEB, "id": "old"}], [WEB], trained=2)


@pytest.mark.parametrize("format_", ["messages", "prompt-completion", "alpaca", "sharegpt"])
def test_the_last_round_is_written_with_where_each_row_came_from(done: Path, tmp_path: Path, format_: str) -> None:
    """A data set without its sources cannot be checked, licensed or withdrawn."""
    assert export(done, format_, tmp_path / "out.jsonl", seed=False) == 1
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert (row["id"], row["url"], row["license"]) == ("w", "https://a.example", "CC-BY-4.0")
    assert "Web?" in json.dumps(row) and "Ü" in (tmp_path / "out.jsonl").read_text()


def test_the_seed_goes_first_and_without_what_was_held_out(done: Path, tmp_path: Path) -> None:
    """Held-out pairs that leave with the training data come back as contamination."""
    export(done, "alpaca", tmp_path / "out.parquet", seed=True)
    assert [row["instruction"] for row in pq.read_table(tmp_path / "out.parquet").to_pylist()] == ["Seed?", "Web?"]


@pytest.mark.parametrize(("format_", "name"), [("nonsense", "a.jsonl"), ("alpaca", "a.csv")])
def test_unknown_formats_and_endings_are_refused(done: Path, tmp_path: Path, format_: str, name: str) -> None:
    """A file in a guessed format fails in somebody else's trainer."""
    with pytest.raises(UsageFault):
        export(done, format_, tmp_path / name, seed=False)


def test_a_run_without_selection_says_so(tmp_path: Path) -> None:
    """An empty file looks like a run that kept nothing."""
    with pytest.raises(UsageFault, match="no selected pairs"):
        export(tmp_path, "alpaca", tmp_path / "a.jsonl", seed=False)


@pytest.mark.parametrize("name", ["rows.jsonl", "deep/rows.parquet"])
def test_rows_are_written_as_they_come(tmp_path: Path, name: str) -> None:
    """A million segments must not be held to be written."""
    rows = ({"id": str(i), "parent": "p", "text": "ü", "flags": ["a"]} for i in range(20_001))
    assert writer(tmp_path / name)(rows, SEGMENT) == 20_001
    table = pj.read_json(tmp_path / name) if name.endswith("l") else pq.read_table(tmp_path / name)
    assert table.num_rows == 20_001 and table["flags"][-1].as_py() == ["a"] and table["text"][0].as_py() == "ü"
    assert [p.name for p in (tmp_path / name).parent.iterdir()] == [Path(name).name]


@pytest.mark.parametrize(("trained", "wanted"), [(2, "w"), (1, "old"), (0, "w")])
def test_the_last_selection_that_was_trained_on(tmp_path: Path, trained: int, wanted: str) -> None:
    """A round that was selected and then not trained on is no result; of a run without models it is the last there is."""
    run = finished(tmp_path / "run", [{**WEB, "id": "old"}], [WEB], trained=trained)
    export(run, "alpaca", tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["id"] == wanted


@pytest.mark.parametrize(
    ("licenses", "opt_out", "wanted"),
    [
        ((), True, ["by", "nc", "none", "out", "address"]),
        ((), False, ["by", "nc", "none", "address"]),
        (("CC*",), True, ["by", "nc", "out"]),
        (("cc-by-[0-9]*",), False, ["by"]),
        (("CC0*", "https://*"), True, ["address"]),
    ],
)
def test_pairs_by_their_rights(tmp_path: Path, licenses: tuple[str, ...], opt_out: bool, wanted: list[str]) -> None:
    """What a page says of its reuse was lost on the way, so that nobody could keep to it in what is given on."""
    said = {
        "by": "CC-BY-4.0",
        "nc": "CC-BY-NC-4.0",
        "none": None,
        "out": "CC-BY-4.0",
        "address": "https://a.example/license",
    }
    rows = [{**WEB, "id": name, "license": license} for name, license in said.items()]
    rows[3]["opt_out"] = ["noai", "noindex"]
    run = finished(tmp_path / "run", rows, trained=1)
    assert export(run, "messages", tmp_path / "out.jsonl", licenses=licenses, opt_out=opt_out) == len(wanted)
    assert [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == wanted


def test_a_filter_that_leaves_nothing(done: Path, tmp_path: Path) -> None:
    """An empty file would be taken for the answer."""
    with pytest.raises(UsageFault, match="none of 1 pairs") as refused:
        export(done, "messages", tmp_path / "out.jsonl", licenses=("CC0*",))
    assert "CC-BY-4.0" in refused.value.hint and not (tmp_path / "out.jsonl").exists()


def test_a_format_is_one_file(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name stood in a list, its form in a table, and both had to be edited."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "two_columns.py").write_text(
        "def shape(row):\n    return {'question': row['instruction'], 'answer': row['response']}\n"
    )
    monkeypatch.setattr(exports, "__path__", [*exports.__path__, str(tmp_path / "more")])
    assert "two-columns" in formats()
    export(done, "two-columns", tmp_path / "out.parquet")
    [row] = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert (row["question"], row["opt_out"]) == ("Web?", ["noindex"])


def test_a_column_that_is_empty_in_the_beginning(tmp_path: Path) -> None:
    """`datasets` takes the types of the first block: 5,000 seed rows without an address before one that has one, and the
    file could not be read."""
    datasets = pytest.importorskip("datasets")
    rows = [{**SEED, "id": f"s{i}", "response": "A sentence that is long enough. " * 20} for i in range(400)]
    run = tmp_path / "run"
    with Run(run, "t", TestSettings()) as opened:
        rows_in(opened, rows, PAIR, "a", kind="seed")
        rows_in(opened, [WEB], scorers.schema(), "c", kind="selected", round=1)
    out = tmp_path / "out.jsonl"
    assert export(run, "messages", out, seed=True) == 401
    first, *others = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    assert (first, others) == ("s0", ["w", *(f"s{i}" for i in range(1, 400))])
    for size in (16 << 10, 10 << 20):
        read = datasets.load_dataset(
            "json", data_files=str(out), split="train", chunksize=size, cache_dir=str(tmp_path / f"cache{size}")
        )
        assert (len(read), read[1]["url"], read[1]["opt_out"]) == (401, "https://a.example", ["noindex"])


def test_rewrites_and_verdicts_as_preferences(tmp_path: Path) -> None:
    """The better answer first; what is a draw, or was not rewritten, teaches nothing."""
    row = {"instruction": "Why?", "draft": "old", "response": "new", "answered": "rewritten"}
    rows = [{**row, "id": "a"}, {**row, "id": "b", "answered": "facts", "draft": None}]
    told = {"instruction": "How?", "output_1": "one", "output_2": "two", "annotator": "judge", "status": "ok"}
    verdicts = [{**told, "id": str(i), "preference": p} for i, p in enumerate((2.0, 1.0, 1.5, 1.55, None))]
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        rows_in(run, rows, PAIR, "rewritten", kind="rewrites", by="rewritten")
        rows_in(run, verdicts, VERDICT, "verdicts", kind="verdicts")
    assert export(tmp_path / "run", "preference", tmp_path / "out.jsonl") == 3
    made = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    said = [(row["chosen"][0]["content"], row["rejected"][0]["content"], row["by"]) for row in made]
    assert sorted(said) == [("new", "old", "rewriting"), ("one", "two", "judge"), ("two", "one", "judge")]
    assert made[0]["prompt"][0]["role"] == "user"


def test_the_best_and_the_worst_instruction_of_a_text(tmp_path: Path) -> None:
    """For a backward model: by what selected, and only of texts that have several."""
    gains = {"x": (0.1, 0.9, 0.5), "y": (0.3,), "z": (0.2, 0.2)}
    rows = [
        {"id": f"{text}{i}", "instruction": f"{text}{i}?", "response": text, "gain": gain}
        for text, own in gains.items()
        for i, gain in enumerate(own)
    ]
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        rows_in(run, rows, scorers.schema(), "scored", kind="scored", round=1)
        rows_in(run, rows[:1], scorers.schema(), "selected", kind="selected", round=1, by="gain")
    assert export(tmp_path / "run", "preference-backward", tmp_path / "out.jsonl") == 1
    made = json.loads((tmp_path / "out.jsonl").read_text())
    assert [made[name][0]["content"] for name in ("prompt", "chosen", "rejected")] == ["x", "x1?", "x0?"]


def test_preferences_load_in_the_trainers_own_reader(tmp_path: Path) -> None:
    """TRL's: what it takes for conversational preference data, prompt and all."""
    trl = pytest.importorskip("trl.data_utils")
    row = {"id": "a", "instruction": "Why?", "draft": "old", "response": "new", "answered": "rewritten"}
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        rows_in(run, [row], PAIR, "rewritten", kind="rewrites", by="rewritten")
    export(tmp_path / "run", "preference", tmp_path / "out.jsonl")
    made = json.loads((tmp_path / "out.jsonl").read_text())
    assert trl.is_conversational(made)
    assert {"prompt", "chosen", "rejected"} <= set(trl.maybe_extract_prompt(made))
