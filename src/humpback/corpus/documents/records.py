"""All whole records of a web archive, healthy or damaged: WARC (ISO 28500) and ARC 1 and 2, compressed or not.

A file is read as a chain of streams (`members.Stream`), which as a rule are compressed members with one record each. Where
the chain breaks, the reader looks for the next place that begins a record, and says what it had to leave out. As each stream
can be found without those before it, several workers can read parts of one file.

What is not checked: the digests in record headers. Compression has its own checksums, and writers get digests wrong more
often than disks get bytes wrong. Nor is a record found to be damaged by what only its HTTP message can tell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from humpback.corpus.documents.layouts import ARC, WARC, BrokenError, Header, Layout
from humpback.corpus.documents.members import FIRST_BYTES, RECORD_BYTES, Codec, Source, Stream, codecs

# A range's worker starts to read so much before the range that it has left any archive that lies within a record by then.
LOOKBACK = 2 << 20
# What a damaged member unpacks to may look like record after record: that many in a row that are not whole end it.
MOST_BROKEN = 10
_WINDOW = 1 << 20
_HEAD = 16 << 20
_MOST_HEADER = 1 << 15
_LONGEST_END = 8
_LINE_ENDS = re.compile(rb"[\r\n]+")


@dataclass(frozen=True, slots=True)
class Record:
    """A whole record.

    `offset` is where its compressed member begins in the file, or where it begins itself in a plain file. `kind` is the
    WARC-Type in lower case; of ARC records, those with an HTTP message are a "response", the first is the "warcinfo" and
    others are a "resource". `date` is an ISO 8601 time. `size` is that of the block as declared, in bytes. `content` is the
    block, HTTP headers and body as they were sent; it is empty unless `kind` is "response", `size` at most `RECORD_BYTES`.
    `id` is the WARC-Record-ID.
    """

    offset: int
    kind: str
    url: str | None
    date: str | None
    is_http: bool
    size: int
    content: bytes
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A stretch of the file, from `offset` on, that gives no whole record."""

    offset: int
    error: str


def records(file: BinaryIO, start: int = 0, end: int | None = None) -> Iterator[Record | Damaged]:
    """The whole records that begin in `file` (seekable) from `start` up to `end`, and the damage that follows on them.

    Compression and format are seen from the content. Ranges that together cover a file give together just what the whole
    file gives. That fails only for an archive that was stored in a record of over `LOOKBACK` bytes of another archive, if a
    range starts in it. A gzip file with a single member is one such unit: the range that has its begin gives it all. Memory
    stays under some `RECORD_BYTES`; no content raises an exception, but what `file` raises is passed on.
    """
    source = Source(file)
    end = source.size if end is None else min(end, source.size)
    archive = _archive(source)
    if archive is None:
        if start <= 0 < end:
            yield Damaged(0, "holds no WARC or ARC record")
        return
    for owner, item in archive.items(start - LOOKBACK, end):
        if owner >= end:
            return
        if owner >= start:
            yield item


def _archive(source: Source) -> "_Archive | None":
    """What `source` is, by the first record that can be found in it."""
    archives = [_Archive(source, codec, layout) for codec in codecs(source) for layout in (WARC, ARC)]
    for archive in archives:
        if archive.stream(0).begins_record():
            return archive
    # Text can be read in what is compressed but little, and so plain records are looked for last.
    for begin in range(0, source.size, _HEAD):
        for archive in archives:
            if archive.find(begin, begin + _HEAD):
                return archive
    return None


@dataclass(frozen=True, slots=True)
class _Archive:
    """A file of one compression and one format."""

    source: Source
    codec: Codec
    layout: Layout

    def stream(self, offset: int) -> Stream:
        return Stream(self.source, self.codec, self.layout.member.match, offset)

    def find(self, begin: int, end: int) -> Stream | None:
        """The first stream that begins with a record and lies from `begin` up to `end` in the file."""
        end = min(end, self.source.size)
        pattern = self.codec.magic or self.layout.anywhere
        while begin < end:
            before = min(begin, 1)
            window = self.source.read(begin - before, _WINDOW + _MOST_HEADER)
            for found in pattern.finditer(window, before):
                if found.start() - before >= min(_WINDOW, end - begin):
                    break
                stream = self.stream(begin - before + found.start())
                if stream.begins_record():
                    return stream
            begin += _WINDOW
        return None

    def items(self, begin: int, end: int) -> Iterator[tuple[int, Record | Damaged]]:
        """What is found from `begin` up to `end`, each with its owner's offset: a record owns itself and the damage after
        it, as only who has read the record knows that something should follow at its end.
        """
        stream: Stream | None = self.stream(0) if begin <= 0 else self.find(begin, end)
        if begin <= 0 and stream and not (stream.begins_record() or stream.readable):
            yield 0, Damaged(0, "no record begins here")
            stream = self.find(1, end)
        while stream and stream.offset < end:
            owner = stream.offset
            for owner, item in _Reader(stream, self.layout):
                yield owner, item
            if stream.unread:
                yield owner, Damaged(stream.position, stream.unread)
            if stream.following or not (stream.unread or stream.fault):
                stream = stream.following
            else:
                stream = self.find(stream.resume_at(), end)


class _Reader:
    """The records of one stream, each with its owner (see `_Archive.items`)."""

    def __init__(self, stream: Stream, layout: Layout) -> None:
        self.stream, self.layout = stream, layout
        self.owner = stream.offset
        self.sizes_doubtful = False
        self.no_header_end_before = 0

    def __iter__(self) -> Iterator[tuple[int, Record | Damaged]]:
        item: Record | Damaged | None = None
        broken = 0
        while broken < MOST_BROKEN and self._at_record():
            place = self.stream.place
            try:
                item = self._record()
            except BrokenError as error:
                broken += self.stream.codec.magic is not None
                more = f", and {MOST_BROKEN} in a row are not whole: the rest of the {self.stream.codec.name} member is left"
                item = Damaged(place, f"{error}{more if broken == MOST_BROKEN else ''}")
                yield self.owner, item
                self._find()
            else:
                broken = 0
                yield self.owner, item
        if broken == MOST_BROKEN:
            self.stream.give_up("too many broken records")
        if self.stream.fault and not isinstance(item, Damaged):
            yield self.owner, Damaged(self.stream.place, self.stream.fault)

    def _at_record(self) -> bool:
        """Whether there is something after the line ends that stand between records."""
        while self.stream.need(1):
            blank = _LINE_ENDS.match(self.stream.buffer)
            if not blank:
                return True
            self.stream.drop(blank.end())
        return False

    def _find(self) -> None:
        """Go on to what next looks like a record, but not to that which stands here; or to the end."""
        stream = self.stream
        while not (found := self.layout.anywhere.search(stream.buffer, 1)):
            stream.drop(max(0, len(stream.buffer) - _MOST_HEADER))
            before = len(stream.buffer)
            stream.need(before + _WINDOW)
            if len(stream.buffer) == before:
                stream.drop(before)
                return
        stream.drop(found.start())

    def _record(self) -> Record:
        """The record that stands here, which is then dropped. Raises `BrokenError` and drops nothing if it is not whole."""
        stream, place, (header, begin) = self.stream, self.stream.place, self._header()
        has_http = header.size >= 5 and stream.need(begin + 5) and stream.buffer.startswith(b"HTTP/", begin)
        is_http = header.is_http or (has_http and header.kind in (None, "response"))
        kind = header.kind or ("response" if is_http else "resource")
        content = b""
        end = begin + header.size
        if header.size > RECORD_BYTES:
            self._pass(end)
        else:
            self._check_end(begin, end)
            if kind == "response":
                content = bytes(memoryview(stream.buffer)[begin:end])
            stream.drop(end)
        return Record(place, kind, header.url, header.date, is_http, header.size, content, header.id)

    def _header(self) -> tuple[Header, int]:
        """The header that stands here and its length in bytes."""
        stream, size = self.stream, -1
        while not (end := self._header_end()) and size < len(stream.buffer):
            size = len(stream.buffer)
            stream.need(min(2 * size + FIRST_BYTES, _MOST_HEADER))
        if not self.layout.start.match(stream.buffer):
            raise BrokenError("no record begins here")
        if stream.codec.magic is None and self.layout.anywhere.match(stream.buffer):
            self.owner = stream.place
        if not end:
            raise BrokenError(stream.fault or "the record's header does not end")
        return self.layout.header(bytes(memoryview(stream.buffer)[:end])), end

    def _header_end(self) -> int | None:
        """Where the first header end in the buffer is. Where there is none is not looked through for each record again."""
        stream = self.stream
        begin = max(0, self.no_header_end_before - stream.dropped)
        found = self.layout.header_end.search(stream.buffer, begin, _MOST_HEADER)
        if not found:
            self.no_header_end_before = stream.dropped + min(len(stream.buffer), _MOST_HEADER) - _LONGEST_END
        return found.end() if found else None

    def _pass(self, end: int) -> None:
        """Drop a record that is too large to be held."""
        begin = self.stream.dropped
        try:
            if self.sizes_doubtful or not self.stream.skip(end):
                raise BrokenError(self.stream.fault or f"the record's size is not the {end} bytes declared")
            self._check_end(0, 0)
        except BrokenError:
            # It may be the size that is damaged, and whole records lie in what it claims. To unpack again, more than once
            # for each of them, would take the square of the time.
            if not self.sizes_doubtful:
                self.stream.rewind(begin)
                self.sizes_doubtful = self.stream.codec.magic is not None
            raise

    def _check_end(self, begin: int, end: int) -> None:
        """Raise unless the block from `begin` of the buffer ends at its `end`, before what may follow one, or nothing."""
        stream = self.stream
        if not stream.need(end):
            missing = end - len(stream.buffer)
            raise BrokenError(stream.fault or f"the record is {missing} bytes shorter than declared")
        # The member's checksum is only known when one has asked for more than its last byte.
        stream.need(end + FIRST_BYTES)
        if stream.fault and len(stream.buffer) < end + 5:
            raise BrokenError(stream.fault)
        if self.layout.following.match(stream.buffer, end):
            return
        closing = self.layout.closing.match(stream.buffer, end)
        if not closing:
            raise BrokenError("the record is longer than declared")
        # What follows is damaged, or this block's size is, and it ends here by chance.
        if self.layout.anywhere.search(stream.buffer, begin, closing.end()):
            raise BrokenError("the record is shorter than declared")
