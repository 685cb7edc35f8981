"""The pairs of a run in the formats that trainers read, with where each came from beside it.

A format is a module here with `shape(row)`, which gives a row's own fields; its name is the format's, with hyphens. One
whose rows are no pairs that were selected has `rows(run)` too.
"""

import json
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from humpback import store
from humpback.corpus.documents.rights import AI_OPT_OUTS
from humpback.curate import scorers
from humpback.errors import UsageFault
from humpback.schema import Row

ROWS_PER_GROUP = 10_000
KEPT_COLUMNS = ("id", "source", "url", "header_path", "lang", "license", "opt_out", "score", "gain")

Writer = Callable[[Iterable[Row], pa.Schema], int]


def formats() -> list[str]:
    """The names of all formats."""
    return sorted(each.name.replace("_", "-") for each in pkgutil.iter_modules(__path__))


def export(
    run: Path, format_: str, out: Path, seed: bool = False, licenses: Sequence[str] = (), opt_out: bool = True
) -> int:
    """Write the pairs that the last round selected, or what they were rewritten to, to the file `out`; returns their number.

    With `seed` the pairs of the seed that were trained on go first. `licenses` are patterns ("CC-BY-*"): a pair under none
    of them, or under no known licence, stays out. Without `opt_out`, so do pairs of pages that opted out of AI training or
    text and data mining. Raises `UsageFault` where no pair is left.
    """
    if format_ not in formats():
        raise UsageFault(f"there is no format {format_!r}", f"choose one of: {', '.join(formats())}")
    write = writer(out)
    module = import_module(f"{__name__}.{format_.replace('-', '_')}")
    shape: Callable[[Row], Row] = module.shape
    found = list(module.rows(run) if hasattr(module, "rows") else selected(run, seed))
    allowed = [row for row in found if _allowed(row, licenses, opt_out)]
    if not found:
        raise UsageFault(
            f"{run} has nothing to export as {format_}", f"humpback show {run} tells what it has, and why rows fell"
        )
    if not allowed:
        wanted = ", ".join([*licenses, *([] if opt_out else ["no opt-out"])])
        stated = ", ".join(sorted({str(row.get("license") or "none stated") for row in found})[:9])
        raise UsageFault(f"none of {len(found)} pairs is allowed by: {wanted}", f"licences of the pairs: {stated}")
    # Whether the response is the page's own text.
    told = (*KEPT_COLUMNS, "answered") if any(row.get("answered") for row in allowed) else KEPT_COLUMNS
    rows = [{**shape(row), **{key: row.get(key) for key in told}} for row in allowed]
    rows = typed_first(rows)
    inferred, scored = pa.Table.from_pylist(rows).schema, scorers.schema()
    return write(rows, pa.schema([scored.field(each.name) if each.name in told else each for each in inferred]))


def _allowed(row: Row, licenses: Sequence[str], opt_out: bool) -> bool:
    name = (row.get("license") or "").casefold()
    under = not licenses or any(fnmatchcase(name, pattern.casefold()) for pattern in licenses)
    return under and (opt_out or set(row.get("opt_out") or ()).isdisjoint(AI_OPT_OUTS))


def selected(run: Path, seed: bool) -> Iterator[Row]:
    """The pairs of the last selection that a model was trained on; of a run that is not so far, of the last one.

    Of a run that rewrote them, these with their rewritten answers; of one with a second gate, what passed it; of one that
    reworded pairs, those in other words; of one that found them on pages, these.
    """
    rounds = store.datasets(run, kind="selected")
    rewritten = [each for by in ("rewritten", "chosen") for each in store.datasets(run, kind="rewrites", by=by)]
    gated = store.datasets(run, name="differing-gated")
    models = {model.about.get("round") for model in store.find(run, kind="model", role="forward")}
    trained = [each for each in rounds if each.about.get("round") in models]
    reworded = [*store.datasets(run, kind="augmented"), *store.datasets(run, kind="pairs", method="found")]
    if not rounds and not reworded and not gated:
        raise UsageFault(f"{run} has no selected pairs", f"finish the run first; humpback show {run} tells how far it is")
    if seed:
        for each in store.datasets(run, kind="seed")[-1:]:
            yield from (row for row in each.rows() if row["split"] == "train")
    if rounds or gated:
        yield from (gated or rewritten or trained or rounds)[-1].rows()
    else:
        yield from (row for row in reworded[-1].rows() if row["method"] == "pivot" or row["source"] == "found")


def typed_first(rows: list[Row]) -> list[Row]:
    """`rows` with those in front that first have a value in some column, the others as they were.

    Who reads JSONL block by block takes the types of the first one (`datasets`: the first 10 MiB): a column that is empty
    there, and is not later, cannot be read.
    """
    shown: dict[str, int] = {}
    for i, row in enumerate(rows):
        for name, value in row.items():
            if name not in shown and value not in (None, [], {}):
                shown[name] = i
    first = sorted(set(shown.values()))
    chosen = set(first)
    return [*(rows[i] for i in first), *(row for i, row in enumerate(rows) if i not in chosen)]


def writer(out: Path) -> Writer:
    """What writes rows to the file `out`, JSONL, JSON or Parquet as its name ends, and returns their number."""
    known = {".jsonl": _write_jsonl, ".json": _write_json, ".parquet": _write_parquet}
    if out.suffix not in known:
        raise UsageFault(f"{out} is neither JSONL, JSON nor Parquet", "end the name in .jsonl, .json or .parquet")
    return partial(_write_whole, known[out.suffix], out)


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


def _write_json(rows: Iterator[Row], _: pa.Schema, path: Path) -> int:
    """One list, as AlpacaEval reads its files."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(("[\n" if not count else ",\n") + json.dumps(row, ensure_ascii=False))
            count += 1
        file.write("\n]\n" if count else "[]\n")
    return count


def _write_parquet(rows: Iterator[Row], columns: pa.Schema, path: Path) -> int:
    count = 0
    with pq.ParquetWriter(path, columns, compression="zstd") as file:
        while batch := list(islice(rows, ROWS_PER_GROUP)):
            file.write_table(store.to_table(batch, columns))
            count += len(batch)
    return count
