"""What an input names: files, folders, globs and addresses, data sets and crawls, as rows that one worker can read each.

A row is a file or a range of one. `file` is the same for all ranges of a file, and what is read gets its ids from it, so
that they do not depend on where a file was cut.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

from humpback.corpus.documents import hub, tables
from humpback.corpus.documents.archive import Record, records
from humpback.corpus.documents.files import filesystem, is_remote, packing
from humpback.corpus.documents.http import binary_type, looks_like_a_page
from humpback.corpus.inputs import crawl
from humpback.errors import UsageFault
from humpback.schema import Row, row_id

_TEXT_PACKINGS = ("", ".gz", ".zst", ".bz2", ".xz")
# Kind, endings, and what may follow them where the file is packed.
_KINDS: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("archive", (".warc", ".arc"), ("", ".gz", ".zst", ".lz4")),
    ("html", (".html", ".htm", ".xhtml"), _TEXT_PACKINGS),
    ("text", (".txt", ".md", ".markdown"), _TEXT_PACKINGS),
    ("jsonl", (".jsonl", ".ndjson"), _TEXT_PACKINGS),
    ("csv", (".csv", ".tsv"), _TEXT_PACKINGS),
    ("parquet", (".parquet",), ("",)),
    ("epub", (".epub",), ("",)),
    ("pdf", (".pdf",), ("",)),
]
KINDS = {ending + packing: kind for kind, endings, packings in _KINDS for ending in endings for packing in packings}
# Kinds that hold web pages or the like, with markup, and not texts.
PAGE_KINDS = ("archive", "html", "epub")
# Kinds with one document to a file, as a rule: many of them make a shard.
SINGLE_KINDS = ("html", "text", "epub", "pdf")
# A file larger than this is cut, so that several workers can read it at once.
SPLIT_BYTES = {"archive": 16 << 20, "jsonl": 64 << 20, "parquet": 64 << 20}
_EDGE = 1 << 20
_CONNECTIONS = 16
_READABLE = "readable: " + " ".join(ending for _, endings, _ in _KINDS for ending in endings)


class _File(NamedTuple):
    """A file in the file system `fs`, there called `path`; `shown` is what a user would type."""

    fs: Any
    path: str
    shown: str
    size: int | None


def kind_of(path: str) -> str | None:
    """What the ending of `path`, with or without that of a compression, says of its content."""
    name = path.partition("?")[0] if is_remote(path) else path
    _, *endings = name.rsplit("/", 1)[-1].lower().rsplit(".", 2)
    return next((KINDS[e] for e in ("." + ".".join(endings), "." + "".join(endings[-1:])) if e in KINDS), None)


def sources(inputs: Iterable[str], columns: Mapping[str, str] | None = None, split: bool = True) -> list[Row]:
    """One row for each file, or range of a file, that `inputs` name, sorted by path; large files are cut if `split`.

    An input is a path, folder, glob or address, a data set (`hub`) or a crawl (`crawl`). `columns` says what tables call
    a document's fields. Raises `UsageFault` for a path that matches nothing, a file of unknown kind or that cannot be
    opened, and a column that a table does not have.
    """
    tables.column_names(columns or {})
    datasets: list[Row] = []
    files: dict[str, _File] = {}
    for name in inputs:
        if hub.names_dataset(name):
            datasets += hub.sources(name)
            continue
        for pattern in crawl.archives(name) if name.startswith(crawl.SCHEME) else [name]:
            files.update((file.shown, file) for file in _expand(pattern))
    whole = _told_apart(_rows([files[shown] for shown in sorted(files)]))
    if columns:
        _check_columns(whole, datasets, columns)
    return [part for row in whole for part in (_cut(row) if split else [row])] + datasets


def _expand(pattern: str) -> list[_File]:
    fs, path = filesystem(pattern)
    try:
        return _matching(fs, path, pattern)
    except OSError as error:
        raise UsageFault(f"cannot read {pattern}: {_said(error)}", "check the path and who may read it") from None


def _matching(fs: Any, path: str, pattern: str) -> list[_File]:
    web = pattern.startswith(("http://", "https://"))
    is_glob = any(sign in path for sign in ("*[" if web else "*?["))
    # A page has links, and fsspec takes what has links for a folder.
    if not is_glob and (pattern.endswith("/") if web else fs.isdir(path)):
        found = [file for file in _files(fs, fs.find(path, detail=True), pattern) if kind_of(file.shown)]
        if not found:
            raise UsageFault(f"the folder {pattern} holds no file that can be read", _READABLE)
        return found
    found = _files(fs, fs.glob(path, detail=True), pattern) if is_glob else []
    if not found and fs.exists(path):
        found = _files(fs, {path: fs.info(path)}, pattern)
        if not found:
            raise UsageFault(f"{pattern} is no regular file", _READABLE)
    if not found:
        raise UsageFault(f"no file matches {pattern}", "check the path; a glob is put in quotes: 'pages/*.warc.gz'")
    return found


def _files(fs: Any, infos: Mapping[str, Any], pattern: str) -> list[_File]:
    """The regular files among `infos`: to open a pipe would be to wait for ever."""
    shown: Callable[[str], str] = fs.unstrip_protocol if "://" in pattern else str
    return [
        _File(fs, path, shown(path), info.get("size"))
        for path, info in infos.items()
        if info.get("type") == "file" or (info.get("islink") and fs.isfile(path))
    ]


def _rows(files: list[_File]) -> list[Row]:
    if not any(is_remote(file.shown) for file in files):
        return [_row(file) for file in files]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        return list(pool.map(_row, files))


def _row(file: _File) -> Row:
    """A file's row. Its id is its content's (size, first and last MiB), so that a moved file gives the same rows."""
    try:
        head, tail = _edges(file)
    except UsageFault:
        raise
    except Exception as error:  # noqa: BLE001 each file system has errors of its own
        raise UsageFault(f"cannot read {file.shown}: {_said(error)}", "check the path and who may read it") from None
    kind = kind_of(file.shown) or _sniffed(head)
    if not kind:
        raise UsageFault(f"{file.shown} is of no known kind", _READABLE)
    digest = hashlib.blake2b(head + tail + str(file.size).encode(), digest_size=16).hexdigest()
    name = row_id(digest, file.path.rsplit("/", 1)[-1])
    return {"id": name, "file": name, "path": file.shown, "kind": kind, "size": file.size, "digest": digest,
            "start": None, "end": None}  # fmt: skip


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _edges(file: _File) -> tuple[bytes, bytes]:
    size = file.size or 0
    far = max(_EDGE, size - _EDGE)
    if is_remote(file.shown):
        head = file.fs.cat_file(file.path, 0, min(_EDGE, size or _EDGE)) if file.size != 0 else b""
        return head[:_EDGE], file.fs.cat_file(file.path, far, size)[:_EDGE] if size > _EDGE else b""
    with open(file.path, "rb", buffering=0) as opened:  # noqa: PTH123 a hundred thousand files: without a detour
        head = opened.read(_EDGE)
        if size > _EDGE:
            opened.seek(far)
        return head, opened.read(_EDGE) if size > _EDGE else b""


def _sniffed(head: bytes) -> str | None:
    """The kind of a file whose ending says nothing, by its first bytes."""
    if head.startswith(b"PAR1"):
        return "parquet"
    binary = binary_type(head)
    if binary == "application/zip":
        return "epub" if b"application/epub+zip" in head[:200] else None
    if binary == "application/pdf":
        return "pdf"
    if any(isinstance(item, Record) for item in islice(records(io.BytesIO(head)), 2)):
        return "archive"
    return "html" if not binary and looks_like_a_page(head) else None


def _told_apart(rows: list[Row]) -> list[Row]:
    """Files of one name and content in several folders get ids of their own, for the place of each counts."""
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row["file"]] += 1
        if seen[row["file"]] > 1:
            row["id"] = row["file"] = row_id(row["file"], "again", seen[row["file"]])
    return rows


def _check_columns(files: list[Row], datasets: list[Row], columns: Mapping[str, str]) -> None:
    for row in files:
        if row["kind"] in tables.READERS:
            tables.check_columns(row["path"], tables.columns_of(row), columns)
    for path in {row["path"]: None for row in datasets}:
        tables.check_columns(path, hub.columns(path), columns)


def _cut(row: Row) -> list[Row]:
    """The ranges of a file: bytes of an archive or of JSONL, row groups of Parquet; or the row as it is."""
    most, size = SPLIT_BYTES.get(row["kind"]), row["size"] or 0
    if most is None or size <= most or (row["kind"] == "jsonl" and packing(row["path"])):
        return [row]
    if row["kind"] == "parquet":
        cuts = tables.row_groups(row["path"], most)
    else:
        cuts = [(start, min(start + most, size)) for start in range(0, size, most)]
    return [part_of(row, start, end) for start, end in cuts] if len(cuts) > 1 else [row]


def part_of(row: Row, start: int, end: int) -> Row:
    """The range from `start` up to `end` of the file that `row` names."""
    return {**row, "id": row_id(row["file"], f"{start}-{end}"), "start": start, "end": end}
