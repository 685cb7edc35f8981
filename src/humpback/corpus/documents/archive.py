"""Web archives: the pages among their records. Other responses, requests and damage are drops."""

import io
from collections.abc import Iterator, Mapping
from itertools import islice

from humpback.corpus.documents.document import page
from humpback.corpus.documents.files import MOST_BYTES, open_bytes
from humpback.corpus.documents.formats import Format, byte_ranges
from humpback.corpus.documents.http import binary_type, parse, unpacked
from humpback.corpus.documents.records import Damaged, Record, records
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome

HTML_TYPES = ("text/html", "application/xhtml+xml")


def read(source: Row, _: Mapping[str, str]) -> Iterator[Outcome]:
    """A document for each page whose record begins in the source's range."""
    name = source["path"].rsplit("/", 1)[-1]
    with open_bytes(source["path"]) as file:
        places: dict[type, tuple[int, int]] = {}
        for item in records(file, source["start"] or 0, source["end"]):
            # A member may hold several records, which all have its offset.
            offset, ordinal = places.get(type(item), (-1, 0))
            ordinal = ordinal + 1 if offset == item.offset else 0
            places[type(item)] = item.offset, ordinal
            place = f"@{item.offset} damaged" if isinstance(item, Damaged) else f"@{item.offset}"
            row = {"id": row_id(source["file"], place, ordinal), "parent": source["file"]}
            if isinstance(item, Damaged):
                yield Drop(row, "damaged_record", f"at byte {item.offset}: {item.error}")
            else:
                yield _from_record({**row, "url": item.url}, item, name)


def _from_record(row: Row, record: Record, archive: str) -> Outcome:
    if record.kind != "response":
        return Drop(row, "not_a_response", record.kind)
    if record.size and not record.content:
        return Drop(row, "too_large", record.size)
    message = parse(record.content) if record.is_http else None
    if message is None:
        return Drop(row, "not_http", None)
    if message.status not in (200, 203):
        return Drop(row, "status", message.status)
    if message.type and message.type not in HTML_TYPES:
        return Drop(row, "not_html", message.type)
    try:
        body = unpacked(message, MOST_BYTES + 1)
    except ValueError as error:
        return Drop(row, "damaged_record", f"at byte {record.offset}: {error}")
    return page({**row, "warc": archive, "offset": record.offset, "date": record.date}, body, message)


def _begins(head: bytes) -> bool:
    # A book may quote an archive.
    packed = binary_type(head) in (None, "application/gzip") and not head.startswith(b"PAR1")
    return packed and any(isinstance(item, Record) for item in islice(records(io.BytesIO(head)), 2))


FORMAT = Format(
    read,
    endings=(".warc", ".arc"),
    packings=("", ".gz", ".zst", ".lz4"),
    begins=_begins,
    cut=byte_ranges,
    cut_bytes=16 << 20,
    pages=True,
    addressed=False,
)
