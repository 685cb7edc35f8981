"""Plain text and Markdown: a file is a document as it stands."""

from collections.abc import Iterator, Mapping

from humpback.corpus.documents.document import begun, content, fault_of, writable
from humpback.corpus.documents.encoding import decode
from humpback.corpus.documents.formats import TEXT_PACKINGS, Format
from humpback.schema import Row
from humpback.stage import Drop, Outcome


def read(source: Row, _: Mapping[str, str]) -> Iterator[Outcome]:
    """The text; its address is the file's path."""
    body, row = content(source), {**begun(source, "0"), "url": source["path"]}
    if isinstance(body, Drop):
        yield body
    elif fault := fault_of(body):
        yield Drop(row, *fault)
    else:
        text, encoding = decode(body)
        yield {**row, "text": writable(text), "encoding": encoding}


FORMAT = Format(read, endings=(".txt", ".md", ".markdown"), packings=TEXT_PACKINGS, single=True)
