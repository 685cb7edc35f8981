"""Parquet. A record's place is its number in the file, whatever row groups are read."""

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from humpback.corpus.documents.document import Found, Unread
from humpback.corpus.documents.files import DAMAGE, open_bytes
from humpback.corpus.documents.formats import Format, Range
from humpback.corpus.documents.tables import reader
from humpback.schema import Row

_BATCH = 256
_ARROW_DAMAGE: tuple[type[Exception], ...] = (pa.ArrowException, *DAMAGE, OverflowError)


def records(source: Row, wanted: Collection[str]) -> Iterator[Found]:
    """The records of the row groups in the source's range; a group that cannot be read does not cost the others."""
    with open_bytes(source["path"]) as file:
        try:
            table = pq.ParquetFile(file)
            groups = range(table.num_row_groups)[source["start"] or 0 : source["end"]]
        except _ARROW_DAMAGE as error:
            yield Unread("0", "damaged_record", f"at byte 0: {_first_line(error)}")
            return
        names = [name for name in table.schema_arrow.names if name in wanted]
        number = sum(table.metadata.row_group(n).num_rows for n in range(groups.start))
        for group in groups:
            after = number + table.metadata.row_group(group).num_rows
            try:
                for batch in table.iter_batches(_BATCH, row_groups=[group], columns=names or None):
                    for record in batch.to_pylist():
                        yield str(number), record
                        number += 1
            except _ARROW_DAMAGE as error:
                yield Unread(f"{number}", "damaged_record", f"row group {group}, from record {number}: {_first_line(error)}")
            number = after


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def row_groups(path: str, _: int, most: int) -> list[Range]:
    """Ranges of row groups of some `most` bytes each; a single one if the file cannot be read."""
    try:
        with open_bytes(path) as file:
            metadata = pq.ParquetFile(file).metadata
        sizes = [metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups)]
    except _ARROW_DAMAGE:
        return []
    cuts, held = [0], 0
    for n, size in enumerate(sizes):
        if held and held + size > most:
            cuts.append(n)
            held = 0
        held += size
    return list(zip(cuts, [*cuts[1:], len(sizes)], strict=True))


def columns(source: Row) -> list[str]:
    """The columns of the table; none if it cannot be read."""
    try:
        with open_bytes(source["path"]) as file:
            return list(pq.ParquetFile(file).schema_arrow.names)
    except _ARROW_DAMAGE:
        return []


FORMAT = Format(
    reader(records),
    endings=(".parquet",),
    begins=lambda head: head.startswith(b"PAR1"),
    cut=row_groups,
    columns=columns,
)
