"""Texts that are whole already: of the segments of another run, or of files whose rows have a `text`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from humpback import store
from humpback.config import Config
from humpback.corpus.documents.formats import formats
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.pages import files_of
from humpback.errors import UsageFault
from humpback.run import RUN_FILE, Run
from humpback.schema import DOCUMENT, SEGMENT, Row, row_id
from humpback.stage import Drop, Outcome, Stage
from humpback.store import MANIFEST, Dataset
from humpback.text.language import identify
from humpback.text.sentences import count_chars


def texts(run: Run, path: str, columns: dict[str, str]) -> Dataset:
    """The texts at `path`, as segments; raises `UsageFault` for pages, which have to be cut first."""
    folder = Path(path)
    if (folder / MANIFEST).is_file():
        return Dataset(folder)
    if (folder / RUN_FILE).is_file():
        found = store.one(folder, kind="segments")
        assert isinstance(found, Dataset)
        return found
    files = files_of(run, [path], columns)
    if any(formats()[row["kind"]].pages for row in files.rows(["kind"])):
        raise UsageFault(f"{path} holds pages, not texts", f"cut them first: humpback segments {path} --out runs/segments")
    documents = Stage("documents", DOCUMENT, read, DocumentsConfig(columns=columns), reads="records")
    return run.map(
        "texts", Stage("texts", SEGMENT, whole), run.map("documents", documents, files, kind="documents"), kind="segments"
    )


def whole(_: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each document that has a text as one segment, uncut."""
    for row in rows:
        if not row.get("text"):
            yield Drop(row, "no_text", None)
            continue
        yield {
            "id": row_id(row["id"], "text"),
            "parent": row["id"],
            "url": row.get("url"),
            "header_path": [row["title"]] if row.get("title") else [],
            "level": 1,
            "text": row["text"],
            "n_chars": count_chars(row["text"]),
            "lang": identify(row["text"])[0],
            "license": row.get("license"),
            "opt_out": row.get("opt_out"),
        }
