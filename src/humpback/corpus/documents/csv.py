"""Delimited text with a header line: CSV and TSV in their dialects. A record's place is its number."""

import csv
import io
from collections.abc import Collection, Iterator
from typing import Any

from humpback.corpus.documents.document import Found, Unread
from humpback.corpus.documents.encoding import decode
from humpback.corpus.documents.files import DAMAGE, MOST_BYTES, open_unpacked
from humpback.corpus.documents.formats import TEXT_PACKINGS, Format
from humpback.corpus.documents.tables import first_columns, reader
from humpback.schema import Row

_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CSV_DAMAGE: tuple[type[Exception], ...] = (csv.Error, *DAMAGE)


def records(source: Row, _wanted: Collection[str]) -> Iterator[Found]:
    """The records of the file; a quoted field may hold line ends."""
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


FORMAT = Format(
    reader(records),
    endings=(".csv", ".tsv"),
    packings=TEXT_PACKINGS,
    columns=first_columns(records),
)
