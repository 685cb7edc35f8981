"""What an input names: files, folders, globs and addresses, data sets and crawls, as rows that one worker can read each.

A row is a file or a range of one. `file` is the same for all ranges of a file, and what is read gets its ids from it, so
that they do not depend on where a file was cut. `digest` tells a changed file from the old one (`contents.digest_of`).
"""

import glob
import hashlib
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

from humpback.config import Config, Planned, digest
from humpback.corpus.documents import tables
from humpback.corpus.documents.encoding import decode
from humpback.corpus.documents.files import DAMAGE, filesystem, is_remote, open_unpacked, shown
from humpback.corpus.documents.formats import formats, kind_of, sniffed
from humpback.corpus.documents.http import binary_type
from humpback.corpus.inputs import crawl
from humpback.corpus.inputs.contents import EDGE, File, digest_of, edges_of
from humpback.errors import UsageFault
from humpback.schema import Row, row_id

_CONNECTIONS = 16
_PACKINGS = {b"\x1f\x8b": ".gz", b"\xfd7zXZ": ".xz", b"\x28\xb5\x2f\xfd": ".zst", b"BZh": ".bz2"}


def sources(
    inputs: Iterable[str], columns: Mapping[str, str] | None = None, split: bool | int = True, whole: bool = False
) -> list[Row]:
    """One row for each file, or range of a file, that `inputs` name, sorted by path; large files are cut if `split`, into
    ranges of so many bytes if that is a number. Digests are of `whole` files however large.

    An input is a path, folder, glob or address, "-" (standard input), a data set (`hub`) or a crawl (`crawl`). `columns`
    says what tables call a document's fields. Raises `UsageFault` for a path that matches nothing, a file of unknown kind or
    that cannot be opened, and a column that a table does not have.
    """
    tables.column_names(columns or {})
    datasets: list[Row] = []
    files: dict[str, File] = {}
    for name in map(_typed, inputs):
        named = _named(name)
        if named is not None:
            datasets += named
            continue
        for pattern in crawl.archives(name) if name.startswith(crawl.SCHEME) else [name]:
            files.update((file.shown, file) for file in _expand(pattern))
    found = _told_apart(_rows([files[shown] for shown in sorted(files)], whole))
    if columns:
        for path, row in {row["path"]: row for row in [*found, *datasets]}.items():
            columns_of = formats()[row["kind"]].columns
            if columns_of:
                tables.check_columns(path, columns_of(row), columns)
    return [part for row in found for part in (_cut(row, split) if split else [row])] + datasets


def _typed(name: str) -> str:
    """The path of an input; what comes in by standard input ("-") is kept in a file that is named for its content."""
    return _standard_input() if name == "-" else name


@cache
def _standard_input() -> str:
    if sys.stdin is None:
        raise UsageFault("there is no standard input", "give a path, or pipe something in")
    content = sys.stdin.buffer.read()
    folder = Path(tempfile.gettempdir()) / "humpback-stdin" / hashlib.blake2b(content, digest_size=16).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    packing = next((ending for magic, ending in _PACKINGS.items() if content.startswith(magic)), "")
    path = folder / f"stdin{packing}"
    path.write_bytes(content)
    if sniffed(content[:EDGE]):
        return str(path)
    try:
        with open_unpacked(str(path)) as file:
            begin = file.read(EDGE)
    except DAMAGE as error:
        raise UsageFault(f"standard input cannot be unpacked: {error}", "give the file by its name") from None
    if binary_type(begin):
        return str(path)
    head = decode(begin)[0].lstrip()
    # A wiki's "{{box}}" is no record.
    is_records = head.startswith("{") and not head.startswith("{{")
    is_list = head.startswith("[") and head[1:].lstrip().startswith("{")
    kind = ".html" if head.startswith("<") else ".jsonl" if is_records else ".json" if is_list else ".txt"
    return str(path.rename(folder / f"stdin{kind}{packing}"))


def _named(name: str) -> list[Row] | None:
    """The sources of an input that is no file."""
    for format in formats().values():
        if format.named and (rows := format.named(name)) is not None:
            return rows
    return None


def _expand(pattern: str) -> list[File]:
    fs, path = filesystem(pattern)
    try:
        return _matching(fs, path, pattern)
    except OSError as error:
        raise UsageFault(f"cannot read {shown(pattern)}: {_said(error)}", "check the path and who may read it") from None


def _matching(fs: Any, path: str, pattern: str) -> list[File]:
    """The files at `path`; signs of a glob in a name that is there, or in a folder's above it, are part of the name."""
    web = pattern.startswith(("http://", "https://"))
    is_glob = any(sign in path for sign in ("*[" if web else "*?["))
    if is_glob and not is_remote(pattern):
        path, is_glob = _literal_as_far_as_it_goes(path)
    # A page has links, and fsspec takes what has links for a folder.
    if not is_glob and (pattern.endswith("/") if web else fs.isdir(path)):
        found = [file for file in _files(fs, fs.find(path, detail=True), pattern) if kind_of(file.shown)]
        if not found:
            raise UsageFault(f"the folder {shown(pattern)} holds no file that can be read", _readable())
        return found
    found = _files(fs, fs.glob(path, detail=True), pattern) if is_glob else []
    if not found and fs.exists(path):
        found = _files(fs, {path: fs.info(path)}, pattern)
        if not found:
            raise UsageFault(f"{shown(pattern)} is no regular file", _readable())
    if not found:
        raise UsageFault(f"no file matches {shown(pattern)}", "check the path; a glob is put in quotes: 'pages/*.warc.gz'")
    return found


def _literal_as_far_as_it_goes(path: str) -> tuple[str, bool]:
    """A local path, with the signs escaped in those parts that are there as they stand; whether others are left."""
    there, _, rest = path, "", ""
    while there and not os.path.lexists(there):
        there, _, last = there.rpartition("/")
        rest = f"/{last}{rest}"
    return (glob.escape(there) + rest, True) if rest else (there, False)


def _readable() -> str:
    return "readable: " + " ".join(ending for format in formats().values() for ending in format.endings)


def _files(fs: Any, infos: Mapping[str, Any], pattern: str) -> list[File]:
    """The regular files among `infos`: to open a pipe would be to wait for ever."""
    name: Callable[[str], str] = fs.unstrip_protocol if is_remote(pattern) else shown
    return [
        File(fs, path, name(path), info.get("size"))
        for path, info in infos.items()
        if info.get("type") == "file" or (info.get("islink") and fs.isfile(path))
    ]


def _rows(files: list[File], whole: bool) -> list[Row]:
    row = partial(_row, whole)
    if not any(is_remote(file.shown) for file in files):
        return [row(file) for file in files]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        return list(pool.map(row, files))


def _row(whole: bool, file: File) -> Row:
    """A file's row. Its id is its content's (size, first and last MiB) and its name's, wherever it lies."""
    try:
        edges = edges_of(file)
        content = digest_of(file, edges, whole)
    except UsageFault:
        raise
    except Exception as error:  # noqa: BLE001 each file system has errors of its own
        raise UsageFault(f"cannot read {file.shown}: {_said(error)}", "check the path and who may read it") from None
    head, tail = edges
    kind = kind_of(file.shown) or sniffed(head)
    if not kind:
        raise UsageFault(f"{file.shown} is of no known kind", _readable())
    own = hashlib.blake2b(head + tail + str(file.size).encode(), digest_size=16).hexdigest()
    name = row_id(own, shown(file.path).rsplit("/", 1)[-1])
    return {"id": name, "file": name, "path": file.shown, "kind": kind, "size": file.size, "digest": content,
            "start": None, "end": None}  # fmt: skip


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _told_apart(rows: list[Row]) -> list[Row]:
    """Files of one name and content in several folders get ids of their own, for the place of each counts."""
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row["file"]] += 1
        if seen[row["file"]] > 1:
            row["id"] = row["file"] = row_id(row["file"], "again", seen[row["file"]])
    return rows


def _cut(row: Row, split: bool | int) -> list[Row]:
    """The ranges of a large file, or the row as it is."""
    format = formats()[row["kind"]]
    most, size = format.cut_bytes if split is True else int(split), row["size"] or 0
    cuts = format.cut(row["path"], size, most) if format.cut and size > most else []
    return [part_of(row, start, end) for start, end in cuts] if len(cuts) > 1 else [row]


def part_of(row: Row, start: int, end: int) -> Row:
    """The range from `start` up to `end` of the file that `row` names."""
    return {**row, "id": row_id(row["file"], f"{start}-{end}"), "start": start, "end": end}


@dataclass(frozen=True)
class Listing:
    """What `sources` found. `addressed`: what is read has the path for its address where it has none of its own."""

    rows: tuple[Row, ...]
    addressed: bool = True


def contents(listing: Listing) -> dict[str, Any]:
    """What makes a listing's documents: the digest of each file, and their order. A path is only part of it where rows
    hold it, so that files may be moved.
    """
    named: dict[str, str] = {}
    for row in listing.rows:
        held = listing.addressed and formats()[row["kind"]].addressed
        named[row["path"] if held else f"{row['path'].rsplit('/', 1)[-1]} {row['file']}"] = row["digest"]
    return {"files": named, "order": digest(list(named))}


class FilesConfig(Config):
    """The files of a dataset of sources, which stands by what is in them."""

    listed: Annotated[Listing, Planned(contents)]


def listed(config: FilesConfig) -> Iterator[Row]:
    """The sources as they were found."""
    yield from config.listed.rows
