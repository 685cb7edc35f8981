"""Tables record by record: delimited text in all its dialects, and columns under other names."""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humpback.corpus.documents.parquet import row_groups
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.stage import Drop


def outcomes(path: Path, **columns: str) -> tuple[list[Row], list[Drop]]:
    both = list(read(DocumentsConfig(columns=columns), sources([str(path)], columns)))
    return [o for o in both if not isinstance(o, Drop)], [o for o in both if isinstance(o, Drop)]


def texts(path: Path) -> list[str]:
    rows, drops = outcomes(path)
    assert drops == []
    return [row["text"] for row in rows]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"id,text\n1,One\n2,Two\n"),
        ("a.csv", b"id;text\r\n1;One\r\n\r\n2;Two"),
        ("a.tsv", b"id\ttext\n1\tOne\n2\tTwo\n"),
        ("a.csv.gz", gzip.compress(b'id,text\n1,"One"\n2,"Two"\n', mtime=0)),
        ("a.csv", b"\xef\xbb\xbftext\nOne\nTwo\n"),
        ("a.csv", "text,b\nOne,ü\nTwo,ö\n".encode("utf-16")),
        ("a.csv", b"\xfe\xff" + "text,b\nOne,ü\nTwo,ö\n".encode("utf-16-be")),
    ],
)
def test_dialects(tmp_path: Path, name: str, data: bytes) -> None:
    """Spreadsheets write semicolons, byte order marks and UTF-16; a mark in the first name would hide the column."""
    (tmp_path / name).write_bytes(data)
    assert texts(tmp_path / name) == ["One", "Two"]


def test_fields_with_line_ends(tmp_path: Path) -> None:
    """A quoted field holds lines, quotes and delimiters; a page in a table has all of them."""
    (tmp_path / "a.csv").write_text('url,html\nhttps://a.example,"<p>a, ""b""\nc</p>"\n', encoding="utf-8")
    rows, _ = outcomes(tmp_path / "a.csv")
    assert [(row["url"], row["html"]) for row in rows] == [("https://a.example", '<p>a, "b"\nc</p>')]


def test_delimited_text_in_an_old_encoding(tmp_path: Path) -> None:
    """A table of windows-1252 is told apart by its bytes."""
    (tmp_path / "a.csv").write_bytes("text\nDie Größe der Brücke über den Fluß wächst für alle\n".encode("cp1252"))
    assert texts(tmp_path / "a.csv") == ["Die Größe der Brücke über den Fluß wächst für alle"]


def test_rows_that_do_not_fit_their_header(tmp_path: Path) -> None:
    """A stray delimiter moves every field after it: the row is not read wrongly, and the next one is read."""
    (tmp_path / "a.csv").write_text("id,text\n1\n2,Two,x\n3,Three\n", encoding="utf-8")
    rows, drops = outcomes(tmp_path / "a.csv")
    assert [row["text"] for row in rows] == ["Three"]
    assert [(drop.reason, drop.value) for drop in drops] == [
        ("ragged_row", "record 0: 1 fields, 2 columns"),
        ("ragged_row", "record 1: 3 fields, 2 columns"),
    ]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    elif path.suffix == ".csv":
        lines = [",".join(records[0]), *(",".join(map(str, record.values())) for record in records)]
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_columns_by_name(tmp_path: Path, ending: str) -> None:
    """The same three words for three kinds of table."""
    path = write(tmp_path / f"a.{ending}", [{"n": 1, "content": "One", "link": "https://a.example"}])
    rows, _ = outcomes(path, text="content", url="link", id="n")
    assert [(row["text"], row["url"]) for row in rows] == [("One", "https://a.example")]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_column_that_is_not_there(tmp_path: Path, ending: str) -> None:
    """A mistyped column is told before anything is read, with those that there are."""
    path = write(tmp_path / f"a.{ending}", [{"content": "One", "link": "x"}])
    with pytest.raises(UsageFault) as fault:
        sources([str(path)], {"text": "contents"})
    assert (fault.value.fact, fault.value.hint) == (f"{path} has no column 'contents'", "it has: content, link")


def test_a_field_that_documents_do_not_have(tmp_path: Path) -> None:
    """The names the other way round are the likeliest slip."""
    with pytest.raises(UsageFault, match="no field 'content'"):
        sources([str(write(tmp_path / "a.jsonl", [{"content": "One"}]))], {"content": "text"})


def test_a_column_that_only_some_lines_have(tmp_path: Path) -> None:
    """Lines leave out what they have not: one of the first hundred with the column is enough."""
    path = write(tmp_path / "a.jsonl", [{"content": "One"}, {"content": "Two", "link": "https://a.example"}])
    rows, drops = outcomes(path, text="content", url="link")
    assert ([row["url"] for row in rows], drops) == ([f"{path}#byte=0", "https://a.example"], [])


def test_row_groups_are_put_together(tmp_path: Path) -> None:
    """Small groups share a range; none is left out."""
    pq.write_table(pa.table({"text": ["x" * 99] * 100}), tmp_path / "a.parquet", row_group_size=10, use_dictionary=False)
    cuts = row_groups(str(tmp_path / "a.parquet"), 0, 3000)
    assert (cuts[0][0], cuts[-1][1]) == (0, 10)
    assert all(before[1] == after[0] for before, after in pairwise(cuts))
    assert 3 < len(cuts) < 10
