"""Lists of records in one file, as data sets for tuning and evaluation are published."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from humpback.corpus.documents.document import Unread
from humpback.corpus.documents.json import records
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.stage import Drop

TWO = [{"text": "one", "url": "https://a.example/1"}, {"text": "two"}]


def found(path: Path) -> list[Any]:
    return [
        item if isinstance(item, Unread) else item[1]
        for item in records({"path": str(path), "start": None, "end": None}, frozenset())
    ]


@pytest.mark.parametrize(("text", "wanted"), [
    (json.dumps(TWO), TWO), (json.dumps({"data": TWO}), TWO), (json.dumps(TWO[0]), TWO[:1]),
    ("\ufeff" + json.dumps(TWO), TWO),
    ("\n".join(map(json.dumps, TWO)), TWO), ('[{"a": 1}, 2, null]', [{"a": 1}, 2, None]), ("[]", []),
])  # fmt: skip
def test_what_stands_in_a_file(tmp_path: Path, text: str, wanted: list[Any]) -> None:
    """A list, one record, an object that holds one list, or a record on each line under the wrong ending."""
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert found(tmp_path / "a.json") == wanted


def test_not_a_number_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"a": NaN, "b": 1}]')
    assert found(tmp_path / "a.json")[0]["b"] == 1


@pytest.mark.parametrize("text", ["no json", "[1, 2", "{", "[" * 100_000])
def test_what_is_no_json_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert [type(item) for item in found(tmp_path / "a.json")] == [Unread]


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(json.dumps(TWO).encode(), mtime=0)[:-12])
    [item] = found(tmp_path / "a.json.gz")
    assert isinstance(item, Unread) and item.reason == "damaged_record"


def test_its_records_are_documents(tmp_path: Path) -> None:
    """What has no address has the file's, and its number."""
    (tmp_path / "pages.json").write_text(json.dumps([*TWO, {"nothing": 1}]))
    rows = list(read(DocumentsConfig(), sources([str(tmp_path)])))
    made = [row for row in rows if not isinstance(row, Drop)]
    assert [row["text"] for row in made] == ["one", "two"] and made[1]["url"].endswith("pages.json#record=1")
    assert [row.reason for row in rows if isinstance(row, Drop)] == ["no_text"]
