"""The open system for instruction backtranslation: web pages in, instruction data and a tuned model out.

    import humpback

    segments = humpback.segments(["pages/*.warc.gz"], "runs/segments")
    humpback.run("humpback", "runs/a", {"corpus.inputs": ["pages/*.warc.gz"], "seed.path": "seed.jsonl"})
    pairs = humpback.load("runs/a", kind="selected")

Everything here is loaded when it is first asked for; nothing loads torch before a model is opened.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from humpback.api import backtranslate, guard, load, run, score, segments, settings
    from humpback.config import Config
    from humpback.errors import HumpbackError
    from humpback.store import Dataset

__all__ = [
    "Config", "Dataset", "HumpbackError", "backtranslate", "guard", "load", "run", "score", "segments", "settings",
]  # fmt: skip

_HOMES = {"Config": "config", "Dataset": "store", "HumpbackError": "errors"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'humpback' has no attribute {name!r}")
    return getattr(import_module(f"humpback.{_HOMES.get(name, 'api')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
