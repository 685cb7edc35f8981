"""JSONL: a record on each line. A record's place is its byte offset after unpacking."""

import json
from collections.abc import Collection, Iterator
from typing import BinaryIO

import orjson

from humpback.corpus.documents.document import Found, Unread
from humpback.corpus.documents.files import DAMAGE, MOST_BYTES, open_unpacked, packing
from humpback.corpus.documents.formats import TEXT_PACKINGS, Format, Range, byte_ranges
from humpback.corpus.documents.tables import first_columns, reader
from humpback.schema import Row

# JSON writes a character with six at most, and most texts with few of those.
LINE_BYTES = 2 * MOST_BYTES


def records(source: Row, _wanted: Collection[str]) -> Iterator[Found]:
    """The lines that begin in the source's range."""
    at, end = source["start"] or 0, source["end"]
    with open_unpacked(source["path"]) as file:
        try:
            at = _line_start(file, at)
            while end is None or at < end:
                line = file.readline(LINE_BYTES)
                size = len(line)
                if size == LINE_BYTES and not line.endswith(b"\n"):
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
    while part := file.readline(LINE_BYTES):
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


def _cut(path: str, size: int, most: int) -> list[Range]:
    # A packed file has no place to begin but its own.
    return [] if packing(path) else byte_ranges(path, size, most)


FORMAT = Format(
    reader(records, "byte"),
    endings=(".jsonl", ".ndjson"),
    packings=TEXT_PACKINGS,
    cut=_cut,
    columns=first_columns(records),
)
