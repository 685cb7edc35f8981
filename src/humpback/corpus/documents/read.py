"""Sources to documents: each record is a document or a drop with its reason, so that no page goes missing unseen."""

from collections.abc import Iterable, Iterator

from pydantic import Field

from humpback.config import Config
from humpback.corpus.documents.document import dropped
from humpback.corpus.documents.formats import formats
from humpback.corpus.documents.tables import column_names
from humpback.schema import Row
from humpback.stage import Outcome


class DocumentsConfig(Config):
    """How records are read: the columns for a document's fields (`tables.FIELDS`), as in {"text": "content"}."""

    columns: dict[str, str] = Field({}, description="what tables call text, html, id, url, title, date, license")


def read(config: DocumentsConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The documents of each source, and a `Drop` for every record that is none."""
    names = column_names(config.columns)
    for source in rows:
        nothing = True
        try:
            for outcome in formats()[source["kind"]].read(source, names):
                nothing = False
                yield outcome
        except OSError as error:
            nothing = False
            yield dropped(source, f"unreadable{source['start'] or ''}", "unreadable_file", error.strerror or str(error))
        # A range may well have no record that begins in it.
        if nothing and source["start"] is None:
            yield dropped(source, "empty", "empty_source", source["size"])
