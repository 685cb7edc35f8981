"""The records of tables, whatever is in them: JSON, JSONL, Parquet, CSV."""

from collections.abc import Iterator
from typing import Any

from humpback.corpus.documents import csv, json, jsonl, parquet
from humpback.corpus.documents.document import Found
from humpback.corpus.inputs.sources import sources
from humpback.errors import UsageFault
from humpback.schema import Row

_READERS = {"json": json.records, "jsonl": jsonl.records, "parquet": parquet.records, "csv": csv.records}
# All columns of a table.
_ALL = frozenset[str]()


def table_sources(path: str, of: str = "pairs", fields: str = "instruction and response") -> list[Row]:
    """The file or files `of` something at `path`; raises `UsageFault` where there is none, or it is of another kind."""
    rows = sources([path], split=False, whole=True)
    for row in rows:
        if row["kind"] not in _READERS:
            raise UsageFault(f"{row['path']} is no file of {of}", f"give JSON, JSONL, Parquet or CSV with {fields}")
    return rows


def records_of(source: Row) -> Iterator[Found]:
    """The records of a table: (place, record), or `Unread` with the reason."""
    return _READERS[source["kind"]](source, _ALL)


def text_of(value: Any) -> str | None:
    """A cell as text; None where it is empty."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    # Tables write what is missing as a number that is none.
    return None if value is None or value != value or value == "" else str(value)
