"""The pairs of a run in the formats that trainers read, with where each came from beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from humpback import store
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.store import Dataset

FORMATS = ("messages", "prompt-completion", "alpaca", "sharegpt")
KEPT_COLUMNS = ("id", "source", "url", "header_path", "score", "gain")


def export(run: Path, format_: str, out: Path, seed: bool) -> int:
    """Write the pairs that the last round selected (with `seed`, the training seed before them); returns their number."""
    if format_ not in FORMATS:
        raise UsageFault(f"there is no format {format_!r}", f"choose one of: {', '.join(FORMATS)}")
    if out.suffix not in (".jsonl", ".parquet"):
        raise UsageFault(f"{out} is neither JSONL nor Parquet", "end --out in .jsonl or .parquet")
    rows = [shape(row, format_) for row in selected(run, seed)]
    if out.suffix == ".jsonl":
        store.write_bytes(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    else:
        store.write_table(out, pa.Table.from_pylist(rows), {})
    return len(rows)


def selected(run: Path, seed: bool) -> Iterator[Row]:
    """The pairs of the last finished round."""
    rounds = sorted(run.glob("[0-9][0-9]-selected-*"))
    if not rounds:
        raise UsageFault(f"{run} has no selected pairs", f"finish the run first; humpback show {run} tells how far it is")
    if seed:
        yield from (r for r in Dataset(min(run.glob("[0-9][0-9]-seed"))).rows() if r["split"] == "train")
    yield from Dataset(rounds[-1]).rows()


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
