"""Which weights a folder holds, without reading them all: the plan that trained them, else a digest of their edges."""

import hashlib
from functools import cache
from pathlib import Path

from humpback.store import MANIFEST, read_json

_EDGE = 1 << 20


def identify(folder: Path) -> str:
    """The fingerprint of the training step that made `folder`, or a digest of its config and weight files."""
    for manifest in (folder / MANIFEST, folder.parent / MANIFEST):
        if manifest.is_file():
            return str(read_json(manifest)["fingerprint"])
    return _digest(folder, max((f.stat().st_mtime_ns for f in folder.iterdir()), default=0))


@cache
def _digest(folder: Path, _changed: int) -> str:
    made = hashlib.blake2b(digest_size=16)
    for file in sorted(folder.glob("*")):
        if file.suffix in (".safetensors", ".json", ".jinja", ".bin"):
            made.update(f"{file.name} {file.stat().st_size}".encode())
            with file.open("rb") as data:
                made.update(data.read(_EDGE))
                data.seek(max(0, file.stat().st_size - _EDGE))
                made.update(data.read(_EDGE))
    return made.hexdigest()
