"""Rows and runs made short, for many tests. In a module of its own: what jobs carry between processes must be found by name,
and of modules called conftest there are several."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from humpback.config import Config
from humpback.run import Run
from humpback.schema import SEGMENT, Row
from humpback.stage import Stage
from humpback.store import Dataset


class TestSettings(Config):
    """Settings with two leaves to change."""

    __test__ = False
    k: float = 4.5
    name: str = "a"


def segment_row(number: int, **more: Any) -> Row:
    text = f"Text {number} tells how a bicycle chain is oiled, cleaned and measured in {number + 2} steps."
    row = {"id": f"s{number:03d}", "parent": "doc", "url": f"https://a.example/{number}",
           "header_path": [f"Heading {number}"],
           "level": 2, "text": text, "n_chars": len(text), "lang": "en"}  # fmt: skip
    return {**row, **more}


class Given(Config):
    """Rows that a test made up, as the settings of their origin."""

    rows: tuple[dict[str, Any], ...]


def given(config: Given) -> Iterator[Row]:
    yield from config.rows


def as_they_are(config: Config, rows: Iterable[Row]) -> Iterator[Row]:
    yield from rows


def rows_in(run: Run, rows: Iterable[Row], columns: pa.Schema, name: str = "rows", **about: Any) -> Dataset:
    """A dataset of `rows` in one shard."""
    return run.put(name, Stage(name, columns, given, Given(rows=tuple(rows))), **about)


def sharded(run: Run, source: Dataset, shard_rows: int = 8, **about: Any) -> Dataset:
    """`source` in shards of `shard_rows`."""
    stage = Stage("shards", source.columns, as_they_are, scope="dataset", shard_rows=shard_rows)
    return run.map("shards", stage, source, **about)


def segments_in(run: Run, count: int, shard_rows: int = 8) -> Dataset:
    """A dataset of `count` segments in shards of `shard_rows`."""
    return sharded(run, rows_in(run, [segment_row(i) for i in range(count)], SEGMENT), shard_rows, kind="segments")
