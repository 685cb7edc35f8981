"""The pairs of a run in the formats that trainers read, with where each came from beside it."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from humpback import store
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.store import Dataset

FORMATS = ("messages", "prompt-completion", "alpaca", "sharegpt")
ROWS_PER_GROUP = 10_000
KEPT_COLUMNS = ("id", "source", "url", "header_path", "score", "gain")


def export(run: Path, format_: str, out: Path, seed: bool) -> int:
    """Write the pairs that the last round selected (with `seed`, the training seed before them); returns their number."""
    if format_ not in FORMATS:
        raise UsageFault(f"there is no format {format_!r}", f"choose one of: {', '.join(FORMATS)}")
    write = writer(out)
    rows = [shape(row, format_) for row in selected(run, seed)]
    return write(rows, pa.Table.from_pylist(rows).schema)


Writer = Callable[[Iterable[Row], pa.Schema], int]


def writer(out: Path) -> Writer:
    """What writes rows to the file `out`, JSONL or Parquet as its name ends, and returns their number."""
    formats = {".jsonl": _write_jsonl, ".parquet": _write_parquet}
    if out.suffix not in formats:
        raise UsageFault(f"{out} is neither JSONL nor Parquet", "end the name in .jsonl or .parquet")
    return partial(_write_whole, formats[out.suffix], out)


def _write_whole(
    write: Callable[[Iterator[Row], pa.Schema, Path], int], out: Path, rows: Iterable[Row], columns: pa.Schema
) -> int:
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.partial")
    count = write(iter(rows), columns, beside)
    beside.replace(out)
    return count


def _write_jsonl(rows: Iterator[Row], _: pa.Schema, path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_parquet(rows: Iterator[Row], columns: pa.Schema, path: Path) -> int:
    count = 0
    with pq.ParquetWriter(path, columns, compression="zstd") as writer:
        while batch := list(islice(rows, ROWS_PER_GROUP)):
            writer.write_table(store.to_table(batch, columns))
            count += len(batch)
    return count


def selected(run: Path, seed: bool) -> Iterator[Row]:
    """The pairs of the last round that was trained on; of a run that is not so far, of the last that selected."""
    rounds = sorted(run.glob("[0-9]*-selected-*"), key=_number)
    trained = [each for each in rounds if any(run.glob(f"[0-9]*-forward-{_number(each)}"))]
    if not rounds:
        raise UsageFault(f"{run} has no selected pairs", f"finish the run first; humpback show {run} tells how far it is")
    if seed:
        yield from (r for r in Dataset(min(run.glob("[0-9]*-seed"))).rows() if r["split"] == "train")
    yield from Dataset((trained or rounds)[-1]).rows()


def _number(folder: Path) -> int:
    """Of the round."""
    return int(folder.name.rpartition("-")[2])


def shape(row: Row, format_: str) -> dict[str, Any]:
    """`row` in the form `format_`, with its id, source, address and scores."""
    asked, said = row["instruction"], row["response"]
    made: dict[str, dict[str, Any]] = {
        "messages": {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]},
        "prompt-completion": {
            "prompt": [{"role": "user", "content": asked}],
            "completion": [{"role": "assistant", "content": said}],
        },
        "alpaca": {"instruction": asked, "input": "", "output": said},
        "sharegpt": {"conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": said}]},
    }
    return {**made[format_], **{key: row.get(key) for key in KEPT_COLUMNS}}
