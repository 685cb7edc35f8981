"""By what a file is known: its digest for plans, and two edges of it for the ids of its rows.

A digest costs a file's reading, at about 1.2 GiB a second here, where reading the pages out of an archive takes 20 times as
long and cutting them 100 times. Where many large files lie far away it would still be long to wait for whenever a run is
taken up again: so of a large file it is a sample.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from humpback.corpus.documents.files import is_remote, open_bytes

EDGE = 1 << 20
# Files up to this size are digested whole: on this machine, and elsewhere.
WHOLE_BYTES, WHOLE_REMOTE_BYTES = 256 << 20, 16 << 20
# Of a larger one here so many pieces of a MiB are, at equal distances; of one elsewhere the edges.
PIECES = 64


class File(NamedTuple):
    """A file in the file system `fs`, there called `path`; `shown` is what a user would type, `size` is in bytes."""

    fs: Any
    path: str
    shown: str
    size: int | None


def edges_of(file: File) -> tuple[bytes, bytes]:
    """The first MiB, and the last as far as it lies behind it."""
    size = file.size or 0
    far = max(EDGE, size - EDGE)
    if is_remote(file.shown):
        head = file.fs.cat_file(file.path, 0, min(EDGE, size or EDGE)) if file.size != 0 else b""
        return head[:EDGE], file.fs.cat_file(file.path, far, size)[:EDGE] if size > EDGE else b""
    with open(file.path, "rb", buffering=0) as opened:  # noqa: PTH123 a hundred thousand files: without a detour
        head = opened.read(EDGE)
        if size > EDGE:
            opened.seek(far)
        return head, opened.read(EDGE) if size > EDGE else b""


def digest_of(file: File, edges: tuple[bytes, bytes], whole: bool) -> str:
    """blake2b of all the file's bytes; unless it is to be `whole`, of a large file's sample and its size.

    So a change is seen wherever it is in a file of at most `WHOLE_BYTES` (elsewhere: `WHOLE_REMOTE_BYTES`), and in a larger
    one if it changes the size or lies in one of the `PIECES` (elsewhere: in an edge).
    """
    remote, size = is_remote(file.shown), file.size
    if size is not None and size <= 2 * EDGE:
        return _blake2b(edges)
    if whole or (size is not None and size <= (WHOLE_REMOTE_BYTES if remote else WHOLE_BYTES)):
        with open_bytes(file.shown) as opened:
            return _blake2b(iter(lambda: opened.read(EDGE), b""))
    return _blake2b([*(edges if remote else _pieces(file.path, size or 0)), str(size).encode()])


def _pieces(path: str, size: int) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as opened:  # noqa: PTH123
        for number in range(PIECES):
            opened.seek((size - EDGE) * number // (PIECES - 1))
            yield opened.read(EDGE)


def _blake2b(parts: Any) -> str:
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part)
    return made.hexdigest()
