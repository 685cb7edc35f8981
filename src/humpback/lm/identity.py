"""What a folder or a file is, by all that it holds: the plan that trained it, else a digest of its content.

A GiB takes a second or two. What was read once in this process is not read again while its size and time stay the same.
"""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from humpback.store import MANIFEST, read_json


def identify(path: Path) -> str:
    """The fingerprint of the step that made the folder `path`, or a digest of the files in it; of a file, of its content."""
    if path.is_file():
        return content(path)
    for folder, inside in ((path, ""), (path.parent, f"/{path.name}")):
        made = read_json(folder / MANIFEST).get("fingerprint") if (folder / MANIFEST).is_file() else None
        if made:
            return f"{made}{inside}"
    return digest(path, path.glob("*"))


def digest(folder: Path, paths: Iterable[Path]) -> str:
    """Of the names in `folder` and the content of all files among `paths` but hidden ones, and what people read (`*.md`)."""
    files = {str(path.relative_to(folder)): path for path in paths if path.is_file()}
    read = [name for name in sorted(files) if not name.startswith(".") and "/." not in name and not name.endswith(".md")]
    with ThreadPoolExecutor() as pool:
        told = zip(read, pool.map(content, (files[name] for name in read)), strict=True)
    return hashlib.blake2b("\n".join(f"{name} {each}" for name, each in told).encode(), digest_size=16).hexdigest()


def content(path: Path) -> str:
    """The blake2b of the file `path`, every byte of it."""
    found = path.stat()
    return _content(path.resolve(), found.st_size, found.st_mtime_ns)


@cache
def _content(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
