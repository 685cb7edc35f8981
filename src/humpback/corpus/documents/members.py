"""The bytes that an archive's file unpacks to, member by member, although parts of it are damaged.

A compressed archive is a row of members (gzip, RFC 1952) or frames (zstd, RFC 8878; lz4), as a rule one for each record, so
that one can begin to read at any of them. A plain archive is treated as a single member that never ends.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import lz4.frame  # type: ignore[import-untyped]
from isal import igzip_lib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

RECORD_BYTES = 64 << 20
# Real archives unpack to 3 to 30 times their size, a bomb to 1000 times; what unpacks to little is not worth the question.
HARMLESS_BYTES = 16 * RECORD_BYTES
_MOST_RATIO = 100
_WINDOW = 1 << 20
_FEED = 1 << 15
_PIECE = 1 << 17
# Long enough for a record's first lines; the address in an ARC's may be long.
FIRST_BYTES = 1 << 12
# A damaged member may only be found out in one of its neighbours, whose beginnings must then not be passed over. Huffman
# codes that have lost their place decode to no more than some hundred kilobytes of nonsense.
_FOUND_OUT_WITHIN = 1 << 20
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_DICTIONARY = b"\x5d\x2a\x4d\x18"


class _Plain:
    """What is not compressed, in the form of a decompressor."""

    eof = False
    needs_input = True
    unused_data = b""

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        return data


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression: what its members begin with (None: no members), a new decompressor, what that raises on bad data."""

    name: str
    magic: re.Pattern[bytes] | None
    decompressor: Callable[[], Any]
    error: Any


def codecs(source: "Source") -> list[Codec]:
    """All compressions that an archive may have; zstd with the dictionary that leads the file, if there is one."""
    dictionary = _dictionary(source)
    return [
        # RFC 1952: the method is always 8, and the upper three flags are 0.
        Codec("gzip", re.compile(rb"\x1f\x8b\x08[\x00-\x1f]"),
              lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP), igzip_lib.IsalError),
        Codec("zstd", re.compile(rb"\x28\xb5\x2f\xfd"), lambda: zstd.ZstdDecompressor(dictionary), zstd.ZstdError),
        Codec("lz4", re.compile(rb"\x04\x22\x4d\x18"), lz4.frame.LZ4FrameDecompressor, RuntimeError),
        Codec("plain", None, _Plain, ValueError),
    ]  # fmt: skip


def _dictionary(source: "Source") -> Any:
    """The dictionary in a skippable frame that leads the file, itself compressed or not (IIPC, WARC with Zstandard)."""
    if source.read(0, 4) != _DICTIONARY:
        return None
    size = int.from_bytes(source.read(4, 4), "little")
    try:
        data = bytes(source.read(8, min(size, RECORD_BYTES)))
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            data = zstd.ZstdDecompressor().decompress(data, RECORD_BYTES)
        dictionary = zstd.ZstdDict(data)
        zstd.ZstdDecompressor(dictionary)
    except (zstd.ZstdError, ValueError):
        return None
    return dictionary


class Source:
    """A seekable file, read in windows: a remote file answers slowly, and members follow each other."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, 2)
        self._begin = 0
        self._window = memoryview(b"")

    def read(self, offset: int, size: int) -> memoryview:
        """`size` bytes from `offset` on, or as many as there are."""
        at = offset - self._begin
        if at < 0 or at + size > len(self._window):
            self._load(offset, max(size, _WINDOW))
            at = 0
        return self._window[at : at + size]

    def _load(self, offset: int, size: int) -> None:
        self.file.seek(offset)
        data = self.file.read(size)
        while len(data) < size and (more := self.file.read(size - len(data))):
            data += more
        self._begin, self._window = offset, memoryview(data)


class Stream:
    """What the members from `offset` on unpack to, up to where another stream begins.

    `starts` says whether some bytes begin a record: where a member's do, a stream begins. As a rule that is each member;
    some writers cut members elsewhere, and so within records, or write a single one. `buffer` holds what has been unpacked
    and not been dropped. Once `more` is False, `following` is the next stream, if that follows directly; `fault` is what was
    wrong with the last member; and `unread` is why nothing can be read at `position`, where the last member has ended well.
    """

    def __init__(self, source: Source, codec: Codec, starts: Callable[[bytearray], Any], offset: int) -> None:
        self.source, self.codec, self.starts = source, codec, starts
        self.offset = offset if codec.magic is None else _after_skippable(source, offset)
        self._open()

    def _open(self) -> None:
        self.buffer = bytearray()
        self.dropped = 0
        self.member = self.position = self.offset
        self.fault: str | None = None
        self.unread: str | None = None
        self.following: Stream | None = None
        self._ended = self.offset >= self.source.size
        self._decompressor = self.codec.decompressor()

    @property
    def place(self) -> int:
        """Where in the file one has to begin to read for what the buffer begins with."""
        return self.offset + self.dropped if self.codec.magic is None else self.offset

    @property
    def readable(self) -> bool:
        """Whether anything of the first member could be unpacked, or it is whole and empty."""
        return bool(self.buffer) or self._decompressor.eof

    def begins_record(self) -> bool:
        """Whether the first member does; called before all else."""
        if self.codec.magic and not self.codec.magic.match(self.source.read(self.offset, 4)):
            return False
        while len(self.buffer) < FIRST_BYTES and self._unpack(FIRST_BYTES):
            pass
        return bool(self.starts(self.buffer))

    def need(self, size: int) -> bool:
        """Whether `buffer` holds `size` bytes now."""
        while len(self.buffer) < size:
            if not self.more():
                return False
        return True

    def more(self) -> bool:
        """Whether `buffer` has grown."""
        before = len(self.buffer)
        while len(self.buffer) == before and not self._ended:
            if not self._unpack(_PIECE) and self._decompressor.eof:
                self._cross()
        return len(self.buffer) > before

    def drop(self, size: int) -> None:
        del self.buffer[:size]
        self.dropped += size

    def skip(self, size: int) -> bool:
        """Drop `size` bytes, which need not be in the buffer and never are all at once; False if there are less."""
        if self.codec.magic is None:
            self.position += max(0, size - len(self.buffer))
            self.drop(size)
            self._ended = self.position >= self.source.size
            return self.position <= self.source.size
        while size > len(self.buffer):
            size -= len(self.buffer)
            self.drop(len(self.buffer))
            if not self.more():
                return False
        self.drop(size)
        return True

    def rewind(self, dropped: int) -> None:
        """Go back to where `dropped` bytes had been dropped; unpacks them all again."""
        self._open()
        self.skip(dropped)

    def give_up(self, fault: str) -> None:
        """Read no further: what comes is not worth its time."""
        self._fail(fault)
        self.following = self.unread = None

    def resume_at(self) -> int:
        """Where to look for the next stream if none follows."""
        return self.position + 1 if self.unread else max(self.member + 1, self.position - _FOUND_OUT_WITHIN)

    def _unpack(self, most: int) -> bool:
        """Whether another `most` bytes at most could be unpacked from this member."""
        while not (self._ended or self._decompressor.eof):
            before = len(self.buffer)
            self._feed(most)
            if len(self.buffer) > before:
                return True
        return False

    def _feed(self, most: int) -> None:
        before, hungry = len(self.buffer), self._decompressor.needs_input
        data = self.source.read(self.position, _FEED) if hungry else b""
        if hungry and not data:
            self._fail(None if self.codec.magic is None else f"the file ends within a {self.codec.name} member")
            return
        self.position += len(data)
        try:
            self.buffer += self._decompressor.decompress(data, most)
        except self.codec.error as error:
            self._fail(f"{self.codec.name}: {error}")
            return
        if self._decompressor.eof:
            self.position -= len(self._decompressor.unused_data or b"")
        elif not (hungry or self._decompressor.needs_input or len(self.buffer) > before):
            self._fail(f"{self.codec.name}: the decompressor makes no progress")
        unpacked = self.dropped + len(self.buffer)
        if unpacked > HARMLESS_BYTES and unpacked > _MOST_RATIO * (self.position - self.offset):
            self._fail(f"{self.codec.name}: unpacks to over {_MOST_RATIO} times its size")

    def _fail(self, fault: str | None) -> None:
        self.fault, self._ended = fault, True

    def _cross(self) -> None:
        """Go on to the next member, or end before it: it begins a stream, cannot be read, or is not there."""
        following = Stream(self.source, self.codec, self.starts, self.position)
        self._ended = True
        if following._ended:
            return
        if following.begins_record():
            self.following = following
        elif not following.readable:
            self.unread = following.fault or f"no {self.codec.name} member begins here"
        else:
            self._adopt(following)

    def _adopt(self, following: "Stream") -> None:
        self.buffer += following.buffer
        self.member, self.position = following.member, following.position
        self.fault, self._ended = following.fault, following._ended
        self._decompressor = following._decompressor


def _after_skippable(source: Source, offset: int) -> int:
    """`offset`, or where the skippable frames (RFC 8878, section 3.1.2; lz4 has the same) that begin there end."""
    while _SKIPPABLE.match(source.read(offset, 4)):
        offset += 8 + int.from_bytes(source.read(offset + 4, 4), "little")
    return offset
