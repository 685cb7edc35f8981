"""Open files, here or elsewhere, through fsspec.

A library that is missing and a connection that breaks are told to the user. They must not look like a damaged file,
since a damaged file is a drop and the work goes on without it.
"""

import io
import lzma
import os
import time
import zlib
from importlib import import_module
from typing import Any, BinaryIO, cast
from urllib.parse import quote, unquote_to_bytes

import fsspec
import pyarrow as pa
from fsspec.compression import compr
from isal import igzip_lib

from humpback.errors import HumpbackError, UsageFault

# No page is larger; a body that unpacks to more is a bomb or no page.
MOST_BYTES = 32 << 20
# No book is larger, packed or unpacked.
BOOK_BYTES = 8 * MOST_BYTES
# What the decompressors of the standard library, of Arrow and of isal (which fsspec takes for gzip) raise for bytes that are
# not what they should be.
_ISAL_ERROR: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # the stub gives an instance
DAMAGE: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, _ISAL_ERROR)
# fsspec's names for what the standard library unpacks; it has no zstd before Python 3.14, and Arrow has.
_CODECS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": None}
_TRIES = 4
_BUFFER = 1 << 20
_PIECE = 1 << 14
_FILE_URI = "file://"
_EXTRAS = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}


def is_remote(path: str) -> bool:
    return "://" in path and not path.startswith(("file://", "local://"))


def filesystem(url: str) -> tuple[Any, str]:
    """fsspec's file system for `url` and the path in it; raises `UsageFault` if its library is not installed.

    A path here is taken as it stands, whatever signs of globs and chains (`::`) its names hold.
    """
    if url.startswith(_FILE_URI) and "%" in url:
        url = os.fsdecode(unquote_to_bytes(url.removeprefix(_FILE_URI)))
    if "://" not in url:
        fs = fsspec.filesystem("file")
        return fs, fs._strip_protocol(url)
    try:
        fs, path = fsspec.url_to_fs(url)
    except ImportError as error:
        package = _EXTRAS.get(url.partition("://")[0], "'humpback[remote]'")
        raise UsageFault(f"{url} cannot be opened: {error}", f"pip install {package}") from None
    except ValueError as error:
        raise UsageFault(f"{url} cannot be opened: {error}", "a file, or an address of https, s3 or hf") from None
    return fs, path


def shown(path: str) -> str:
    """A path here as it is written down: one whose bytes are no UTF-8 as a `file://` address."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return _FILE_URI + quote(os.fsencode(os.path.abspath(path)))  # noqa: PTH100 a Path would lose what is asked
    return path


class _Steady(io.RawIOBase):
    """A remote file whose reads are tried again; what still fails ends the run, which can be taken up later."""

    def __init__(self, file: Any, url: str) -> None:
        self._file, self._url = file, url

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        at = self._file.tell()
        for wait in range(_TRIES):
            try:
                return bytes(self._file.read(size))
            except Exception as error:  # noqa: BLE001 each file system has errors of its own
                failure = error
                if not self.seekable():
                    break
                time.sleep(wait)
                self._file.seek(at)
        raise _unreachable(self._url, failure)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _Unpacked(io.RawIOBase):
    """What `packed` unpacks to, piece by piece, so that what stands before damage is not lost with it."""

    def __init__(self, packed: Any, file: BinaryIO) -> None:
        self._packed, self._file = packed, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._packed.read1(min(len(buffer), _PIECE))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._packed.close()
            self._file.close()
        super().close()


def _unreachable(url: str, error: Exception) -> HumpbackError:
    fact = f"cannot read {url}: {str(error) or type(error).__name__}"
    return HumpbackError(fact, "run the same command again: finished shards are kept")


def open_bytes(path: str) -> BinaryIO:
    """The bytes of `path` as they are, buffered. Raises `OSError` for a local file and `HumpbackError` for a remote one."""
    fs, inner = filesystem(path)
    if not is_remote(path):
        # Buffered by Python itself: fsspec's own wrapper costs a call for every line.
        return open(inner, "rb", buffering=_BUFFER)  # noqa: PTH123
    try:
        return cast("BinaryIO", io.BufferedReader(_Steady(fs.open(inner, "rb"), path), _BUFFER))
    except HumpbackError:
        raise
    except Exception as error:  # noqa: BLE001 each file system has errors of its own
        raise _unreachable(path, error) from None


def open_unpacked(path: str) -> BinaryIO:
    """As `open_bytes`, with .gz, .bz2, .xz and .zst unpacked on the way; reading raises one of `DAMAGE`."""
    file = open_bytes(path)
    ending = packing(path)
    if not ending:
        return file
    codec = _CODECS[ending]
    packed = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") if codec is None else compr[codec](file, mode="rb")
    return io.BufferedReader(_Unpacked(packed, file), _BUFFER)


def packing(path: str) -> str | None:
    """The ending of `path` that says how its text is packed."""
    name = path.partition("?")[0].lower() if is_remote(path) else path.lower()
    return next((ending for ending in _CODECS if name.endswith(ending)), None)


def library(name: str, path: str, extra: str) -> Any:
    """The module `name` of a library that only comes with humpback's `extra`; `path` is what it is needed for."""
    try:
        return import_module(name)
    except ImportError:
        raise UsageFault(f"{path} needs the library {name.partition('.')[0]}", f"pip install 'humpback[{extra}]'") from None
