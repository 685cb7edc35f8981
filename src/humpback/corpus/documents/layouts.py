"""Where records begin and end in the two formats of web archives: WARC (ISO 28500) and ARC 1 and 2."""

import re
from collections.abc import Callable
from dataclasses import dataclass


class BrokenError(Exception):
    """There is no whole record here."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a record's header says: the `size` of its block in bytes, and as far as it tells, what the block is."""

    size: int
    kind: str | None
    url: str | None
    date: str | None
    is_http: bool
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What tells where records begin and end.

    `member` is what a member with a record begins with, although the record may be broken; `start` is what a record begins
    with where one is due, and `anywhere` where none is. A block is followed by `closing`, which may also be part of it, and
    then, where the next record is sound, by `following`.
    """

    member: re.Pattern[bytes]
    start: re.Pattern[bytes]
    anywhere: re.Pattern[bytes]
    header_end: re.Pattern[bytes]
    header: Callable[[bytes], Header]
    closing: re.Pattern[bytes]
    following: re.Pattern[bytes]


_WARC_START = rb"WARC/\d{1,3}\.\d{1,3}[ \t]*\r?\n[!-9;-~]{1,99}[ \t]*:"
# URL, IP address, date, content type, in version 2 more fields, length. The URL of some writers has spaces in it.
_ARC_START = rb"(?>([a-z][a-z0-9+.-]{1,15}:%(any)s{0,3500}?) \S{1,99} (\d{14}) )(?:%(any)s{0,400} )?(\d{1,18})\r?\n"
_FOLDED = re.compile(r"\r?\n[ \t]+")
_SIZE = re.compile(r"[0-9]{1,18}")


def _warc_header(data: bytes) -> Header:
    lines = _FOLDED.sub(" ", _text(data)).split("\n")
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields.setdefault(name.rstrip().lower(), value.strip())
    size = fields.get("content-length", "none")
    if not _SIZE.fullmatch(size):
        raise BrokenError(f"Content-Length is {size[:99]}")
    # wget puts the address in angle brackets, after a grammar in the standard that contradicted its examples.
    url = fields.get("warc-target-uri", "").removeprefix("<").removesuffix(">")
    is_http = fields.get("content-type", "").lower().startswith("application/http")
    kind = fields.get("warc-type", "unknown").lower()
    return Header(int(size), kind, url or None, fields.get("warc-date"), is_http, fields.get("warc-record-id"))


def _arc_header(line: bytes) -> Header:
    [(url, digits, size)] = ARC.start.findall(line)
    date = "{}{}-{}-{}T{}:{}:{}Z".format(*(_text(digits[i : i + 2]) for i in range(0, 14, 2)))
    kind = "warcinfo" if url.startswith(b"filedesc:") else None
    return Header(int(size), kind, _text(url), date, is_http=False)


def _text(data: bytes) -> str:
    """No more than what JSON and Parquet can hold."""
    return data.decode("utf-8", "replace").replace("\0", "\ufffd")


WARC = Layout(
    member=re.compile(rb"[\r\n]*+WARC/"),
    start=re.compile(_WARC_START),
    anywhere=re.compile(_WARC_START),
    header_end=re.compile(rb"\r?\n(?:\r?\n|(?=WARC/\d))"),
    header=_warc_header,
    closing=re.compile(rb"\r\n\r\n"),
    # Some writers leave out line ends that the standard asks for.
    following=re.compile(rb"[\r\n]*+(?:\Z|WARC/)"),
)
ARC = Layout(
    member=re.compile(rb"[\r\n]*+[a-z][a-z0-9+.-]{1,15}:[^\r\n]{0,3500}? \d{14} "),
    start=re.compile(_ARC_START % {b"any": rb"[^\r\n]"}),
    # An address within a line is no record; what follows on garbage may be one.
    anywhere=re.compile(rb"(?<![ -~])" + _ARC_START % {b"any": rb"[ -~]"}),
    header_end=re.compile(rb"\n"),
    header=_arc_header,
    closing=re.compile(rb"\r?\n"),
    following=re.compile(rb"[\r\n]*+\Z|[\r\n]++" + _ARC_START % {b"any": rb"[^\r\n]"}),
)
