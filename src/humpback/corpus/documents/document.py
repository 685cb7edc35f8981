"""What every format makes: documents and drops, each with an id made of its file's and of its place in the file.

So the id is the same whatever range of the file is read, and no two records can share it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from humpback.corpus.documents.encoding import decode
from humpback.corpus.documents.files import DAMAGE, MOST_BYTES, open_unpacked
from humpback.corpus.documents.http import Message, binary_type, looks_like_a_page
from humpback.corpus.documents.rights import rights
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome

_UNWRITABLE = re.compile("\x00|[\ud800-\udfff]")


class Unread(NamedTuple):
    """What stands at `place` of a file and gives no record: the reason of the drop, and what was measured."""

    place: str
    reason: str
    value: Any


# A record of a file: its place there and what it holds.
Found = tuple[str, Any] | Unread


def begun(source: Row, place: str) -> Row:
    """The row of what stands at `place` of the source's file, with no more than its id."""
    return {"id": row_id(source["file"], f"@{place}"), "parent": source["file"]}


def dropped(source: Row, place: str, reason: str, value: Any) -> Drop:
    return Drop(begun(source, place), reason, value)


def unread(source: Row, found: Unread) -> Drop:
    # A record that stands at the same place may have been read before the damage.
    return dropped(source, f"{found.place} {found.reason}", found.reason, writable(str(found.value)))


def writable(text: str) -> str:
    """Without NUL and lone surrogates, which JSON can hold and UTF-8 or Parquet cannot."""
    return _UNWRITABLE.sub("\ufffd", text)


def content(source: Row) -> bytes | Drop:
    """The whole file, unpacked, as far as a document may be long."""
    with open_unpacked(source["path"]) as file:
        try:
            return file.read(MOST_BYTES + 1)
        except DAMAGE as error:
            return dropped(source, "0", "damaged_record", f"at byte 0: {error}")


def fault_of(body: bytes) -> tuple[str, Any] | None:
    """Why `body` cannot be a page or a text."""
    if len(body) > MOST_BYTES:
        return "too_large", f"over {MOST_BYTES} bytes"
    if not body or body.isspace():
        return "empty_body", 0
    binary = binary_type(body)
    return ("not_text", binary) if binary else None


def page(row: Row, body: bytes, message: Message | None = None) -> Outcome:
    """The page that `body` is; `message` is the HTTP response that it came in."""
    fault = fault_of(body)
    if fault:
        return Drop(row, *fault)
    if message and not message.type and not looks_like_a_page(body):
        return Drop(row, "not_html", None)
    html, encoding = decode(body, message.charset if message else None)
    return with_rights({**row, "html": html, "encoding": encoding}, message.headers if message else None)


def with_rights(row: Row, headers: Mapping[str, str] | None = None) -> Row:
    """With `license` and `opt_out` as the page and its server say; a licence that was known before wins."""
    said = rights(row["html"], headers)
    return {**row, "license": row.get("license") or said.license, "opt_out": list(said.opt_out)}


def book(chapters: Callable[[Row], Iterator[Found]]) -> Callable[[Row, Mapping[str, str]], Iterator[Outcome]]:
    """The `read` of a format whose `chapters(source)` gives places, and fields under the names of columns."""
    return partial(_chapters, chapters)


def _chapters(chapters: Callable[[Row], Iterator[Found]], source: Row, _: Mapping[str, str]) -> Iterator[Outcome]:
    for found in chapters(source):
        if isinstance(found, Unread):
            yield unread(source, found)
            continue
        place, fields = found
        row = {**begun(source, place), **{key: value and writable(value) for key, value in fields.items()}}
        yield with_rights(row) if "html" in row else row
