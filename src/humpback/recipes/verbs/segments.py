"""Cut pages into segments that may be answers: the corpus stages alone.

humpback segments 'pages/*.warc.gz' --out runs/segments --to segments.jsonl
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from humpback.config import Shown
from humpback.corpus import pages
from humpback.corpus.cutting.segment import Unit
from humpback.corpus.extract import whole_texts, whole_texts_of
from humpback.run import Run
from humpback.store import Dataset


class Settings(pages.CorpusSettings):
    """Pages and how they are cut."""

    inputs: Annotated[
        tuple[str, ...],
        Shown(
            place="argument",
            help="Archives, pages, texts, tables, books: paths, folders, globs, addresses; - is standard input.",
        ),
    ] = ()
    unit: Annotated[Unit | None, Shown(place="option", help="What a segment is: header_tree, document or paragraph.")] = (
        Field(None, description="what a segment is; unset: as segment.unit says")
    )
    text: Annotated[bool, Shown(place="option", help="The whole main text of each page as Markdown, uncut, by no rule.")] = (
        Field(False, description="the whole main text of each page, for who wants an extractor")
    )
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


def recipe(run: Run, settings: Settings) -> Dataset:
    """Pages to segments, or to their whole texts."""
    if settings.text:
        return whole_texts(run, settings)
    cut = settings.segment.model_copy(update={"unit": settings.unit}) if settings.unit else settings.segment
    return pages.segments(run, settings.model_copy(update={"segment": cut}), settings.random_seed)


def printed(settings: Settings) -> Iterator[str] | None:
    """What is printed where no folder is given: the whole texts; nothing else is."""
    return whole_texts_of(settings.inputs, settings.columns) if settings.text else None
