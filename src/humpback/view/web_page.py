"""A segment inside its page: the page is read again from where the run read it, and cut again as it was cut then."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humpback.config import build, known
from humpback.corpus.cutting.page import Heading
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.explain import fates
from humpback.corpus.inputs.sources import part_of, sources
from humpback.corpus.pages import CorpusSettings
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.stage import Drop
from humpback.view.opened import Opened
from humpback.view.tables import NoSuch


@dataclass(frozen=True)
class Seen:
    """A block of the page: its text, its level if it is a heading, why it was left out, and whether the segment holds it."""

    text: str
    level: int
    fate: str
    inside: bool


def blocks(opened: Opened, row: Row) -> list[Seen]:
    """The blocks of the page that `row` was cut from; raises `NoSuch` where it is no segment, or the page is not there."""
    if "header_path" not in row or not row.get("url"):
        raise NoSuch("this row was cut from no page")
    document = _document(opened, row)
    text = str(row.get("text") or row.get("response"))
    return list(_seen(document, text, row["header_path"] or []))


def _seen(document: Row, text: str, path: list[str]) -> Iterator[Seen]:
    for event, fate in fates(document):
        heading = isinstance(event, Heading)
        inside = event.text in path[-1:] if heading else bool(event.text.strip()) and event.text.strip() in text
        yield Seen(event.text, event.level if isinstance(event, Heading) else 0, fate, inside)


def _document(opened: Opened, row: Row) -> Row:
    settings = _settings(opened)
    place: Any = row.get("offset")
    here = [
        each for each in settings.inputs if each.startswith("file://") or (each != "-" and ":" not in each.partition("/")[0])
    ]
    if not here:
        raise NoSuch("the pages of this run are in no file on this machine, and nothing is fetched")
    try:
        for source in sources(here, settings.columns, split=False):
            held = Path(source["path"]).name == row.get("warc")
            if row.get("warc") and not held:
                continue
            part = part_of(source, place, place + 1) if held and place is not None else source
            for found in read(DocumentsConfig(columns=settings.columns), [part]):
                if not isinstance(found, Drop) and found["url"] == row["url"]:
                    return found
    except UsageFault as error:
        raise NoSuch(f"the page is not where the run read it: {error.fact}") from None
    raise NoSuch(f"the page is not where the run read it: {row['url']}")


def _settings(opened: Opened) -> CorpusSettings:
    config = opened.reading.about["config"]
    told = config.get("corpus") or config
    return build(CorpusSettings, [known(CorpusSettings, told)])
