"""What all tables of documents share: fields under other names, and a document from a record that has `html` or `text`.

A record's place is its byte offset (JSONL; after unpacking) or its number (CSV, Parquet), counted from the file's begin
whatever the range. Places make ids, and so they must not depend on how a file was cut.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

from humpback.corpus.documents.document import Found, Unread, begun, unread, with_rights, writable
from humpback.corpus.documents.files import DAMAGE, MOST_BYTES
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.stage import Drop, Outcome

# Fields that a document has from a table, and what a table's columns for them are called if nobody says otherwise.
FIELDS = ("text", "html", "id", "url", "title", "date", "license")
_SAMPLE = 100

Records = Callable[[Row, Collection[str]], Iterator[Found]]


def column_names(columns: Mapping[str, str]) -> dict[str, str]:
    """The column for each field; raises `UsageFault` for a field that documents do not have."""
    unknown = sorted(set(columns) - set(FIELDS))
    if unknown:
        raise UsageFault(f"a document has no field {unknown[0]!r}", f"fields: {', '.join(FIELDS)}")
    return {field: columns.get(field, field) for field in FIELDS}


def check_columns(path: str, present: Collection[str], columns: Mapping[str, str]) -> None:
    """Raise `UsageFault` if the table `path` lacks a column that the user named."""
    missing = [name for name in columns.values() if name not in present]
    if missing and present:
        raise UsageFault(f"{path} has no column {missing[0]!r}", f"it has: {', '.join(sorted(present))}")


def reader(records: Records, place: str = "record") -> Callable[[Row, Mapping[str, str]], Iterator[Outcome]]:
    """The `read` of a format whose `records(source, wanted columns)` gives places and records.

    `place` is what a place is called in the address of a record that has neither an address nor an id.
    """
    return partial(_documents, records, place)


def _documents(records: Records, place: str, source: Row, columns: Mapping[str, str]) -> Iterator[Outcome]:
    for found in records(source, frozenset(columns.values())):
        if isinstance(found, Unread):
            yield unread(source, found)
        else:
            yield _document(source, found[0], found[1], columns, f"{place}={found[0]}")


def _document(source: Row, place: str, record: Any, columns: Mapping[str, str], fragment: str) -> Outcome:
    held = record if isinstance(record, dict) else {}
    fields = {field: held.get(column) for field, column in columns.items()}
    # A list or an object is no address or title, and may nest too deep to be shown as one.
    fields = {field: None if isinstance(value, list | dict) else value for field, value in fields.items()}
    row = begun(source, place)
    for field in ("url", "title", "date", "license"):
        row[field] = writable(str(fields[field])) if fields[field] is not None else None
    own = writable(str(fields["id"])) if fields["id"] not in (None, "") else fragment
    row["url"] = row["url"] or f"{source['path']}#{own}"
    texts = {key: fields[key] for key in ("html", "text")}
    body = {key: writable(value) for key, value in texts.items() if isinstance(value, str) and value.strip()}
    if not body:
        found = writable(", ".join(sorted(map(str, held)))) or type(record).__name__
        return Drop(row, "no_text", f"found: {found}; wanted: {columns['text']} or {columns['html']}")
    if any(len(value) > MOST_BYTES for value in body.values()):
        return Drop(row, "too_large", f"over {MOST_BYTES} characters")
    document = {**row, **body, "encoding": "utf-8"}
    return with_rights(document) if "html" in body else document


def first_columns(records: Records) -> Callable[[Row], list[str]]:
    """The `columns` of a format, as far as the first records of a file show them; none if it cannot be read."""
    return partial(_first_columns, records)


def _first_columns(records: Records, source: Row) -> list[str]:
    try:
        found = (item for item in records(source, FIELDS) if not isinstance(item, Unread))
        first = [record for (_, record), _ in zip(found, range(_SAMPLE), strict=False) if isinstance(record, dict)]
    except DAMAGE:
        return []
    return list(dict.fromkeys(name for record in first for name in record))
