"""Common Crawl by name: `cc:CC-MAIN-2026-30?files=10` is ten of that crawl's archives, drawn by a seeded hash.

The layout is that of https://commoncrawl.org/get-started: each crawl lists its archives in `warc.paths.gz`.
"""

import gzip
import hashlib
import heapq
import os
import re
import zlib
from urllib.parse import parse_qsl

from humpback.corpus.documents.files import open_bytes
from humpback.errors import HumpbackError, UsageFault

SCHEME = "cc:"
# Another address of the same layout, for a mirror.
BASE_VARIABLE = "HUMPBACK_COMMON_CRAWL"
_BASE = "https://data.commoncrawl.org"
_NAME = re.compile(r"cc:(?P<crawl>CC-[A-Z]+-[0-9A-Za-z-]+)(?:\?(?P<options>.*))?")
_EXAMPLE = "type it as: 'cc:CC-MAIN-2026-30?files=10&seed=1'"


def archives(name: str) -> list[str]:
    """The addresses of the archives that `name` draws (`files`: 1 if it does not say, `seed`: 0), sorted.

    A larger `files` draws the same ones and more. Raises `UsageFault` for a crawl that is not there.
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise UsageFault(f"{name!r} is no name of a crawl", _EXAMPLE)
    files, seed = _options(name, found["options"] or "")
    paths = _listed(f"{_base()}/crawl-data/{found['crawl']}/warc.paths.gz", found["crawl"])
    drawn = heapq.nsmallest(files, paths, key=lambda path: hashlib.blake2b(f"{seed}\0{path}".encode()).digest())
    return [f"{_base()}/{path}" for path in sorted(drawn)]


def _base() -> str:
    return os.environ.get(BASE_VARIABLE, _BASE).rstrip("/")


def _options(name: str, text: str) -> tuple[int, int]:
    options = {"files": "1", "seed": "0", **dict(parse_qsl(text, keep_blank_values=True))}
    files, seed = options.pop("files"), options.pop("seed")
    if options or not files.isdecimal() or not seed.isdecimal() or not int(files):
        raise UsageFault(f"{name!r} asks for what is not known", _EXAMPLE)
    return int(files), int(seed)


def _listed(address: str, crawl: str) -> list[str]:
    try:
        with open_bytes(address) as file:
            lines = gzip.decompress(file.read()).decode("utf-8").split()
    except UsageFault:
        raise
    except HumpbackError as error:
        raise UsageFault(
            f"there is no list of the crawl {crawl}: {error.fact}", "the crawls: https://index.commoncrawl.org/collinfo.json"
        ) from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UsageFault(f"{address} is no list of archives: {error}", f"check the address in {BASE_VARIABLE}") from None
    return lines
