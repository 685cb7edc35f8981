"""Weights in a GGUF file, as a folder that can be opened and trained: unpacked once, into a cache.

They are unpacked in a process that ends: whoever names a model need not load torch.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from humpback.errors import UsageFault
from humpback.lm.identity import content, digest

# In the folder, written last: what was unpacked, and what came of it.
UNPACKED = "unpacked.json"


def cache() -> Path:
    """Where models are unpacked to: HUMPBACK_CACHE, or `humpback` in the user's cache folder."""
    named = os.environ.get("HUMPBACK_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "humpback"


def folder_of(file: Path) -> Path:
    """The folder that holds the weights of `file` in bfloat16, with tokenizer and config.

    It is unpacked where it is not there or does not hold what it held; raises `UsageFault` for a file that cannot be read.
    """
    folder = cache() / f"{file.stem}-{content(file)[:16]}"
    if not _is_whole(folder, file):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Several processes open one model at once; and what a killed one left behind is begun anew under the same name.
        with folder.with_name(f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_whole(folder, file):
                _make(folder, file)
    return folder


def _make(folder: Path, file: Path) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    for old in (partial, folder):
        shutil.rmtree(old, ignore_errors=True)
    partial.mkdir()
    try:
        _unpack_apart(file, partial)
        (partial / UNPACKED).write_text(json.dumps(_told(partial, file)))
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _told(folder: Path, file: Path) -> dict[str, str]:
    held = digest(folder, (path for path in folder.glob("*") if path.name != UNPACKED))
    return {"file": file.name, "content": content(file), "folder": held}


def _is_whole(folder: Path, file: Path) -> bool:
    try:
        told = json.loads((folder / UNPACKED).read_text())
    except (FileNotFoundError, ValueError):
        return False
    return bool(told == _told(folder, file))


def _unpack_apart(file: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "humpback.lm.transformers.unpack", str(file), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no word"]
        raise UsageFault(
            f"cannot unpack {file}: {said[-1]}", "is the file whole? and: pip install 'humpback[local]' (it needs gguf)"
        )
