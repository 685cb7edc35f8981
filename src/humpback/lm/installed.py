"""Models that came with an installed package, or lie in the hub's cache: found, and neither imported nor downloaded."""

import importlib.metadata
from importlib.util import find_spec
from pathlib import Path


def in_package(distribution: str, path: str) -> Path | None:
    """The file or folder `path` of the installed package `distribution`; None where that is not installed."""
    try:
        found = Path(str(importlib.metadata.distribution(distribution).locate_file(path)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return found if found.exists() else None


def in_hub_cache(name: str) -> Path | None:
    """The folder of the model `name` in the hub's cache; None where it is not there."""
    if find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError):
        return None
