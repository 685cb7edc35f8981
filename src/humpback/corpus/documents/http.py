"""The bytes of an HTTP response to its status, its headers and its body.

Message syntax and chunks: RFC 9112; content codings: RFC 9110, section 8.4. Archives hold what servers sent and what
crawlers made of it, so that a header may claim a packing that the body does not have.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import brotli
import pyarrow as pa

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n(\r?\n)")
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
# They say nothing: what was sent is looked at, as if it had no type (WHATWG MIME Sniffing, section 7).
_NO_TYPES = ("unknown/unknown", "application/unknown", "*/*")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';,]+)""", re.IGNORECASE)
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
# What begins a page for a browser that was given no type (WHATWG MIME Sniffing, section 7.1).
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?><!--.{0,2000}?-->|<\?xml.{0,200}?\?>)\s*+)*+"
    rb"<(?:!doctype\s+html|html|head|body|title|script|iframe|h1|div|font|table|a|style|b|br|p)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_BINARY = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"\xff\xd8\xff": "image/jpeg",
    b"PK\x03\x04": "application/zip",
    b"\x1f\x8b\x08": "application/gzip",
    b"\x7fELF": "application/x-elf",
}
_STREAMS = 64
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Message:
    """A response: `headers` by lower-case name, repeated ones joined by ", "; `body` as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def type(self) -> str | None:
        """The media type without its parameters, in lower case: the last of a list, as browsers take it.

        None where there is none, or what stands there is no media type (WHATWG Fetch, extract a MIME type).
        """
        types = [each.partition(";")[0].strip().lower() for each in self.headers.get("content-type", "").split(",")]
        return next((each for each in reversed(types) if _TYPE.fullmatch(each) and each not in _NO_TYPES), None)

    @property
    def charset(self) -> str | None:
        found = _CHARSET.search(self.headers.get("content-type", ""))
        return found[1] if found else None


def parse(block: bytes) -> Message | None:
    """The response in `block`, or None if it does not begin with a status line."""
    status = _STATUS.match(block)
    if not status:
        return None
    end = _HEADER_END.search(block)
    head, body = (end.start(), end.end()) if end else (len(block), len(block))
    return Message(int(status[1]), _headers(block[:head]), block[body:])


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    last = None
    for line in head.decode("latin-1").split("\n")[1:]:
        if line[:1] in (" ", "\t") and last:
            headers[last] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            last, value = name.strip().lower(), value.strip()
            # Of two types the last one holds (WHATWG Fetch); lists go on where they stopped.
            headers[last] = f"{headers[last]}, {value}" if last in headers and last != "content-type" else value
    return headers


def unpacked(message: Message, most: int) -> bytes:
    """The body without chunks and codings, `most` bytes of it at most; raises `ValueError` where it cannot be unpacked.

    A body that is markup although its headers call it packed is given as it is; one that breaks off, as far as it goes.
    """
    body = message.body
    if "chunked" in message.headers.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    for coding in reversed(message.headers.get("content-encoding", "").lower().split(",")[:8]):
        unpack = _CODINGS.get(coding.strip())
        if unpack and body:
            try:
                body = unpack(body, most)
            except (zlib.error, brotli.error, OSError) as error:
                if not looks_like_markup(body):
                    raise ValueError(f"content-encoding {coding.strip()}: {error}") from None
    return body[:most]


def _unchunked(body: bytes) -> bytes:
    """Chunks put together; a body that does not begin with one is no chunked body."""
    parts, at = [], 0
    while size := _SIZE.match(body, at):
        length = int(size[1], 16)
        if not length:
            break
        parts.append(body[size.end() : size.end() + length])
        at = min(size.end() + length, len(body))
        # The line end after a chunk; some servers leave it out.
        at += 2 if body[at : at + 2] == b"\r\n" else body[at : at + 1] == b"\n"
    return b"".join(parts) if parts or size else body


def _inflated(data: bytes, most: int, window: int) -> bytes:
    """All streams in `data`, one after the other; what follows the last is not looked at."""
    parts, size = [], 0
    for _ in range(_STREAMS):
        stream = zlib.decompressobj(window)
        try:
            parts.append(stream.decompress(data, most - size))
        except zlib.error:
            if not parts:
                raise
            break
        size += len(parts[-1])
        data = stream.unused_data
        if not stream.eof or not data or size >= most:
            break
    return b"".join(parts)


def _gunzipped(data: bytes, most: int) -> bytes:
    return _inflated(data, most, 31)


def _deflated(data: bytes, most: int) -> bytes:
    """`deflate` means a zlib stream, and some servers send it without its frame."""
    try:
        return _inflated(data, most, 15)
    except zlib.error:
        return _inflated(data, most, -15)


def _from_zstd(data: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        try:
            while sum(map(len, parts)) < most and (part := stream.read(_PIECE)):
                parts.append(part)
        except OSError:
            if not parts:
                raise
    return b"".join(parts)


_CODINGS: dict[str, Callable[[bytes, int], Any]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _deflated,
    "br": lambda data, most: bytes(brotli.Decompressor().process(data, output_buffer_limit=most)),
    "zstd": _from_zstd,
}


def looks_like_markup(body: bytes) -> bool:
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n\f")[:1] == b"<"


def looks_like_a_page(body: bytes) -> bool:
    """Whether a browser would take `body` for HTML without being told."""
    return _PAGE.match(body) is not None


def binary_type(body: bytes) -> str | None:
    """The media type of a body whose first bytes show that it is neither text nor markup."""
    return next((kind for magic, kind in _BINARY.items() if body.startswith(magic)), None)
