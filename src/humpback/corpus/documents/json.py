"""JSON: a list of records, as most data sets for tuning are published, or one record. Its place is its number.

Files that end so and hold a record on each line are read as what they are.
"""

import json
from collections.abc import Collection, Iterator
from typing import Any

import orjson

from humpback.corpus.documents import jsonl
from humpback.corpus.documents.document import Found, Unread
from humpback.corpus.documents.files import BOOK_BYTES, DAMAGE, open_unpacked
from humpback.corpus.documents.formats import TEXT_PACKINGS, Format
from humpback.corpus.documents.tables import first_columns, reader
from humpback.schema import Row


def records(source: Row, wanted: Collection[str]) -> Iterator[Found]:
    """The records of the list; of an object that holds nothing but one list, that one's."""
    try:
        with open_unpacked(source["path"]) as file:
            content = file.read(BOOK_BYTES + 1)
    except DAMAGE as error:
        yield Unread("0", "damaged_record", str(error))
        return
    if len(content) > BOOK_BYTES:
        yield Unread("0", "too_large", f"over {BOOK_BYTES} bytes: write a record on each line, and end the name in .jsonl")
        return
    try:
        held = _parsed(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        yield from jsonl.records(source, wanted)
        return
    yield from ((str(number), record) for number, record in enumerate(_listed(held)))


def _parsed(content: bytes) -> Any:
    """Raises `ValueError` for what is not one JSON value."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # What orjson refuses and Python takes: halves of characters, large numbers, NaN.
        return json.loads(content)


def _listed(held: Any) -> list[Any]:
    if isinstance(held, dict):
        lists = [value for value in held.values() if isinstance(value, list)]
        return lists[0] if len(held) == len(lists) == 1 else [held]
    return held if isinstance(held, list) else [held]


FORMAT = Format(
    reader(records),
    endings=(".json",),
    packings=TEXT_PACKINGS,
    columns=first_columns(records),
)
