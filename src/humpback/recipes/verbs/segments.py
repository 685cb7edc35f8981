"""Cut pages into segments that may be answers: the corpus stages alone.

humpback segments 'pages/*.warc.gz' --out runs/segments --to segments.jsonl
"""

from typing import Annotated

from pydantic import Field

from humpback.config import Shown
from humpback.corpus import pages
from humpback.run import Run
from humpback.store import Dataset


class Settings(pages.CorpusSettings):
    """Pages and how they are cut."""

    inputs: Annotated[
        tuple[str, ...],
        Shown(place="argument", help="Archives, pages, texts, tables, books: paths, folders, globs, addresses."),
    ] = ()
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


def recipe(run: Run, settings: Settings) -> Dataset:
    """Pages to segments."""
    return pages.segments(run, settings, settings.random_seed)
