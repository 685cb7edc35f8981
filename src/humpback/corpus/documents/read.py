"""Sources to documents: archives, pages, texts, tables, books and data sets, record by record.

Each record is a document or a drop with its reason, so that no page goes missing unseen. A document's id is made of its
file's and of its place in the file: it is the same whatever range of the file is read, and no two can share it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from humpback.corpus.documents import epub, hub, pdf, tables
from humpback.corpus.documents.archive import Damage, Record, records
from humpback.corpus.documents.encoding import decode
from humpback.corpus.documents.files import DAMAGE, MOST_BYTES, open_bytes, open_unpacked
from humpback.corpus.documents.http import Message, binary_type, looks_like_a_page, parse, unpacked
from humpback.corpus.documents.rights import rights
from humpback.corpus.documents.tables import Found, Unread, column_names
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome

HTML_TYPES = ("text/html", "application/xhtml+xml")
_UNWRITABLE = re.compile("\x00|[\ud800-\udfff]")


def read(rows: Iterable[Row], columns: Mapping[str, str] | None = None) -> Iterator[Outcome]:
    """The documents of each source, and a `Drop` for every record that is none.

    `columns` says what tables call a document's fields (`tables.FIELDS`), as in {"text": "content"}.
    """
    names = column_names(columns or {})
    for source in rows:
        nothing = True
        try:
            for outcome in _outcomes(source, names):
                nothing = False
                yield outcome
        except OSError as error:
            nothing = False
            yield _drop(source, f"unreadable{source['start'] or ''}", "unreadable_file", error.strerror or str(error))
        # A range may well have no record that begins in it.
        if nothing and source["start"] is None:
            yield _drop(source, "empty", "empty_source", source["size"])


def _outcomes(source: Row, columns: Mapping[str, str]) -> Iterator[Outcome]:
    kind = source["kind"]
    if kind in tables.READERS or kind == "hub":
        reader = hub.records if kind == "hub" else tables.READERS[kind]
        for found in reader(source, frozenset(columns.values())):
            yield _unread(source, found) if isinstance(found, Unread) else _from_record(source, *found, columns)
        return
    yield from _READERS[kind](source)


def _row(source: Row, place: str) -> Row:
    return {"id": row_id(source["file"], f"@{place}"), "parent": source["file"]}


def _drop(source: Row, place: str, reason: str, value: Any) -> Drop:
    return Drop(_row(source, place), reason, value)


def _unread(source: Row, found: Unread) -> Drop:
    # A record that stands at the same place may have been read before the damage.
    return _drop(source, f"{found.place} {found.reason}", found.reason, _writable(str(found.value)))


def _archive(source: Row) -> Iterator[Outcome]:
    name = source["path"].rsplit("/", 1)[-1]
    with open_bytes(source["path"]) as file:
        found = records(file, source["start"] or 0, source["end"])
        places: dict[type, tuple[int, int]] = {}
        for item in found:
            # A member may hold several records, which all have its offset.
            offset, ordinal = places.get(type(item), (-1, 0))
            ordinal = ordinal + 1 if offset == item.offset else 0
            places[type(item)] = item.offset, ordinal
            yield _from_item(source, item, ordinal, name)


def _from_item(source: Row, item: Record | Damage, ordinal: int, archive: str) -> Outcome:
    if isinstance(item, Damage):
        row = {"id": row_id(source["file"], f"@{item.offset} damaged", ordinal), "parent": source["file"]}
        return Drop(row, "damaged_record", f"at byte {item.offset}: {item.error}")
    row = {"id": row_id(source["file"], f"@{item.offset}", ordinal), "parent": source["file"]}
    return _from_archive({**row, "url": item.url}, item, archive)


def _from_archive(row: Row, record: Record, archive: str) -> Outcome:
    if record.kind != "response":
        return Drop(row, "not_a_response", record.kind)
    if record.size and not record.content:
        return Drop(row, "too_large", record.size)
    message = parse(record.content) if record.is_http else None
    if message is None:
        return Drop(row, "not_http", None)
    if message.status != 200:
        return Drop(row, "status", message.status)
    if message.type and message.type not in HTML_TYPES:
        return Drop(row, "not_html", message.type)
    try:
        body = unpacked(message, MOST_BYTES + 1)
    except ValueError as error:
        return Drop(row, "damaged_record", f"at byte {record.offset}: {error}")
    return _page({**row, "warc": archive, "offset": record.offset, "date": record.date}, body, message)


def _page(row: Row, body: bytes, message: Message | None = None) -> Outcome:
    fault = _fault(body)
    if fault:
        return Drop(row, *fault)
    if message and not message.type and not looks_like_a_page(body):
        return Drop(row, "not_html", None)
    html, encoding = decode(body, message.charset if message else None)
    return _with_rights({**row, "html": html, "encoding": encoding}, message.headers if message else None)


def _with_rights(row: Row, headers: Mapping[str, str] | None = None) -> Row:
    """With `license` and `opt_out` as the page and its server say; a licence that was known before wins."""
    said = rights(row["html"], headers)
    return {**row, "license": row.get("license") or said.license, "opt_out": list(said.opt_out)}


def _fault(body: bytes) -> tuple[str, Any] | None:
    """Why `body` cannot be a page or a text."""
    if len(body) > MOST_BYTES:
        return "too_large", f"over {MOST_BYTES} bytes"
    if not body or body.isspace():
        return "empty_body", 0
    binary = binary_type(body)
    return ("not_text", binary) if binary else None


def _html(source: Row) -> Iterator[Outcome]:
    body = _content(source)
    yield body if isinstance(body, Drop) else _page({**_row(source, "0"), "url": source["path"]}, body)


def _text(source: Row) -> Iterator[Outcome]:
    body = _content(source)
    yield body if isinstance(body, Drop) else _whole({**_row(source, "0"), "url": source["path"]}, body)


def _whole(row: Row, body: bytes) -> Outcome:
    fault = _fault(body)
    if fault:
        return Drop(row, *fault)
    text, encoding = decode(body)
    return {**row, "text": _writable(text), "encoding": encoding}


def _content(source: Row) -> bytes | Drop:
    with open_unpacked(source["path"]) as file:
        try:
            return file.read(MOST_BYTES + 1)
        except DAMAGE as error:
            return _drop(source, "0", "damaged_record", f"at byte 0: {error}")


def _epub(source: Row) -> Iterator[Outcome]:
    yield from (_from_book(source, found) for found in epub.epub(source))


def _pdf(source: Row) -> Iterator[Outcome]:
    yield from (_from_book(source, found) for found in pdf.pdf(source))


def _from_book(source: Row, found: Found) -> Outcome:
    if isinstance(found, Unread):
        return _unread(source, found)
    place, fields = found
    row = {**_row(source, place), **{key: value and _writable(value) for key, value in fields.items()}}
    return _with_rights(row) if "html" in row else row


def _from_record(source: Row, place: str, record: Any, columns: Mapping[str, str]) -> Outcome:
    """A document from a table's record that has `html` or `text`, and perhaps other fields."""
    held = record if isinstance(record, dict) else {}
    fields = {field: _single(held.get(column)) for field, column in columns.items()}
    row = _row(source, place)
    for field in ("url", "title", "date", "license"):
        row[field] = _writable(str(fields[field])) if fields[field] is not None else None
    own = _writable(str(fields["id"])) if fields["id"] not in (None, "") else _fragment(source["kind"], place)
    row["url"] = row["url"] or f"{source['path']}#{own}"
    body = {key: _writable(str(fields[key])) for key in ("html", "text") if _is_text(fields[key])}
    if not body:
        found = _writable(", ".join(sorted(map(str, held)))) or type(record).__name__
        return Drop(row, "no_text", f"found: {found}; wanted: {columns['text']} or {columns['html']}")
    if any(len(value) > MOST_BYTES for value in body.values()):
        return Drop(row, "too_large", f"over {MOST_BYTES} characters")
    document = {**row, **body, "encoding": "utf-8"}
    return _with_rights(document) if "html" in body else document


def _single(value: Any) -> Any:
    """`value`, or None if it is a list or an object: no address or title, and it may nest too deep to be shown as one."""
    return None if isinstance(value, list | dict) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _fragment(kind: str, place: str) -> str:
    return f"byte={place}" if kind == "jsonl" else f"record={place}"


def _writable(text: str) -> str:
    """Without NUL and lone surrogates, which JSON can hold and UTF-8 or Parquet cannot."""
    return _UNWRITABLE.sub("\ufffd", text)


_READERS: dict[str, Callable[[Row], Iterator[Outcome]]] = {
    "archive": _archive,
    "html": _html,
    "text": _text,
    "epub": _epub,
    "pdf": _pdf,
}
