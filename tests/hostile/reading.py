"""What the tests of hostile files share: read a file, and check that what comes of it can be written."""

from collections import Counter
from pathlib import Path

import pyarrow as pa

from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.schema import DOCUMENT, Row
from humpback.stage import Drop
from humpback.store import to_table


def outcomes(path: Path) -> tuple[list[Row], list[Drop]]:
    both = list(read(DocumentsConfig(), sources([str(path)])))
    rows, drops = [o for o in both if not isinstance(o, Drop)], [o for o in both if isinstance(o, Drop)]
    to_table(rows, DOCUMENT)
    for drop in drops:
        f"{drop.row['id']} {drop.row['parent']} {drop.value}".encode()
    assert len({row["id"] for row in rows} | {drop.row["id"] for drop in drops}) == len(both)
    return rows, drops


def reasons(path: Path) -> Counter[str]:
    return Counter(drop.reason for drop in outcomes(path)[1])


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()
