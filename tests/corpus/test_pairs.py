"""Files of pairs, in the shapes that other tools write."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humpback.config import Empty
from humpback.corpus.pairs import (
    ReadPairsConfig,
    SeedSettings,
    SplitConfig,
    pairs_of_file,
    read_pairs,
    seed_pairs,
    split,
)
from humpback.corpus.tables import table_sources
from humpback.errors import UsageFault
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.stage import Drop
from humpback.store import to_table

SEED = Path(__file__).parents[2] / "src" / "humpback" / "recipes" / "material" / "seed.jsonl"


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def outcomes(path: Path) -> tuple[list[Row], list[Drop]]:
    both = list(read_pairs(ReadPairsConfig(source="seed"), table_sources(str(path))))
    return [o for o in both if not isinstance(o, Drop)], [o for o in both if isinstance(o, Drop)]


@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "Q", "response": "A"},
        {"instruction": " Q ", "response": "A\n"},
        {"instruction": "Q", "input": "", "output": "A"},
        {"prompt": "Q", "completion": "A"},
        {"prompt": [{"role": "user", "content": "Q"}], "completion": [{"role": "assistant", "content": "A"}]},
        {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]},
        {
            "messages": [
                {"role": "system", "content": "S"},
                {"role": "user", "content": "Q"},
                {"role": "assistant", "content": "A"},
            ]
        },
        {
            "conversations": [
                {"from": "human", "value": "Q"},
                {"from": "gpt", "value": "A"},
                {"from": "human", "value": "Q2"},
            ]
        },
        {"conversations": ["Q", "A", "Q2", "A2"]},
    ],
)
def test_shapes(tmp_path: Path, record: dict[str, Any]) -> None:
    """Each public format gives its first exchange."""
    rows, drops = outcomes(write(tmp_path / "a.jsonl", record))
    assert ([(row["instruction"], row["response"]) for row in rows], drops) == ([("Q", "A")], [])


@pytest.mark.parametrize("speaker", ["gpt", "assistant", "model"])
def test_a_conversation_that_the_assistant_begins(tmp_path: Path, speaker: str) -> None:
    """ShareGPT has conversations that begin with an answer: question and answer came out swapped."""
    turns = [{"from": speaker, "value": "Hello"}, {"from": "human", "value": "Q"}, {"from": speaker, "value": "A"}]
    rows, _ = outcomes(write(tmp_path / "a.jsonl", {"conversations": turns}))
    assert [(row["instruction"], row["response"]) for row in rows] == [("Q", "A")]


def test_the_input_of_alpaca_belongs_to_the_question(tmp_path: Path) -> None:
    """Without its input the question has no object."""
    rows, _ = outcomes(write(tmp_path / "a.jsonl", {"instruction": "Sum up", "input": "Long text", "output": "A"}))
    assert rows[0]["instruction"] == "Sum up\n\nLong text"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (["Q", "A"], "not_json"),
        ("text", "not_json"),
        (None, "not_json"),
        ({"instruction": "Q"}, "missing_field"),
        ({"instruction": "Q", "response": 5}, "missing_field"),
        ({"question": "Q", "answer": "A"}, "missing_field"),
        ({"messages": []}, "missing_field"),
        ({"messages": [{"role": "user", "content": "Q"}]}, "missing_field"),
        ({"messages": [{"role": "user", "content": None}, {"role": "assistant", "content": "A"}]}, "missing_field"),
        ({"instruction": " ", "response": "A"}, "empty_field"),
        ({"instruction": "Q", "response": "\n"}, "empty_field"),
    ],
)
def test_what_is_no_pair_is_dropped(tmp_path: Path, record: Any, reason: str) -> None:
    """A wrong file of seed pairs must say what is wrong with each record."""
    rows, drops = outcomes(write(tmp_path / "a.jsonl", record))
    assert (rows, [drop.reason for drop in drops]) == ([], [reason])


def test_a_broken_line_costs_only_itself(tmp_path: Path) -> None:
    """One line cut off in the middle must not end the file."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"instruction": "Q", "resp\n\n{"instruction": "Q", "response": "A"}\n')
    rows, drops = outcomes(path)
    assert (len(rows), [drop.reason for drop in drops]) == (1, ["not_json"])


def test_a_pair_that_comes_twice(tmp_path: Path) -> None:
    """The same pair in train and test would make every measurement a lie."""
    rows, drops = outcomes(write(tmp_path / "a.jsonl", *[{"instruction": "Q", "response": "A"}] * 2))
    assert (len(rows), [drop.reason for drop in drops]) == (1, ["duplicate"])


def test_a_pair_that_comes_under_two_ids(tmp_path: Path) -> None:
    """Pairs were told apart by their ids where they had some: of 60 pairs, each there under two ids, 17 of 23 test pairs
    were trained on word for word."""
    pairs = [{"instruction": f"What is {i}?", "response": f"The number {i}."} for i in range(60)]
    twice = [{**pair, "id": f"{copy}-{i}"} for copy in "ab" for i, pair in enumerate(pairs)]
    rows, drops = outcomes(write(tmp_path / "a.jsonl", *twice))
    assert (len(rows), {drop.reason for drop in drops}, len(drops)) == (60, {"duplicate"}, 60)
    assert drops[0].value == rows[0]["id"]


def test_an_id_that_several_pairs_have(tmp_path: Path) -> None:
    """Some tools give all pairs one id, others number them in each file anew: two of three different pairs were dropped."""
    records = [{"id": 7, "instruction": "Q", "response": answer} for answer in ("A", "B", "C")]
    rows, drops = outcomes(write(tmp_path / "a.jsonl", *records))
    assert ([row["response"] for row in rows], drops) == (["A", "B", "C"], [])
    assert len({row["id"] for row in rows}) == 3


def test_what_the_reader_of_documents_takes(tmp_path: Path) -> None:
    """A byte-order mark cost the first pair, NaN and half a character theirs; spreadsheets give CSV."""
    path = tmp_path / "a.jsonl"
    lines = ['{"instruction": "Q1", "response": "A", "score": NaN}', '{"instruction": "Q2 \\ud83d", "response": "A"}']
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    rows, drops = outcomes(path)
    assert ([row["instruction"] for row in rows], drops) == (["Q1", "Q2 \ufffd"], [])
    table = tmp_path / "a.csv"
    table.write_text('instruction,response,label\n"Q, with a comma","A\nin lines",1\nQ2,B,bad\n', "utf-8-sig")
    rows, drops = outcomes(table)
    assert ([(row["response"], row["label"]) for row in rows], drops) == ([("A\nin lines", 1), ("B", 0)], [])


@pytest.mark.parametrize(
    ("label", "read"),
    [(1, 1), (0, 0), (1.0, 1), (True, 1), ("1", 1), (" Good", 1), ("bad", 0), ("partly", None), (2, None), (None, None)],
)
def test_labels(tmp_path: Path, label: Any, read: int | None) -> None:
    """CSV and some tools write a label as text."""
    rows, _ = outcomes(write(tmp_path / "a.jsonl", {"instruction": "Q", "response": "A", "label": label}))
    assert rows[0]["label"] == read


def test_a_pair_that_comes_in_two_files(tmp_path: Path) -> None:
    """Repeats were looked for in each file alone: two files gave two rows with one id, and the counts hid it."""
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, {"instruction": "Q", "response": "A"})
    rows, drops = outcomes(tmp_path)
    assert (len(rows), [drop.reason for drop in drops]) == (1, ["duplicate"])


def test_rights_of_a_pair(tmp_path: Path) -> None:
    """Licence and opt-outs of a page were lost where its pair was written to a file and read again."""
    record = {"instruction": "Q", "response": "A", "license": "CC-BY-4.0", "opt_out": ["noai"]}
    [row], _ = outcomes(write(tmp_path / "a.jsonl", record))
    assert (row["license"], row["opt_out"]) == ("CC-BY-4.0", ["noai"])


def test_parquet_of_pairs(tmp_path: Path) -> None:
    """Parquet with nested messages, as hubs deliver it."""
    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    pq.write_table(pa.Table.from_pylist([{"messages": turns}]), tmp_path / "a.parquet")
    rows, _ = outcomes(tmp_path / "a.parquet")
    assert [(row["instruction"], row["response"]) for row in rows] == [("Q", "A")]


def test_odd_metadata_can_be_written(tmp_path: Path) -> None:
    """A number for a language or a list for an address was kept as it was, and refused when the shard was written."""
    record = {
        "instruction": "Q",
        "response": "A",
        "lang": 5,
        "url": ["x"],
        "finish": {"a": 1},
        "header_path": [1, None],
        "id": 7,
        "label": [1],
        "license": 4.0,
        "opt_out": "noai",
    }
    rows, _ = outcomes(write(tmp_path / "a.jsonl", record))
    assert to_table(rows, PAIR).num_rows == 1


@pytest.mark.parametrize("damage", ["cut gzip", "no gzip", "no parquet", "cut parquet"])
def test_a_damaged_file_keeps_what_it_had(tmp_path: Path, damage: str) -> None:
    """A download that broke off ended in a traceback; what was read before stays and the rest is one drop."""
    import gzip
    import random

    noise = random.Random(1).randbytes(100_000).hex()
    lines = [json.dumps({"instruction": f"Q{i}", "response": noise[i * 1000 : i * 1000 + 1000]}) for i in range(200)]
    path = tmp_path / ("a.parquet" if "parquet" in damage else "a.jsonl.gz")
    if damage == "cut gzip":
        path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0)[:-9000])
    elif damage == "cut parquet":
        pq.write_table(pa.Table.from_pylist([json.loads(line) for line in lines]), path)
        path.write_bytes(path.read_bytes()[:-500])
    else:
        path.write_bytes(b"this is something else altogether")
    rows, drops = outcomes(path)
    assert [drop.reason for drop in drops] == ["damaged_record"]
    assert bool(rows) == (damage == "cut gzip")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A page given for the seed is the user's mistake and is said at once."""
    (tmp_path / "a.html").write_text("<h1>x</h1>")
    with pytest.raises(UsageFault, match="no file of pairs"):
        table_sources(str(tmp_path / "a.html"))


def test_the_seed_that_ships() -> None:
    """Every line of the demo's seed is a pair."""
    rows, drops = outcomes(SEED)
    assert (len(rows), drops) == (len(SEED.read_text().splitlines()), [])


def test_lima_is_read_whole(data: Path) -> None:
    """703 conversations of LIMA: all have a first exchange."""
    rows, drops = outcomes(data / "instructions" / "lima_train.jsonl")
    assert (len(rows), drops) == (703, [])


def pair(number: int, **more: Any) -> Row:
    row = {"id": f"r{number}", "source": "seed", "instruction": f"What is {number}?", "response": f"It is {number}."}
    return {**row, **more}


ROWS = [pair(number) for number in range(2000)]


def divided(seed: int, rows: list[Row], dev: float = 0.1, test: float = 0.2) -> tuple[list[Row], list[Drop]]:
    both = list(split(SplitConfig(dev=dev, test=test, seed=seed), rows))
    return [o for o in both if not isinstance(o, Drop)], [o for o in both if isinstance(o, Drop)]


def places(seed: int, rows: list[Row], dev: float = 0.1, test: float = 0.2) -> dict[str, str]:
    return {row["id"]: row["split"] for row in divided(seed, rows, dev, test)[0]}


def test_shares_of_the_split() -> None:
    """Hashes fall evenly: the shares come out within three points (five standard errors are 4.5 and 3.4)."""
    found = list(places(1, ROWS).values())
    assert [abs(found.count(name) / 2000 - share) < 0.03 for name, share in (("dev", 0.1), ("test", 0.2))] == [True, True]


def test_more_seed_moves_no_row() -> None:
    """A pair that was tested on must never be trained on because the seed grew."""
    few, many = places(1, ROWS[:100]), places(1, ROWS[::-1])
    assert few == {key: many[key] for key in few}


def test_another_id_moves_no_pair() -> None:
    """The split was drawn by ids where there were some: a pair under two ids was trained on and measured."""
    assert list(places(1, ROWS).values()) == list(places(1, [pair(i, id=f"other-{i}") for i in range(2000)]).values())


def test_without_ids_the_split_is_that_of_the_versions_before(tmp_path: Path) -> None:
    """There the id was the content's already: who has such a seed must not find test pairs in train after an upgrade."""
    rows, _ = outcomes(write(tmp_path / "a.jsonl", *({"instruction": f"Q{i}", "response": f"A{i}"} for i in range(30))))
    letters = "".join(place[:2] for place in places(42, rows, 0.15, 0.15).values())
    assert letters == "tetrtetetrtedetrdetetetrtrtrtetedetrtrtrtrdedetrdetetrtrtrte"


def test_no_shares_is_all_train() -> None:
    """Nought is a share."""
    assert set(places(1, ROWS, 0.0, 0.0).values()) == {"train"}


def test_what_is_nearly_a_held_out_pair_is_not_trained_on() -> None:
    """A seed holds a pair twice, with a word more: one was measured on, and the other one trained on."""
    rows = [pair(i, instruction=f"Add up {' '.join(str(i * n) for n in range(40))}") for i in range(300)]
    copies = [{**row, "id": f"copy-{row['id']}", "response": row["response"] + " Truly."} for row in rows]
    kept, drops = divided(1, [*rows, *copies])
    held = {row["id"] for row in kept if row["split"] != "train"}
    trained = {row["id"].removeprefix("copy-") for row in kept if row["split"] == "train"}
    assert not trained & {name.removeprefix("copy-") for name in held}
    assert {drop.reason for drop in drops} == {"held_out_pair"} and {drop.value for drop in drops} <= held
    assert len(kept) + len(drops) == 600 and len(drops) > 50


def test_a_seed_is_read_once_for_all_recipes(tmp_path: Path, run: Run) -> None:
    """Its pairs and its splits are found by what they are."""
    path = write(tmp_path / "a.jsonl", *({"instruction": f"Q{i}", "response": f"A{i}"} for i in range(60)))
    seed = seed_pairs(run, SeedSettings(path=str(path), dev=0.2, test=0.2), 1)
    assert (run.one(kind="seed").path, {row["split"] for row in seed.rows()}) == (seed.path, {"train", "dev", "test"})
    given = pairs_of_file(run, str(path))
    assert (run.one(kind="pairs").path, {row["source"] for row in given.rows()}) == (given.path, {"given"})


def test_a_seed_that_is_too_small(tmp_path: Path, run: Run) -> None:
    """A test split of one pair measures nothing."""
    path = write(tmp_path / "a.jsonl", *({"instruction": f"Q{i}", "response": f"A{i}"} for i in range(4)))
    with pytest.raises(UsageFault, match="the seed has 4 pairs"):
        seed_pairs(run, SeedSettings(path=str(path)), 1)


def test_a_corrected_label_is_another_file(tmp_path: Path) -> None:
    """Files of pairs were known by their edges: with a label corrected in the middle the old scores were shown."""
    lines = [{"instruction": f"Q{i}", "response": "x" * 1000, "label": 1} for i in range(3000)]
    path, prints = tmp_path / "a.jsonl", []
    for folder, label in (("one", 1), ("two", 0)):
        lines[1500]["label"] = label
        write(path, *lines)
        with Run(tmp_path / folder, "test", Empty()) as run:
            prints.append(pairs_of_file(run, str(path)).fingerprint)
    assert prints[0] != prints[1]


def test_a_moved_seed_is_the_same(tmp_path: Path) -> None:
    """Whoever moves a seed, or has it in another installation, need not train anew on it."""
    prints = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        path = write(tmp_path / folder / "a.jsonl", {"instruction": "Q", "response": "A"})
        with Run(tmp_path / f"run-{folder}", "test", Empty()) as run:
            prints.append(pairs_of_file(run, str(path)).fingerprint)
    assert prints[0] == prints[1]


def test_lists_that_a_table_holds_as_text(tmp_path: Path) -> None:
    """An opt-out in a column of text was lost, and a missing address became "nan"."""
    table = tmp_path / "a.csv"
    table.write_text('instruction,response,opt_out,header_path,license,url\nQ,A,"noai, noindex",A > B,CC-BY-4.0,\n')
    [row], _ = outcomes(table)
    assert (row["opt_out"], row["header_path"], row["url"]) == (["noai", "noindex"], ["A", "B"], None)
    [row], _ = outcomes(
        write(tmp_path / "b.jsonl", {"instruction": "Q", "response": "A", "url": float("nan"), "license": ["CC0", "MIT"]})
    )
    assert (row["url"], row["license"]) == (None, "CC0, MIT")
