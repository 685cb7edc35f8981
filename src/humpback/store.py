"""Datasets on disk: folders of Parquet shards. A shard that exists is complete; a folder with a manifest is finished.

    03-pairs/plan.json  part-00000.parquet  dropped/part-00000.parquet  manifest.json

Every file is written beside its place, synced and renamed. The footer of a shard says what each step read, kept and
dropped for which reason; the manifest adds the footers up and is refused unless read = kept + dropped. Plan and manifest
say what the folder is (`about`: name, kind, role, model, round ...), by which it is found; its name is for people.
"""

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from humpback.config import Planned, differences, digest
from humpback.errors import Incomplete, PlanMismatch, UsageFault
from humpback.ledger import ConservationError, Ledger, Totals
from humpback.schema import DROPPED, Row

FOOTER = b"humpback"
PLAN, MANIFEST = "plan.json", "manifest.json"
# What the name of a folder ends in while a work that is renamed when it is whole goes on in it.
PARTIAL = ".partial"


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


def _write_drops(folder: Path, index: int, ledgers: Sequence[Ledger]) -> None:
    drops = [{**drop, "step": ledger.step} for ledger in ledgers for drop in ledger.take_drops()]
    write_table(folder / "dropped" / shard_name(index), to_table(drops, DROPPED), {})


class Finished:
    """A finished folder: a dataset, or what a step made. Opening one without a manifest raises `Incomplete`."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not (self.path / MANIFEST).is_file():
            raise Incomplete(f"{self.path} has no {MANIFEST}: it is not finished", "run the same command again to finish it")
        self.manifest: dict[str, Any] = read_json(self.path / MANIFEST)
        if "place" not in self.manifest:
            raise UsageFault(f"{self.path} was made by an older humpback: its {MANIFEST} has no place", "make it again")

    @property
    def plan(self) -> dict[str, Any]:
        plan: dict[str, Any] = self.manifest["plan"]
        return plan

    @property
    def about(self) -> dict[str, Any]:
        """What it is: `name`, `kind`, and as far as they apply `of`, `method`, `role`, `model`, `round`, `split`, `arm`."""
        about: dict[str, Any] = self.plan["about"]
        return about

    @property
    def place(self) -> int:
        """Its number in its run."""
        return int(self.manifest["place"])

    @property
    def fingerprint(self) -> str:
        return str(self.manifest["fingerprint"])


class Dataset(Finished):
    """A finished folder of shards; it never looks empty because it is not finished."""

    @property
    def steps(self) -> list[Totals]:
        """What each step read, kept and dropped: one, unless the dataset is of a `Chain`."""
        return [Totals(**step) for step in self.manifest["steps"]]

    @property
    def totals(self) -> Totals:
        """The counts of the step that made the rows."""
        return self.steps[-1]

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


@dataclass(frozen=True)
class Again:
    """The rows of a dataset, which can be gone through more than once; what is read is entered into `ledger`."""

    dataset: Dataset
    ledger: Ledger

    def __iter__(self) -> Iterator[Row]:
        return self.ledger.reading(self.dataset.rows())


F = TypeVar("F", bound=Finished)

# A setting that names a dataset: in a plan it stands by its fingerprint.
DatasetFolder = Annotated[Path, Planned(lambda folder: Finished(folder).fingerprint)]


def find(folder: Path, **about: Any) -> list[Finished]:
    """What is finished in the run `folder` and is such as `about` says, in the order in which it was begun."""
    found = [_opened(path / MANIFEST, (path / MANIFEST).stat().st_mtime_ns) for path in finished(folder)]
    fits = [each for each in found if all(each.about.get(name) == value for name, value in about.items())]
    return sorted(fits, key=lambda each: each.place)


def finished(folder: Path) -> list[Path]:
    """The finished folders in the run `folder`. What is still in work may have a manifest for a moment before its rename."""
    return [path.parent for path in folder.glob(f"*/{MANIFEST}") if path.parent.suffix != PARTIAL]


def datasets(folder: Path, **about: Any) -> list[Dataset]:
    """Those of `find` that have rows."""
    return [each for each in find(folder, **about) if isinstance(each, Dataset)]


def one(folder: Path, **about: Any) -> Finished:
    """The last of `find`; raises `UsageFault` where there is none."""
    return last(find(folder, **about), folder, about)


def last(found: Sequence[F], folder: Path, about: dict[str, Any]) -> F:
    """The last of what was `found` in `folder`; raises `UsageFault` where that is nothing."""
    if not found:
        told = ", ".join(f"{name} {value}" for name, value in about.items())
        raise UsageFault(f"{folder} has nothing finished of {told}", f"see how far it is: humpback show {folder}")
    return found[-1]


@lru_cache(maxsize=4096)
def _opened(manifest: Path, _changed: int) -> Finished:
    found = Finished(manifest.parent)
    return Dataset(manifest.parent) if "steps" in found.manifest else found


def read_rows(shard: Path, columns: list[str] | None = None) -> list[Row]:
    rows: list[Row] = pq.read_table(shard, columns=columns).to_pylist()
    return rows


def read_totals(shard: Path) -> list[Totals]:
    footer = json.loads(pq.read_schema(shard).metadata[FOOTER])
    return [Totals(**step) for step in footer["steps"]]


def count_rows(shard: Path) -> int:
    rows: int = pq.read_metadata(shard).num_rows
    return rows


def begin(folder: Path, plan: dict[str, Any], place: int, again: str) -> None:
    """Write the plan of `folder`, or refuse the folder if another plan made it, naming the first leaf that differs.

    `again` is the command to type then.
    """
    path = folder / PLAN
    if not path.exists():
        write_json(path, {**plan, "place": place})
        return
    unlike = differences({**read_json(path), "place": place}, {**plan, "place": place})
    if unlike:
        leaf, old, new = unlike[0]
        more = f" (and {len(unlike) - 1} more)" if len(unlike) > 1 else ""
        leaf = leaf.removeprefix("config.")
        raise PlanMismatch(f"{folder} was made with {leaf} = {old!r}, now it is {new!r}{more}", again)


def finish(folder: Path, plan: dict[str, Any], place: int, shards: int, started: float) -> Dataset:
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
        "place": place,
        "plan": plan,
        "steps": [asdict(step) for step in steps.values()],
        "shards": shards,
        "wall_seconds": round(time.time() - started, 3),
    }
    write_json(folder / MANIFEST, manifest)
    return Dataset(folder)


def adopt(source: Path, folder: Path, place: int) -> None:
    """Take over a finished folder of another run by hard links, or by copies where the disk has none."""
    # Not where a step would work: one that was killed there goes on with what it finds, and these files are the other run's.
    partial = folder.with_name(f"{folder.name}.taken{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        shutil.copytree(source, partial, copy_function=os.link)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial)
    for name in (PLAN, MANIFEST):
        write_json(partial / name, {**read_json(partial / name), "place": place})
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
