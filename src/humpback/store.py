"""Datasets on disk: folders of Parquet shards. A shard that exists is complete; a folder with a manifest is finished.

    03-pairs/plan.json  part-00000.parquet  dropped/part-00000.parquet  manifest.json

Every file is written beside its place, synced and renamed. The footer of a shard says what each step read, kept and
dropped for which reason; the manifest adds the footers up and is refused unless read = kept + dropped.
"""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from humpback.config import differences, digest
from humpback.errors import HumpbackError, Incomplete, PlanMismatch
from humpback.schema import DROPPED, Row
from humpback.stage import Drop, Outcome

FOOTER = b"humpback"
PLAN, MANIFEST = "plan.json", "manifest.json"


class ConservationError(HumpbackError):
    """A stage lost a row, or answered for one twice: a bug in the stage, never in the data."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write `path` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False) + "\n").encode())


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Totals:
    """What became of the rows that a step read, of a shard or a dataset: `read` = `kept` + the sum of `drops`.

    `rows` is how many it made of those that it kept, `spent` what language models took for it (tokens, calls, cost).
    """

    step: str = ""
    read: int = 0
    kept: int = 0
    rows: int = 0
    drops: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def dropped(self) -> int:
        return sum(self.drops.values())

    def __add__(self, other: "Totals") -> "Totals":
        drops = Counter(self.drops) + Counter(other.drops)
        return Totals(
            self.step,
            self.read + other.read,
            self.kept + other.kept,
            self.rows + other.rows,
            dict(sorted(drops.items())),
            round(self.seconds + other.seconds, 3),
            {name: self.spent.get(name, 0) + other.spent.get(name, 0) for name in {**self.spent, **other.spent}},
        )


class Ledger:
    """Parts the outcomes of one step over one shard into kept rows and drops, and checks that each row is answered once."""

    def __init__(self, step: str, reads_records: bool = False, spent: dict[str, float] | None = None) -> None:
        self.step = step
        self.reads_records = reads_records
        self.spent = spent or {}
        self.drops: list[Row] = []
        self._rows = 0
        self._counts: Counter[str] = Counter()
        self._read: set[str] = set()
        self._kept: set[str] = set()
        self._dropped: set[str] = set()

    def reading(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._read.add(row["id"])
            yield row

    def keeping(self, outcomes: Iterable[Outcome]) -> Iterator[Row]:
        """The rows among `outcomes`; of the drops only what is written of them is held."""
        for outcome in outcomes:
            if isinstance(outcome, Drop):
                self._drop(outcome)
                continue
            own = self.reads_records or outcome["id"] in self._read
            self._kept.add(outcome["id"] if own else outcome["parent"])
            self._rows += 1
            yield outcome

    def _drop(self, drop: Drop) -> None:
        row = drop.row
        self.drops.append({"id": row["id"], "parent": row.get("parent"), "reason": drop.reason, "value": _text(drop.value)})
        self._counts[drop.reason] += 1
        self._dropped.add(row["id"])

    def take_drops(self) -> list[Row]:
        """The drops since the last call."""
        drops, self.drops = self.drops, []
        return drops

    def totals(self, seconds: float) -> Totals:
        """The counts; raises `ConservationError` where a row is lost, invented or answered twice."""
        read = self._kept | self._dropped if self.reads_records else self._read
        faults = {
            "lost": read - self._kept - self._dropped,
            "invented": (self._kept | self._dropped) - read,
            "kept and dropped": self._kept & self._dropped,
        }
        for fault, ids in faults.items():
            if ids:
                raise ConservationError(
                    f"the stage {self.step!r} read {len(read)} rows and {fault} {len(ids)} of them, {min(ids)} first",
                    "this is a bug of the stage: every row read must be kept or dropped once",
                )
        if len(self._dropped) != self._counts.total():
            raise ConservationError(f"the stage {self.step!r} dropped a row twice", "this is a bug of the stage")
        drops = dict(sorted(self._counts.items()))
        return Totals(self.step, len(read), len(self._kept), self._rows, drops, round(seconds, 3), self.spent)


def shard_name(index: int) -> str:
    return f"part-{index:05d}.parquet"


def to_table(rows: list[Row], columns: pa.Schema) -> pa.Table:
    """`rows` under `columns`; a missing column is null, an undeclared one is refused."""
    unknown = {key for row in rows for key in row} - set(columns.names)
    if unknown:
        raise ConservationError(f"rows have undeclared columns: {', '.join(sorted(unknown))}", "declare them in schema.py")
    return pa.Table.from_pylist(rows, schema=columns)


def write_table(path: Path, table: pa.Table, footer: dict[str, Any]) -> None:
    sink = pa.BufferOutputStream()
    meta = {**(table.schema.metadata or {}), FOOTER: json.dumps(footer).encode()}
    pq.write_table(table.replace_schema_metadata(meta), sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def write_shard(
    folder: Path, index: int, rows: list[Row], ledgers: Sequence[Ledger], columns: pa.Schema, seconds: float
) -> list[Totals]:
    """Write what the steps of `ledgers` dropped, then the `rows` that the last one kept: the second rename completes it."""
    totals = [ledger.totals(seconds) for ledger in ledgers]
    _write_drops(folder, index, ledgers)
    write_table(folder / shard_name(index), to_table(rows, columns), _footer(totals))
    return totals


def write_split(
    folder: Path, rows: Iterable[Row], ledger: Ledger, columns: pa.Schema, shard_rows: int, started: float
) -> None:
    """Write the rows of a whole dataset as they come, in shards of `shard_rows`; the counts stand in the last."""
    part: list[Row] = []
    index = 0
    for row in rows:
        if len(part) == shard_rows:
            _write_drops(folder, index, [ledger])
            write_table(folder / shard_name(index), to_table(part, columns), _footer([]))
            part, index = [], index + 1
        part.append(row)
    write_shard(folder, index, part, [ledger], columns, time.time() - started)


def _footer(totals: list[Totals]) -> dict[str, Any]:
    return {"steps": [asdict(step) for step in totals]}


def _text(value: Any) -> str | None:
    if isinstance(value, float):
        return f"{value:.4g}"
    return None if value is None else str(value)


def _write_drops(folder: Path, index: int, ledgers: Sequence[Ledger]) -> None:
    drops = [{**drop, "step": ledger.step} for ledger in ledgers for drop in ledger.take_drops()]
    write_table(folder / "dropped" / shard_name(index), to_table(drops, DROPPED), {})


class Dataset:
    """A finished folder. Opening one that has no manifest raises `Incomplete`: it never looks empty."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not (self.path / MANIFEST).is_file():
            raise Incomplete(f"{self.path} has no {MANIFEST}: it is not finished", "run the same command again to finish it")
        self.manifest: dict[str, Any] = read_json(self.path / MANIFEST)

    @property
    def steps(self) -> list[Totals]:
        """What each step read, kept and dropped: one, unless the dataset is of a `Chain`."""
        return [Totals(**step) for step in self.manifest["steps"]]

    @property
    def totals(self) -> Totals:
        """The counts of the step that made the rows."""
        return self.steps[-1]

    @property
    def fingerprint(self) -> str:
        return str(self.manifest["fingerprint"])

    @property
    def shards(self) -> list[Path]:
        return sorted(self.path.glob("part-*.parquet"))

    @property
    def columns(self) -> pa.Schema:
        """The columns of its rows."""
        return pq.read_schema(self.shards[0]).remove_metadata()

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        """All rows in order, a shard at a time."""
        for shard in self.shards:
            yield from read_rows(shard, columns)

    def drops(self) -> Iterator[Row]:
        for shard in sorted((self.path / "dropped").glob("part-*.parquet")):
            yield from read_rows(shard)

    def __len__(self) -> int:
        return self.totals.rows


def read_rows(shard: Path, columns: list[str] | None = None) -> list[Row]:
    rows: list[Row] = pq.read_table(shard, columns=columns).to_pylist()
    return rows


def read_totals(shard: Path) -> list[Totals]:
    footer = json.loads(pq.read_schema(shard).metadata[FOOTER])
    return [Totals(**step) for step in footer["steps"]]


def count_rows(shard: Path) -> int:
    rows: int = pq.read_metadata(shard).num_rows
    return rows


def begin(folder: Path, plan: dict[str, Any], again: str) -> None:
    """Write the plan of `folder`, or refuse the folder if another plan made it; `again` is the command to type then."""
    settle(folder / PLAN, plan, again)


def settle(path: Path, wanted: dict[str, Any], again: str, same: Callable[[Any], Any] = lambda value: value) -> None:
    """Write `wanted` at `path`, or refuse the folder if something else stands there, naming the first leaf that differs.

    `same` takes from both what may differ.
    """
    if not path.exists():
        write_json(path, wanted)
        return
    unlike = differences(same(read_json(path)), same(json.loads(json.dumps(wanted))))
    if unlike:
        leaf, old, new = unlike[0]
        more = f" (and {len(unlike) - 1} more)" if len(unlike) > 1 else ""
        leaf = leaf.removeprefix("config.")
        raise PlanMismatch(f"{path.parent} was made with {leaf} = {old!r}, now it is {new!r}{more}", again)


def finish(folder: Path, plan: dict[str, Any], shards: int, started: float) -> Dataset:
    """Add the footers up, check conservation, and write the manifest, which finishes the dataset."""
    steps: dict[str, Totals] = {}
    for i in range(shards):
        for step in read_totals(folder / shard_name(i)):
            steps[step.step] = steps[step.step] + step if step.step in steps else step
    for step in steps.values():
        if step.read != step.kept + step.dropped:
            raise ConservationError(
                f"{folder}: {step.step!r} read {step.read} but kept {step.kept} and dropped {step.dropped}",
                "this is a bug of the stage: every row read must be kept or dropped once",
            )
    manifest = {
        "fingerprint": digest(plan),
        "plan": plan,
        "steps": [asdict(step) for step in steps.values()],
        "shards": shards,
        "wall_seconds": round(time.time() - started, 3),
    }
    write_json(folder / MANIFEST, manifest)
    return Dataset(folder)


def adopt(source: Path, folder: Path) -> None:
    """Take over a finished folder of another run by hard links, or by copies where the disk has none."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        shutil.copytree(source, partial, copy_function=os.link)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
