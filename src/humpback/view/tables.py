"""The datasets of a run as tables that are filtered and sorted at once, however many rows they have.

DuckDB reads the Parquet files once and keeps what lists show and are filtered by: numbers, short texts, and the beginnings
of long ones. The place of a row in its table is its number in the dataset, so that whole rows are read from their shard. No
extension is loaded, and nothing fetched.
"""

import bisect
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from humpback.schema import DROPPED, Row
from humpback.store import MANIFEST, Dataset, count_rows

# What lists show of a long text.
SHORT = 240
MEMORY, THREADS = "512MB", 2
# So many rows are read at once, whatever the size of a shard.
_BATCH = 1024
_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
# Strings that are seldom long; of all others the beginning is kept.
_BRIEF = ("id", "parent", "url", "lang", "source", "method", "status", "finish", "split", "license", "lm", "metric", "part",
          "model", "against", "judge", "reason", "step", "generator", "generator_1", "generator_2", "dataset", "annotator",
          "chosen_by", "answered", "style", "contamination", "kind", "path", "file")  # fmt: skip
# What DuckDB says of a file that is none of its own, or of another version of it.
_BROKEN = ("valid DuckDB", "version", "deserialize", "corrupt", "checksum")
_SIGNS = {"=": "=", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "has": "has"}


class NoSuch(LookupError):
    """There is no such table, column or row."""


@dataclass(frozen=True)
class Where:
    """One condition: a column, a sign and a value. Sign and column are looked up, the value is only ever a parameter."""

    column: str
    sign: str
    value: str


@dataclass(frozen=True)
class Listed:
    """A page of rows: `count` are all that fit, `numbers` those of the page, `rows` what is shown of them."""

    count: int
    numbers: list[int]
    rows: list[Row]

    @property
    def pairs(self) -> list[tuple[int, Row]]:
        """Each row with its number."""
        return list(zip(self.numbers, self.rows, strict=True))


class Table:
    """A dataset, or (`dropped`) what fell out of it."""

    def __init__(self, dataset: Dataset, dropped: bool = False) -> None:
        self.dataset = dataset
        folder = dataset.path / "dropped" if dropped else dataset.path
        self.shards = sorted(folder.glob("part-*.parquet"))
        self.is_dropped = dropped
        # A dataset that was made anew under the same plan may have other rows: models and servers change.
        when = (dataset.path / MANIFEST).stat().st_mtime_ns
        self.place = f"t{dataset.place}{'d' if dropped else ''}_"
        self.name = f"{self.place}{dataset.fingerprint[:12]}_{when:x}"

    @cached_property
    def columns(self) -> pa.Schema:
        return DROPPED if self.is_dropped else self.dataset.columns

    @cached_property
    def ends(self) -> list[int]:
        """After so many rows each shard ends."""
        total, out = 0, []
        for shard in self.shards:
            total += count_rows(shard)
            out.append(total)
        return out

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    @property
    def kept(self) -> list[str]:
        """The columns that lists can show and filter by: all but lists and structures."""
        return [each.name for each in self.columns if pa.types.is_string(each.type) or self.is_number(each.name)]

    def is_number(self, column: str) -> bool:
        return any(test(self.columns.field(column).type) for test in _NUMBERS)

    def row(self, number: int) -> Row:
        """The whole row of that number, from its shard; raises `NoSuch`."""
        if not 0 <= number < len(self):
            raise NoSuch(f"{self.dataset.path.name} has {len(self)} rows, and no row {number}")
        shard = bisect.bisect_right(self.ends, number)
        left = number - (self.ends[shard - 1] if shard else 0)
        for batch in pq.ParquetFile(self.shards[shard]).iter_batches(_BATCH):
            if left < batch.num_rows:
                found: Row = batch.slice(left, 1).to_pylist()[0]
                return found
            left -= batch.num_rows
        raise NoSuch(f"{self.shards[shard]} has fewer rows than it says")

    def some(self, columns: Sequence[str], first: int, last: int) -> list[Row]:
        """Those columns of the rows from `first` up to `last`."""
        out: list[Row] = []
        for shard, begin, end in zip(self.shards, (0, *self.ends), self.ends, strict=False):
            if begin < last and first < end:
                own = pq.read_table(shard, columns=list(columns)).slice(max(0, first - begin), last - max(first, begin))
                out += own.to_pylist()
        return out

    def texts(self) -> Iterator[tuple[int, str]]:
        """(number, all that is text) of each row, a shard at a time."""
        texts = [each.name for each in self.columns if pa.types.is_string(each.type)]
        number, columns = 0, [name for name in texts if name not in ("id", "parent")]
        for shard in self.shards:
            for batch in pq.ParquetFile(shard).iter_batches(_BATCH, columns=columns):
                for row in batch.to_pylist():
                    yield number, "\n".join(value for value in row.values() if value)
                    number += 1


class Tables:
    """The tables of one run in one DuckDB file, each made when it is first asked for; for several threads."""

    def __init__(self, cache: Path) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        self._making = threading.Lock()
        self._own: Path | None = None
        self._db = self._opened(cache)
        self._made: set[str] = {name for (name,) in self._db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}

    def close(self) -> None:
        self._db.close()
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)

    def _opened(self, cache: Path) -> duckdb.DuckDBPyConnection:
        """The file of the run's tables; where another viewer has it, one of our own; a new one for one that is broken."""
        options: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY, "threads": THREADS, "autoinstall_known_extensions": False,
            "autoload_known_extensions": False, "temp_directory": str(cache / "spilled"),
        }  # fmt: skip
        path = cache / "tables.duckdb"
        for _ in range(2):
            try:
                return duckdb.connect(str(path), config=options)
            except duckdb.Error as error:
                if any(word in str(error) for word in _BROKEN):
                    path.unlink(missing_ok=True)
                else:
                    self._own = Path(tempfile.mkdtemp(prefix=f"humpback-view-{os.getpid()}-"))
                    path = self._own / "tables.duckdb"
        return duckdb.connect(str(path), config=options)

    def _cursor(self, table: Table) -> duckdb.DuckDBPyConnection:
        with self._making:
            if table.name not in self._made:
                self._make(table)
        return self._db.cursor()

    def _make(self, table: Table) -> None:
        told = [f"hash({name}) AS _{name}" for name in ("id", "parent") if name in table.kept]
        for name in table.kept:
            brief = table.is_number(name) or name in _BRIEF
            told.append(_quoted(name) if brief else f"left({_quoted(name)}, {SHORT}) AS {_quoted(name)}")
        for name in [name for name in self._made if name.startswith(table.place)]:
            self._db.execute(f"DROP TABLE {name}")
            self._made.discard(name)
        # Built under another name: a build that was killed leaves no table that looks whole.
        self._db.execute(f"DROP TABLE IF EXISTS {table.name}_half")
        if table.shards:
            paths = [str(path) for path in table.shards]
            self._db.execute(f"CREATE TABLE {table.name}_half AS SELECT {', '.join(told)} FROM read_parquet(?)", [paths])
        else:
            empty = ", ".join(f"NULL AS {_quoted(name)}" for name in (*table.kept, "_id", "_parent"))
            self._db.execute(f"CREATE TABLE {table.name}_half AS SELECT {empty} WHERE false")
        self._db.execute(f"ALTER TABLE {table.name}_half RENAME TO {table.name}")
        self._made.add(table.name)

    def listed(
        self, table: Table, where: Sequence[Where] = (), among: Sequence[int] | None = None, order: str = "",
        down: bool = False, offset: int = 0, limit: int = 50,
    ) -> Listed:  # fmt: skip
        """The rows that fit all of `where`, and are `among` those numbers if any are given; raises `NoSuch` for a column."""
        said, given = self._conditions(table, where, among)
        cursor = self._cursor(table)
        by = ""
        if order:
            by = f"ORDER BY {self._column(table, order)} {'DESC' if down else 'ASC'} NULLS LAST, rowid"
        count = (
            len(table)
            if not said
            else int(cursor.execute(f"SELECT count(*) FROM {table.name}{said}", given).fetchall()[0][0])
        )
        found = cursor.execute(f"SELECT rowid FROM {table.name}{said} {by} LIMIT ? OFFSET ?", [*given, limit, offset])
        numbers = [int(number) for (number,) in found.fetchall()]
        return Listed(count, numbers, self._shown(cursor, table, numbers))

    def _shown(self, cursor: duckdb.DuckDBPyConnection, table: Table, numbers: Sequence[int]) -> list[Row]:
        if not numbers:
            return []
        columns = ", ".join(_quoted(name) for name in table.kept)
        found = cursor.execute(
            f"SELECT rowid, {columns} FROM {table.name} WHERE rowid IN (SELECT unnest(?))", [list(numbers)]
        )
        rows = {int(row[0]): dict(zip(table.kept, row[1:], strict=True)) for row in found.fetchall()}
        return [rows[number] for number in numbers]

    def _conditions(self, table: Table, where: Sequence[Where], among: Sequence[int] | None) -> tuple[str, list[Any]]:
        said, given = list[str](), list[Any]()
        for each in where:
            column, sign = self._column(table, each.column), _SIGNS.get(each.sign)
            if sign is None:
                raise NoSuch(f"there is no sign {each.sign!r}: {' '.join(_SIGNS)}")
            if sign == "has":
                said.append(f"contains(lower({column}::VARCHAR), lower(?))")
                given.append(each.value)
            elif table.is_number(each.column):
                said.append(f"{column} {sign} TRY_CAST(? AS DOUBLE)")
                given.append(each.value)
            else:
                said.append(f"coalesce({column}, '') {sign} ?")
                given.append(each.value)
        if among is not None:
            said.append("rowid IN (SELECT unnest(?))")
            given.append(list(among))
        return (" WHERE " + " AND ".join(said) if said else ""), given

    def _column(self, table: Table, name: str) -> str:
        if name not in table.kept:
            raise NoSuch(f"{table.dataset.path.name} has no column {name!r} to sort or filter by")
        return _quoted(name)

    def find(self, table: Table, id: str, parents: bool = False) -> list[int]:
        """The numbers of the rows with that id, or that parent."""
        column = "parent" if parents else "id"
        if column not in table.kept:
            return []
        found = self._cursor(table).execute(
            f"SELECT rowid FROM {table.name} WHERE _{column} = hash(?) AND {column} = ? LIMIT 1000", [id, id]
        )
        return [int(number) for (number,) in found.fetchall()]

    def counts(self, table: Table, column: str) -> list[tuple[str, int]]:
        """How often each value of a column comes, the most frequent first."""
        name = self._column(table, column)
        found = self._cursor(table).execute(
            f"SELECT {name}::VARCHAR, count(*) FROM {table.name} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 200"
        )
        return [(value or "", int(count)) for value, count in found.fetchall()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
