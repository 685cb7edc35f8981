"""Single web pages, saved as they came."""

from collections.abc import Iterator, Mapping

from humpback.corpus.documents.document import begun, content, page
from humpback.corpus.documents.formats import TEXT_PACKINGS, Format
from humpback.corpus.documents.http import binary_type, looks_like_a_page
from humpback.schema import Row
from humpback.stage import Drop, Outcome


def read(source: Row, _: Mapping[str, str]) -> Iterator[Outcome]:
    """The page; its address is the file's path."""
    body = content(source)
    yield body if isinstance(body, Drop) else page({**begun(source, "0"), "url": source["path"]}, body)


FORMAT = Format(
    read,
    endings=(".html", ".htm", ".xhtml"),
    packings=TEXT_PACKINGS,
    begins=lambda head: not binary_type(head) and looks_like_a_page(head),
    pages=True,
    single=True,
)
