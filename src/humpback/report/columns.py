"""Columns of datasets, for what is told of all rows: half a million pairs are read once, and their texts are left alone."""

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from humpback.schema import Row
from humpback.store import Dataset

# Short words, which are read of all rows; other text is read of those alone that are shown.
SHORT = ("id", "judge", "status")


def column(dataset: Dataset, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers, nan where there is none; all nan of a column that the dataset has not."""
    found = _short(dataset)
    if name not in found.column_names:
        return np.full(len(dataset), np.nan)
    values: npt.NDArray[np.float64] = found.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def words(dataset: Dataset, name: str) -> list[Any]:
    """A column of `SHORT`; Nones of one that the dataset has not."""
    found = _short(dataset)
    values: list[Any] = found.column(name).to_pylist() if name in found.column_names else [None] * len(dataset)
    return values


def picked(dataset: Dataset | None, ids: Collection[str]) -> dict[str, Row]:
    """The rows of those `ids`, whole, by id: the shards that have none are not read."""
    if dataset is None or not ids:
        return {}
    ends = np.cumsum([len(chunk) for chunk in _short(dataset).column("id").chunks])
    places = np.flatnonzero(np.isin(np.array(words(dataset, "id")), list(ids)))
    rows: list[Row] = []
    for i in np.unique(np.searchsorted(ends, places, side="right")):
        start = ends[i] - len(_short(dataset).column("id").chunk(int(i)))
        own = [int(place - start) for place in places if start <= place < ends[i]]
        rows += pq.read_table(dataset.shards[i]).take(own).to_pylist()
    return {row["id"]: row for row in rows}


def _short(dataset: Dataset) -> pa.Table:
    return _read(dataset.path, dataset.fingerprint)


@lru_cache(maxsize=8)
def _read(path: Path, _fingerprint: str) -> pa.Table:
    """Numbers and short words of all rows, a chunk for each shard."""
    shards = Dataset(path).shards
    schema = pq.read_schema(shards[0])
    wanted = [field.name for field in schema if field.name in SHORT or _is_number(field.type)]
    return pa.concat_tables([pq.read_table(shard, columns=wanted).combine_chunks() for shard in shards])


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
