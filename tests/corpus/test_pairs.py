"""Files of pairs, in the shapes that other tools write."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humpback.corpus.pairs import pair_sources, read_pairs, split
from humpback.errors import UsageFault
from humpback.schema import PAIR, Row
from humpback.stage import Drop
from humpback.store import to_table

SEED = Path(__file__).parents[2] / "src" / "humpback" / "recipes" / "material" / "seed.jsonl"


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def outcomes(path: Path) -> tuple[list[Row], list[Drop]]:
    both = list(read_pairs("seed", pair_sources(str(path))))
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
    assert (len(rows), [drop.reason for drop in drops]) == (1, ["duplicate_id"])


def test_a_pair_that_comes_in_two_files(tmp_path: Path) -> None:
    """Repeats were looked for in each file alone: two files gave two rows with one id, and the counts hid it."""
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, {"instruction": "Q", "response": "A"})
    rows, drops = outcomes(tmp_path)
    assert (len(rows), [drop.reason for drop in drops]) == (1, ["duplicate_id"])


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
        path.write_bytes(gzip.compress("\n".join(lines).encode())[:-9000])
    elif damage == "cut parquet":
        pq.write_table(pa.Table.from_pylist([json.loads(line) for line in lines]), path)
        path.write_bytes(path.read_bytes()[:-500])
    else:
        path.write_bytes(b"this is something else altogether")
    rows, drops = outcomes(path)
    assert [drop.reason for drop in drops] == ["not_json"]
    assert bool(rows) == (damage == "cut gzip")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A page given for the seed is the user's mistake and is said at once."""
    (tmp_path / "a.html").write_text("<h1>x</h1>")
    with pytest.raises(UsageFault, match="no file of pairs"):
        pair_sources(str(tmp_path / "a.html"))


def test_the_seed_that_ships() -> None:
    """Every line of the demo's seed is a pair."""
    rows, drops = outcomes(SEED)
    assert (len(rows), drops) == (len(SEED.read_text().splitlines()), [])


def test_lima_is_read_whole(data: Path) -> None:
    """703 conversations of LIMA: all have a first exchange."""
    rows, drops = outcomes(data / "instructions" / "lima_train.jsonl")
    assert (len(rows), drops) == (703, [])


ROWS: list[Row] = [{"id": f"r{i}"} for i in range(2000)]


def places(seed: int, rows: list[Row]) -> dict[str, str]:
    return {row["id"]: row["split"] for row in split(0.1, 0.2, seed, rows) if not isinstance(row, Drop)}


def test_shares_of_the_split() -> None:
    """Hashes fall evenly: the shares come out within three points (five standard errors are 4.5 and 3.4)."""
    found = list(places(1, ROWS).values())
    assert [abs(found.count(name) / 2000 - share) < 0.03 for name, share in (("dev", 0.1), ("test", 0.2))] == [True, True]


def test_more_seed_moves_no_row() -> None:
    """A pair that was tested on must never be trained on because the seed grew."""
    few, many = places(1, ROWS[:100]), places(1, ROWS[::-1])
    assert few == {key: many[key] for key in few}


def test_no_shares_is_all_train() -> None:
    """Nought is a share."""
    assert {row["split"] for row in split(0.0, 0.0, 1, ROWS) if not isinstance(row, Drop)} == {"train"}
