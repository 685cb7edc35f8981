"""Data sets of the Hugging Face hub by name, streamed: `hf:OWNER/NAME[/CONFIG][:SPLIT]`, or a local folder of one.

The `datasets` library is only loaded when such an input is named.
"""

import hashlib
import os
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from humpback.corpus.documents.document import Unread
from humpback.corpus.documents.files import library
from humpback.corpus.documents.formats import Format
from humpback.corpus.documents.tables import reader
from humpback.errors import HumpbackError, UsageFault
from humpback.schema import Row, row_id

SCHEME = "hf:"
_EXAMPLE = "type it as: hf:OWNER/NAME, hf:OWNER/NAME/CONFIG or hf:OWNER/NAME:SPLIT"


class _Name(NamedTuple):
    path: str
    config: str | None
    split: str | None


def parsed(text: str) -> _Name:
    """What the name `text` says of a data set; raises `UsageFault` where it is none."""
    body, _, split = text.removeprefix(SCHEME).partition(":")
    if body.startswith(("/", "./", "../", "~")):
        return _Name(os.path.expanduser(body), None, split or None)  # noqa: PTH111 a name may also be no path
    parts = body.split("/")
    if not all(parts) or len(parts) > 3:
        raise UsageFault(f"{text!r} is no name of a data set", _EXAMPLE)
    return _Name("/".join(parts[:2]), parts[2] if len(parts) > 2 else None, split or None)


def _builder(name: _Name, text: str) -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    datasets = library("datasets", text, "local")
    try:
        return datasets.load_dataset_builder(name.path, name.config)
    except (ConnectionError, TimeoutError) as error:
        raise HumpbackError(f"cannot reach the hub for {text}: {error}", "run the same command again") from None
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise UsageFault(f"{text} is not there: {str(error).splitlines()[0]}", _EXAMPLE) from None


def sources(text: str) -> list[Row] | None:
    """One row for each shard of the data set's split, the only one or "train" if none is named; None for another name.

    `hf://` is a file on the hub and is read as such.
    """
    if not text.startswith(SCHEME) or text.startswith("hf://"):
        return None
    name = parsed(text)
    builder = _builder(name, text)
    known = sorted(map(str, builder.config.data_files or builder.info.splits or ()))
    split = name.split or (known[0] if len(known) == 1 else "train")
    if split not in known:
        raise UsageFault(f"{text} has no split {split!r}, but: {', '.join(known)}", _EXAMPLE)
    origin = getattr((builder.config.data_files or {}).get(split), "origin_metadata", builder.hash)
    digest = hashlib.blake2b(repr((origin, split)).encode(), digest_size=16).hexdigest()
    named = "/".join(part for part in (name.path, name.config) if part)
    file = row_id(digest, f"{named}:{split}")
    shared = {"file": file, "path": f"{SCHEME}{named}:{split}", "kind": "hub", "size": None, "digest": digest}
    shards = builder.as_streaming_dataset(split=split).num_shards
    return [{"id": row_id(file, f"{n}-{n + 1}"), **shared, "start": n, "end": n + 1} for n in range(shards)]


def columns(source: Row) -> list[str]:
    """The columns of the data set that a row of `sources` names."""
    data = _streamed(source["path"])
    return list(data.column_names or next(iter(data), {}))


def _streamed(text: str) -> Any:
    name = parsed(text)
    return _builder(name, text).as_streaming_dataset(split=name.split)


def records(source: Row, wanted: Collection[str]) -> Iterator[tuple[str, Any] | Unread]:
    """The records of the shard that `source` is, with the columns that are `wanted` and there."""
    data = _streamed(source["path"])
    shards = data.shard(data.num_shards, source["start"])
    present = [name for name in data.column_names or () if name in wanted]
    number = 0
    try:
        for record in shards.select_columns(present) if present else shards:
            yield f"{source['start']}/{number}", record
            number += 1
    except (ConnectionError, TimeoutError) as error:
        raise HumpbackError(f"cannot read {source['path']}: {error}", "run the same command again") from None
    except Exception as error:  # noqa: BLE001 the library lets through what its many parsers raise
        fact = f"after record {number}: {str(error).partition(chr(10))[0]}"
        yield Unread(f"{source['start']}/{number}", "damaged_record", fact)


FORMAT = Format(reader(records), columns=columns, named=sources)
