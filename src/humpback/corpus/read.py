"""Files to documents: WARC, folders of HTML, JSONL and Parquet with `text` or `html`.

The only module of the corpus that touches files. A source is one file; what it holds is read record by record, and each
record is a document or a drop with its reason, so that no page goes missing unseen.
"""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from humpback.corpus.encoding import decode
from humpback.errors import UsageFault
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome

KINDS = {
    "warc": (".warc", ".warc.gz", ".warc.lz4"),
    "html": (".html", ".htm", ".xhtml"),
    "jsonl": (".jsonl", ".jsonl.gz", ".ndjson"),
    "parquet": (".parquet",),
}
HTML_TYPES = ("text/html", "application/xhtml+xml")
_EDGE = 1 << 20
# No page is larger; a body that unpacks to more is a bomb or no page.
MOST_BYTES = 32 << 20
_UNWRITABLE = re.compile("\x00|[\ud800-\udfff]")


def kind_of(path: str) -> str | None:
    return next((kind for kind, endings in KINDS.items() if path.lower().endswith(endings)), None)


def sources(inputs: list[str]) -> list[Row]:
    """One row per file that `inputs` (paths, folders or globs, local or remote) name, sorted by path.

    Raises `UsageFault` for a path that matches nothing and for a file of unknown kind.
    """
    rows = []
    for pattern in inputs:
        fs, path = fsspec.url_to_fs(pattern)
        remote = "://" in pattern
        rows += [_source(fs, file, fs.unstrip_protocol(file) if remote else file) for file in _expand(fs, path, pattern)]
    unique = {row["id"]: row for row in rows}
    return sorted(unique.values(), key=lambda row: row["path"])


def _expand(fs: Any, path: str, pattern: str) -> list[str]:
    if fs.isdir(path):
        found = [f for f in sorted(fs.find(path)) if kind_of(f)]
        if not found:
            raise UsageFault(f"the folder {pattern} holds no file that can be read", f"readable: {_endings()}")
        return found
    found = [f for f in sorted(fs.glob(path)) if fs.isfile(f)] if any(c in path for c in "*?[") else []
    found = found or ([path] if fs.exists(path) else [])
    if not found:
        raise UsageFault(f"no file matches {pattern}", "check the path; a glob is put in quotes: 'pages/*.warc.gz'")
    unknown = [f for f in found if not kind_of(f)]
    if unknown:
        raise UsageFault(f"{unknown[0]} is of no known kind", f"readable: {_endings()}")
    return found


def _endings() -> str:
    return " ".join(ending for endings in KINDS.values() for ending in endings)


def _source(fs: Any, path: str, shown: str) -> Row:
    """A file's row. Its id is its content's (size, first and last MiB), so that a moved file gives the same rows."""
    size = fs.size(path) or 0
    with fs.open(path, "rb") as file:
        head = file.read(_EDGE)
        file.seek(max(0, size - _EDGE))
        edge = hashlib.blake2b(head + file.read(_EDGE) + str(size).encode(), digest_size=16).hexdigest()
    name = path.rsplit("/", 1)[-1]
    return {"id": row_id(edge, name), "path": shown, "kind": kind_of(path), "size": size, "digest": edge}


def read(rows: Iterable[Row]) -> Iterator[Outcome]:
    """The documents of each source, and a `Drop` for every record that is none."""
    readers = {"warc": _warc, "html": _html, "jsonl": _jsonl, "parquet": _parquet}
    for source in rows:
        ids: set[str] = set()
        for outcome in readers[source["kind"]](source):
            yield _unrepeated(outcome, ids)
        if not ids:
            yield Drop({"id": row_id(source["id"], "empty"), "parent": source["id"]}, "empty_source", source["size"])


def _unrepeated(outcome: Outcome, ids: set[str]) -> Outcome:
    row = outcome.row if isinstance(outcome, Drop) else outcome
    repeats = row["id"] in ids
    count = len(ids)
    ids.add(row["id"])
    if not repeats:
        return outcome
    twin = {**row, "id": row_id(row["id"], "repeated", count)}
    ids.add(twin["id"])
    return Drop(twin, "duplicate_id", row["id"])


def _warc(source: Row) -> Iterator[Outcome]:
    count = 0
    with fsspec.open(source["path"], "rb") as file:
        try:
            for record in ArchiveIterator(file, parse_http=False, strict_mode=False):
                yield _from_record(source, record, count)
                count += 1
        except (OSError, EOFError, zlib.error, ValueError) as error:
            rest = {"id": row_id(source["id"], "damaged", count), "parent": source["id"]}
            yield Drop(rest, "damaged_archive", f"after {count} records: {error}")
            return
    if source["path"].lower().endswith(".gz") and _is_cut(source["path"]):
        rest = {"id": row_id(source["id"], "damaged", count), "parent": source["id"]}
        yield Drop(rest, "damaged_archive", f"after {count} records: the gzip stream ends early")


def _is_cut(path: str) -> bool:
    """Whether the last gzip member of `path` is unfinished; the reader ends there without a word."""
    with fsspec.open(path, "rb") as file, gzip.GzipFile(fileobj=file) as stream:
        try:
            while stream.read(1 << 20):
                pass
        except (EOFError, OSError, zlib.error):
            return True
    return False


def _from_record(source: Row, record: WarcRecord, ordinal: int) -> Outcome:
    name = record.record_id or row_id(source["id"], "record", ordinal)
    row: Row = {"id": row_id(source["id"], name), "parent": source["id"], "url": record.headers.get("WARC-Target-URI")}
    kind = str(record.record_type).rsplit(".", 1)[-1]
    if kind != "response":
        return Drop(row, "not_a_response", kind)
    if record.content_length > 2 * MOST_BYTES:
        return Drop(row, "too_large", record.content_length)
    where = {"warc": source["path"].rsplit("/", 1)[-1], "offset": record.stream_pos, "date": record.headers.get("WARC-Date")}
    if not record.is_http:
        return Drop(row, "not_http", None)
    # Taken out of the stream first: what is wrong in one record must not cost the rest of the archive.
    block = record.reader.read()
    try:
        message, data = _unpacked(block)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        return Drop(row, "damaged_record", str(error))
    status = message.http_headers.status_code if message.http_headers else None
    if status != 200:
        return Drop(row, "status", status)
    content_type = (message.http_content_type or "").lower()
    if content_type not in HTML_TYPES:
        return Drop(row, "not_html", content_type or None)
    if len(data) > MOST_BYTES:
        return Drop(row, "too_large", f"over {MOST_BYTES} bytes")
    if not data.strip():
        return Drop(row, "empty_body", 0)
    html, encoding = decode(data, message.http_charset)
    return {**row, "html": html, "encoding": encoding, **where}


def _message(block: bytes, auto_decode: Literal["none", "all"]) -> tuple[WarcRecord, bytes]:
    """The HTTP message `block` as a record of its own, and its body (one byte over `MOST_BYTES` at most)."""
    message = WarcRecord()
    message.init_headers(WarcRecordType.response)
    message.set_bytes_content(block)
    message.is_http = True
    message.parse_http(auto_decode=auto_decode)
    return message, bytes(message.reader.read(MOST_BYTES + 1))


def _unpacked(block: bytes) -> tuple[WarcRecord, bytes]:
    """The message in `block`, its body unpacked; or as it is, if it is markup although the headers call it packed."""
    try:
        return _message(block, "all")
    except OSError:
        message, body = _message(block, "none")
        if body.lstrip()[:1] != b"<":
            raise
        return message, body


def _html(source: Row) -> Iterator[Outcome]:
    with fsspec.open(source["path"], "rb") as file:
        data = file.read(MOST_BYTES + 1)
    row: Row = {"id": row_id(source["id"], "page"), "parent": source["id"], "url": source["path"]}
    if not data.strip():
        yield Drop(row, "empty_body", 0)
        return
    if len(data) > MOST_BYTES:
        yield Drop(row, "too_large", f"over {MOST_BYTES} bytes")
        return
    html, encoding = decode(data)
    yield {**row, "html": html, "encoding": encoding}


def _jsonl(source: Row) -> Iterator[Outcome]:
    with fsspec.open(source["path"], "rb", compression="infer") as file:
        try:
            for number, line in enumerate(file):
                if line.strip():
                    yield _from_line(source, line, number)
        except (EOFError, OSError, zlib.error) as error:
            rest = {"id": row_id(source["id"], "damaged"), "parent": source["id"]}
            yield Drop(rest, "damaged_archive", str(error))


def _from_line(source: Row, line: bytes, number: int) -> Outcome:
    try:
        return _from_mapping(source, json.loads(line), number)
    except (ValueError, RecursionError) as error:
        row = {"id": row_id(source["id"], "line", number), "parent": source["id"]}
        return Drop(row, "not_json", f"line {number + 1}: {error}")


def _parquet(source: Row) -> Iterator[Outcome]:
    number = 0
    with fsspec.open(source["path"], "rb") as file:
        try:
            for batch in pq.ParquetFile(file).iter_batches(1024):
                for record in batch.to_pylist():
                    yield _from_mapping(source, record, number)
                    number += 1
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            rest = {"id": row_id(source["id"], "damaged"), "parent": source["id"]}
            yield Drop(rest, "damaged_archive", f"after {number} records: {str(error).partition(chr(10))[0]}")


def _from_mapping(source: Row, record: Any, number: int) -> Outcome:
    """A document from a record that has `html` or `text`, and perhaps `id`, `url`, `title`, `date`, `license`."""
    fields = record if isinstance(record, dict) else {}
    own = fields.get("id")
    own = _writable(str(own)) if own not in (None, "") else None
    name = ("id", own) if own else ("line", str(number))
    row: Row = {"id": row_id(source["id"], ":".join(name)), "parent": source["id"]}
    for key in ("url", "title", "date", "license"):
        row[key] = _writable(str(fields[key])) if fields.get(key) is not None else None
    row["url"] = row["url"] or f"{source['path']}#{own or number + 1}"
    body = {key: fields[key] for key in ("html", "text") if isinstance(fields.get(key), str) and fields[key].strip()}
    if not body:
        found = _writable(", ".join(sorted(fields))) or type(record).__name__
        return Drop(row, "no_text", f"found: {found}; wanted: text or html")
    return {**row, **{key: _writable(value) for key, value in body.items()}, "encoding": "utf-8"}


def _writable(text: str) -> str:
    """Without NUL and lone surrogates, which JSON can hold and UTF-8 or Parquet cannot."""
    return _UNWRITABLE.sub("\ufffd", text)
