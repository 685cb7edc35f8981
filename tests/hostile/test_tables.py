"""Tables made to break a reader, or broken on the way: rows or drops with reasons, never an exception."""

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile.reading import outcomes, reasons, written

from humpback.corpus.documents import jsonl
from humpback.corpus.documents.files import MOST_BYTES

GOOD = {"text": "Good text"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"null", "no_text"),
        (b"5", "no_text"),
        (b'"text"', "no_text"),
        (b"[]", "no_text"),
        (b"{}", "no_text"),
        (b'{"text": null}', "no_text"),
        (b'{"text": 5}', "no_text"),
        (b'{"text": ["a"]}', "no_text"),
        (b'{"text": "  "}', "no_text"),
        (b'{"\\ud800": 1}', "no_text"),
        (b'{"text": "a"', "not_json"),
        (b"{'text': 'a'}", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b'{"id": ' + b"9" * 5000 + b"}", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"text":' * 50_000, "not_json"),
        (b'{"text": "\x00"}', "not_json"),
        (b"<html>", "not_json"),
    ],
)
def test_lines_of_wrong_shapes(tmp_path: Path, line: bytes, reason: str) -> None:
    """Each wrong line costs itself; 100,000 brackets ended the run in a RecursionError."""
    rows, drops = outcomes(written(tmp_path / "a.jsonl", line + b"\n" + json.dumps(GOOD).encode()))
    assert ([row["text"] for row in rows], [drop.reason for drop in drops]) == (["Good text"], [reason])


@pytest.mark.parametrize("key", ["id", "url", "title", "date", "license", "text", "html"])
@pytest.mark.parametrize("value", ["\ud800", "a\x00b", "\udfff" * 3])
def test_lone_surrogates_in_any_field(tmp_path: Path, key: str, value: str) -> None:
    """JSON can name half a character: in the id it ended the run, in the title it ended the writing of the shard."""
    rows, drops = outcomes(written(tmp_path / "a.jsonl", json.dumps({**GOOD, key: value}).encode()))
    assert (len(rows), drops) == (1, [])


def test_a_line_of_ten_megabytes(tmp_path: Path) -> None:
    """One line may be a book."""
    assert len(outcomes(written(tmp_path / "a.jsonl", json.dumps({"text": "word " * 2_000_000}).encode()))[0]) == 1


@pytest.mark.parametrize("cut", [20, 200, 2000])
def test_packed_lines_that_break_off(tmp_path: Path, cut: int) -> None:
    """The lines before the break are kept and the break is a drop."""
    draw = random.Random(1)
    lines = b"".join(json.dumps({"text": draw.randbytes(100).hex()}).encode() + b"\n" for _ in range(500))
    rows, drops = outcomes(written(tmp_path / "a.jsonl.gz", gzip.compress(lines, mtime=0)[:-cut]))
    assert [drop.reason for drop in drops][-1:] == ["damaged_record"]
    assert len(rows) > 300


def parquet(tmp_path: Path) -> Path:
    draw = random.Random(1)
    table = pa.table({"text": [draw.randbytes(200).hex() for _ in range(3000)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=500, use_dictionary=False)
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("cut", [1, 4, 8, 100, 10_000])
def test_parquet_that_breaks_off(tmp_path: Path, cut: int) -> None:
    """Parquet without its end cannot be read at all."""
    path = parquet(tmp_path)
    rows, drops = outcomes(written(path, path.read_bytes()[:-cut]))
    assert (rows, [drop.reason for drop in drops]) == ([], ["damaged_record"])


def test_parquet_with_a_broken_page(tmp_path: Path) -> None:
    """A fault in the middle of the data is met only when that part is read: it ended the run with a traceback."""
    path = parquet(tmp_path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300_000] = bytes(300_000)
    rows, drops = outcomes(written(path, bytes(data)))
    assert [drop.reason for drop in drops][-1:] == ["damaged_record"] or len(rows) + len(drops) == 3000


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"text": pa.array([], pa.string())}),
        pa.table({"other": [1, 2]}),
        pa.table({"text": [1, 2]}),
        pa.table({"text": [b"\xff", b"a"]}),
        pa.table({"text": [None, ""]}),
        pa.table({"text": [["a"], ["b"]]}),
        pa.table({"text": pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))}),
    ],
    ids=["empty", "other", "numbers", "bytes", "nulls", "lists", "bad utf-8"],
)
def test_parquet_of_wrong_shapes(tmp_path: Path, table: pa.Table) -> None:
    """Tables without text end in drops, and an empty one says that it is."""
    pq.write_table(table, tmp_path / "a.parquet")
    rows, drops = outcomes(tmp_path / "a.parquet")
    assert (rows, len(drops) >= 1) == ([], True)


def test_a_line_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line larger than any page is passed over in pieces, and the line after it is read."""
    monkeypatch.setattr(jsonl, "LINE_BYTES", 1000)
    data = b'{"text": "' + b"x" * 5000 + b'"}\n' + json.dumps(GOOD).encode() + b"\n" + b"y" * 3000
    rows, drops = outcomes(written(tmp_path / "a.jsonl", data))
    assert [row["text"] for row in rows] == ["Good text"]
    assert [(drop.reason, drop.value) for drop in drops] == [
        ("too_large", "a line of 5013 bytes"),
        ("too_large", "a line of 3000 bytes"),
    ]


def test_a_byte_order_mark_before_json(tmp_path: Path) -> None:
    """Editors write one, and JSON does not allow it: the first line was lost."""
    assert len(outcomes(written(tmp_path / "a.jsonl", b"\xef\xbb\xbf" + json.dumps(GOOD).encode()))[0]) == 1


def test_json_in_utf_16(tmp_path: Path) -> None:
    """Its line ends are of two bytes: each line is a reason, none is text."""
    data = (json.dumps(GOOD) + "\n").encode("utf-16") * 2
    assert set(reasons(written(tmp_path / "a.jsonl", data))) <= {"not_json"}


@pytest.mark.parametrize(
    ("data", "texts", "found"),
    [
        (b"text\n" + b"x" * 10_000_000 + b"\nb", 2, {}),
        (b"text,id\na,1,2\nb\n,\nc,3\n", 1, {"ragged_row": 2, "no_text": 1}),
        (b'text\n"never closed\na\nb\n', 1, {}),
        (b'text\na"b"\n"c"d\n', 2, {}),
        (b"text\n\x00\na\x00b\n", 2, {}),
        (b"text,text\na,b\n", 1, {}),
        (b"text\r\ra\rb\r", 2, {}),
        (b",,,\n1,2,3,4\n", 0, {"no_text": 1}),
        (b"text", 0, {"empty_source": 1}),
        (b"", 0, {"empty_source": 1}),
        ("text\nü\n".encode("utf-16")[:-1], 1, {}),
    ],
)
def test_delimited_text_of_wrong_shapes(tmp_path: Path, data: bytes, texts: int, found: dict[str, int]) -> None:
    """A field of ten megabytes, quotes left open, columns of one name, NUL bytes, half a character."""
    path = written(tmp_path / "a.csv", data)
    rows, drops = outcomes(path)
    assert (len(rows), Counter(drop.reason for drop in drops)) == (texts, found)


def test_a_field_that_is_too_large(tmp_path: Path) -> None:
    """An open quote takes the rest of the file for its field: that ends at the size of the largest page."""
    found = reasons(written(tmp_path / "a.csv", b'text\n"' + b"x\n" * (MOST_BYTES // 2 + 9)))
    assert found["not_csv"] == 1


def test_parquet_with_nested_columns(tmp_path: Path) -> None:
    """A struct called text is no text, and one beside it does no harm."""
    nested = [{"text": "a", "more": [1]}]
    pq.write_table(pa.table({"text": nested, "html": ["<h1>A</h1>"]}), tmp_path / "a.parquet")
    assert [row["html"] for row in outcomes(tmp_path / "a.parquet")[0]] == ["<h1>A</h1>"]
    pq.write_table(pa.table({"more": nested, "text": ["A"], "n.text": ["B"]}), tmp_path / "b.parquet")
    assert [row["text"] for row in outcomes(tmp_path / "b.parquet")[0]] == ["A"]


def test_a_broken_row_group_costs_only_itself(tmp_path: Path) -> None:
    """The groups after a broken one are read, and their records keep their numbers."""
    path = parquet(tmp_path)
    data, metadata = bytearray(path.read_bytes()), pq.ParquetFile(path).metadata
    begin = metadata.row_group(2).column(0).data_page_offset
    data[begin : begin + 64] = bytes(64)
    rows, drops = outcomes(written(path, bytes(data)))
    assert (len(rows), [drop.reason for drop in drops]) == (2500, ["damaged_record"])
    assert rows[-1]["url"].endswith("#record=2999")
