"""Tables of documents: JSONL, CSV, TSV and Parquet, record by record, or the part of them that lies in a range.

A record's place is its byte offset (JSONL; after unpacking) or its number (CSV, Parquet), counted from the file's begin
whatever the range. Places make ids, and so they must not depend on how a file was cut.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from humpback.corpus.documents.encoding import decode
from humpback.corpus.documents.files import DAMAGE, MOST_BYTES, open_bytes, open_unpacked
from humpback.errors import UsageFault
from humpback.schema import Row

# Fields that a document has from a table, and what a table's columns for them are called if nobody says otherwise.
FIELDS = ("text", "html", "id", "url", "title", "date", "license")
# JSON writes a character with six at most, and most texts with few of those.
_LINE_BYTES = 2 * MOST_BYTES
_BATCH = 256
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_SAMPLE = 100
_ARROW_DAMAGE: tuple[type[Exception], ...] = (pa.ArrowException, *DAMAGE, OverflowError)
_CSV_DAMAGE: tuple[type[Exception], ...] = (csv.Error, *DAMAGE)


class Unread(NamedTuple):
    """What stands at `place` of a file and gives no record: the reason of the drop, and what was measured."""

    place: str
    reason: str
    value: Any


Found = tuple[str, Any] | Unread


def column_names(columns: Mapping[str, str]) -> dict[str, str]:
    """The column for each field; raises `UsageFault` for a field that documents do not have."""
    unknown = sorted(set(columns) - set(FIELDS))
    if unknown:
        raise UsageFault(f"a document has no field {unknown[0]!r}", f"fields: {', '.join(FIELDS)}")
    return {field: columns.get(field, field) for field in FIELDS}


def check_columns(path: str, present: Collection[str], columns: Mapping[str, str]) -> None:
    """Raise `UsageFault` if the file `path` lacks a column that the user named."""
    missing = [name for name in columns.values() if name not in present]
    if missing and present:
        raise UsageFault(f"{path} has no column {missing[0]!r}", f"it has: {', '.join(sorted(present))}")


def columns_of(source: Row) -> list[str]:
    """The columns of the table, as far as its first records show them; none if it cannot be read."""
    try:
        if source["kind"] == "parquet":
            with open_bytes(source["path"]) as file:
                return list(pq.ParquetFile(file).schema_arrow.names)
        return list(dict.fromkeys(name for record in _first(source) for name in record))
    except _ARROW_DAMAGE:
        return []


def _first(source: Row) -> Iterator[dict[str, Any]]:
    found = (item for item in READERS[source["kind"]](source, FIELDS) if not isinstance(item, Unread))
    for (_, record), _ in zip(found, range(_SAMPLE), strict=False):
        if isinstance(record, dict):
            yield record


def jsonl(source: Row, _wanted: Collection[str]) -> Iterator[Found]:
    """The lines that begin in the source's range."""
    at, end = source["start"] or 0, source["end"]
    with open_unpacked(source["path"]) as file:
        try:
            at = _line_start(file, at)
            while end is None or at < end:
                line = file.readline(_LINE_BYTES)
                size = len(line)
                if size == _LINE_BYTES and not line.endswith(b"\n"):
                    size += _rest_of_line(file)
                    yield Unread(str(at), "too_large", f"a line of {size} bytes")
                elif line.strip():
                    yield _from_line(line, at)
                elif not line:
                    return
                at += size
        except DAMAGE as error:
            yield Unread(str(at), "damaged_record", f"at byte {at}: {error}")


def _line_start(file: BinaryIO, at: int) -> int:
    """Where the first line begins that does so at byte `at` or after."""
    if not at:
        return 0
    file.seek(at - 1)
    return at - 1 + _rest_of_line(file)


def _rest_of_line(file: BinaryIO) -> int:
    size = 0
    while part := file.readline(_LINE_BYTES):
        size += len(part)
        if part.endswith(b"\n"):
            break
    return size


def _from_line(line: bytes, at: int) -> Found:
    if not at:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        return str(at), orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    # What orjson refuses and Python takes: halves of characters, large numbers, NaN.
    try:
        return str(at), json.loads(line)
    except (ValueError, RecursionError) as error:
        return Unread(str(at), "not_json", f"at byte {at}: {error}")


def parquet(source: Row, wanted: Collection[str]) -> Iterator[Found]:
    """The records of the row groups in the source's range; a group that cannot be read does not cost the others."""
    with open_bytes(source["path"]) as file:
        try:
            table = pq.ParquetFile(file)
            groups = range(table.num_row_groups)[source["start"] or 0 : source["end"]]
        except _ARROW_DAMAGE as error:
            yield Unread("0", "damaged_record", f"at byte 0: {_first_line(error)}")
            return
        number = sum(table.metadata.row_group(n).num_rows for n in range(groups.start))
        for group in groups:
            after = number + table.metadata.row_group(group).num_rows
            try:
                for record in _group(table, group, wanted):
                    yield str(number), record
                    number += 1
            except _ARROW_DAMAGE as error:
                yield Unread(f"{number}", "damaged_record", f"row group {group}, from record {number}: {_first_line(error)}")
            number = after


def _group(table: pq.ParquetFile, group: int, wanted: Collection[str]) -> Iterator[dict[str, Any]]:
    names = [name for name in table.schema_arrow.names if name in wanted]
    for batch in table.iter_batches(_BATCH, row_groups=[group], columns=names or None):
        yield from batch.to_pylist()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def row_groups(path: str, most: int) -> list[tuple[int, int]]:
    """Ranges of row groups of some `most` bytes each; a single one if the file cannot be read."""
    try:
        with open_bytes(path) as file:
            metadata = pq.ParquetFile(file).metadata
        sizes = [metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups)]
    except _ARROW_DAMAGE:
        return []
    cuts, held = [0], 0
    for n, size in enumerate(sizes):
        if held and held + size > most:
            cuts.append(n)
            held = 0
        held += size
    return list(zip(cuts, [*cuts[1:], len(sizes)], strict=True))


def delimited(source: Row, _wanted: Collection[str]) -> Iterator[Found]:
    """The records of a CSV or TSV file with a header line; a quoted field may hold line ends."""
    # The library's own limit is 128 KiB. It is one for the whole process, and a larger one does no harm.
    csv.field_size_limit(max(MOST_BYTES, csv.field_size_limit()))
    number = 0
    with open_unpacked(source["path"]) as file:
        try:
            encoding, delimiter = _dialect(file, source["path"])
            with io.TextIOWrapper(file, encoding, "replace", newline="") as text:
                reader = csv.reader(text, delimiter=delimiter)
                names = next(reader, [])
                while (found := _from_fields(reader, names, number)) is not None:
                    yield found
                    number += 1
        except _CSV_DAMAGE as error:
            yield Unread(str(number), "damaged_record", f"record {number}: {error}")


def _dialect(file: Any, path: str) -> tuple[str, str]:
    """Encoding and delimiter, by the first bytes; spreadsheets write semicolons where the comma is the decimal sign."""
    head = file.peek()
    bom = next((name for mark, name in _BOMS.items() if head.startswith(mark)), None)
    encoding = bom or decode(head)[1]
    line = head.decode(encoding, "replace").lstrip().partition("\n")[0]
    tabs = ".tsv" in path.rsplit("/", 1)[-1].lower()
    return encoding, "\t" if tabs else max(",;\t|", key=line.count)


def _from_fields(reader: Iterator[list[str]], names: list[str], number: int) -> Found | None:
    try:
        fields = next((fields for fields in reader if fields), None)
    except csv.Error as error:
        return Unread(str(number), "not_csv", f"record {number}: {error}")
    if fields is None:
        return None
    if len(fields) != len(names):
        return Unread(str(number), "ragged_row", f"record {number}: {len(fields)} fields, {len(names)} columns")
    return str(number), dict(zip(names, fields, strict=True))


READERS = {"jsonl": jsonl, "csv": delimited, "parquet": parquet}
