"""HTTP messages as archives hold them: what the headers say, and what the body is."""

import gzip
import time
import zlib

import brotli
import pyarrow as pa
import pytest

from humpback.corpus.documents.http import Message, binary_type, looks_like_a_page, parse, unpacked

PAGE = "<h1>Größe</h1>".encode()
MOST = 1 << 20


def message(body: bytes, *headers: str, status: str = "HTTP/1.1 200 OK", newline: str = "\r\n") -> Message:
    found = parse("".join(line + newline for line in (status, *headers, "")).encode("latin-1") + body)
    assert found
    return found


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("status", "code"), [("HTTP/1.1 200 OK", 200), ("HTTP/1.0  404", 404), ("HTTP/2 200", 200), ("HTTP/1.1 200", 200)]
)
def test_status_lines(status: str, code: int) -> None:
    """Servers leave out the words after the code, and HTTP/2 has no minor version."""
    assert message(PAGE, status=status).status == code


@pytest.mark.parametrize(
    "block", [b"", b"<h1>x</h1>", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n"]
)
def test_what_is_no_response(block: bytes) -> None:
    """A block that does not begin with a status line is no message, whatever the record calls itself."""
    assert parse(block) is None


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_headers(newline: str) -> None:
    """Names in any case, values folded over lines, names that come twice, and bare line feeds."""
    found = message(
        b"x\r\n\r\ny\n\nz",
        "X-Robots-Tag: noai",
        "X-ROBOTS-TAG: noimageai",
        "TDM-Policy: a",
        " b",
        "no colon",
        newline=newline,
    )
    assert found.headers == {"x-robots-tag": "noai, noimageai", "tdm-policy": "a b"}
    assert found.body == b"x\r\n\r\ny\n\nz"


@pytest.mark.parametrize(
    ("value", "kind", "charset"),
    [
        ("text/html", "text/html", None),
        ("Text/HTML; Charset=UTF-8", "text/html", "UTF-8"),
        ('text/html;charset="iso-8859-1"', "text/html", "iso-8859-1"),
        ("text/html; x=y; charset = 'a' ; z", "text/html", "a"),
        ("; charset=utf-8", None, "utf-8"),
    ],
)
def test_content_types(value: str, kind: str | None, charset: str | None) -> None:
    """Parameters come quoted, spaced and in any order."""
    found = message(PAGE, f"Content-Type: {value}")
    assert (found.type, found.charset) == (kind, charset)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(PAGE, mtime=0)),
        ("x-gzip", gzip.compress(PAGE[:5], mtime=0) + gzip.compress(PAGE[5:], mtime=0)),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", raw_deflate(PAGE)),
        ("br", brotli.compress(PAGE)),
        ("zstd", zstd(PAGE)),
        ("GZIP", gzip.compress(PAGE, mtime=0) + b"\0\0\0"),
        ("deflate, gzip", gzip.compress(zlib.compress(PAGE), mtime=0)),
        ("br,zstd", zstd(brotli.compress(PAGE))),
        ("identity", PAGE),
        ("UTF-8", PAGE),
        ("gzip", PAGE),
        ("br, gzip", PAGE),
        ("br, gzip", gzip.compress(PAGE, mtime=0)),
        ("zstd", b"\xef\xbb\xbf " + PAGE),
    ],
)
def test_codings(coding: str, body: bytes) -> None:
    """All codings of RFC 9110 and 8878, one upon the other, and headers that claim one that is not there."""
    assert unpacked(message(body, f"Content-Encoding: {coding}"), MOST).lstrip(b"\xef\xbb\xbf ") == PAGE


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b"4\r\n<h1>\r\n2;x=y\r\nGr\r\n0\r\n\r\n", b"<h1>Gr"),
        (b"4\n<h1>\n2\nGr\n0\n\n", b"<h1>Gr"),
        (b"000004  \r\n<h1>\r\n0\r\nX-Trailer: 1\r\n\r\n", b"<h1>"),
        (b"4\r\n<h1>ff\r\nrest", b"<h1>rest"),
        (b"4\r\n<h1>\r\nff\r\nbroken o", b"<h1>broken o"),
        (b"0\r\n\r\n", b""),
        (b"<h1>", b"<h1>"),
        (b"", b""),
        (b"-4\r\n<h1>", b"-4\r\n<h1>"),
        (b"ffffffffffffffff\r\n<h1>", b"<h1>"),
    ],
)
def test_chunks(body: bytes, whole: bytes) -> None:
    """Chunks with extensions, trailers and bare line feeds; cut off; and a body that another tool has put together."""
    assert unpacked(message(body, "Transfer-Encoding: chunked"), MOST) == whole


def test_chunks_of_a_packed_body() -> None:
    """The order of unpacking: first the chunks, then the coding."""
    packed = gzip.compress(PAGE, mtime=0)
    body = b"5\r\n" + packed[:5] + b"\r\n" + f"{len(packed) - 5:x}\r\n".encode() + packed[5:] + b"\r\n0\r\n\r\n"
    assert unpacked(message(body, "Transfer-Encoding: Chunked", "Content-Encoding: gzip"), MOST) == PAGE


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_cannot_be_unpacked(coding: str) -> None:
    """Noise under a coding is damage; as text it would be noise in the corpus."""
    with pytest.raises(ValueError, match=coding):
        unpacked(message(b"\x07\xfe noise \xff" * 9, f"Content-Encoding: {coding}"), MOST)


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)])
def test_a_packed_body_that_breaks_off(coding: str, pack: type) -> None:
    """Crawlers cut long bodies: what came before the cut is the page."""
    text = b"<p>" + b"".join(str(n * n).encode() for n in range(20_000))
    found = unpacked(message(pack(text)[:-3000], f"Content-Encoding: {coding}"), MOST)
    assert len(found) > 9_000
    assert text.startswith(found)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(bytes(8 * MOST), 1, mtime=0)),
        ("deflate", zlib.compress(bytes(8 * MOST), 1)),
        ("br", brotli.compress(bytes(8 * MOST), quality=1)),
        ("zstd", zstd(bytes(8 * MOST))),
        ("gzip, gzip", gzip.compress(gzip.compress(bytes(8 * MOST), 1, mtime=0), 1, mtime=0)),
        ("gzip", gzip.compress(b"<p>", mtime=0) * 50_000),
    ],
)
def test_bombs(coding: str, body: bytes) -> None:
    """A body is unpacked to so many bytes and no further, also one of many small streams."""
    started = time.process_time()
    assert len(unpacked(message(body, f"Content-Encoding: {coding}"), MOST)) <= MOST
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("body", "page"),
    [
        (b"<!doctype HTML>", True),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<!-- a -->\n<html lang=en>", True),
        (b"<!-- a --> <!-- b --><BODY>", True),
        (b"<h1>", True),
        (b"<rss>", False),
        (b"<?xml version='1.0'?><feed>", False),
        (b"<html", False),
        (b"{}", False),
        (b"", False),
        (b"<!---->" * 20_000, False),
    ],
)
def test_what_looks_like_a_page(body: bytes, page: bool) -> None:
    """As a browser sniffs; feeds are markup and no pages. Many comments once took the time of the universe."""
    assert looks_like_a_page(body) is page


def test_what_is_no_text() -> None:
    """The first bytes of a picture show that it is one, whatever its headers say."""
    assert (binary_type(b"%PDF-1.7"), binary_type(b"<p>%PDF-")) == ("application/pdf", None)


@pytest.mark.parametrize(
    ("header", "type_", "charset"),
    [
        ("text/html; charset=utf-8", "text/html", "utf-8"),
        ("text/html, text/html; charset=utf-8", "text/html", "utf-8"),
        ("text/html,charset=utf-8", "text/html", "utf-8"),
        ("text/plain, text/html", "text/html", None),
        ("text/html, */*", "text/html", None),
        ("TEXT/HTML ;;charset=UTF-8", "text/html", "UTF-8"),
        ("text/html charset=utf-8", None, "utf-8"),
        ('"text/html"', None, None),
        ("html", None, None),
        ("*/*", None, None),
        ("unknown/unknown", None, None),
        ("application/unknown; charset=koi8-r", None, "koi8-r"),
        ("", None, None),
        (",", None, None),
        ("application/pdf", "application/pdf", None),
        ("application/xhtml+xml", "application/xhtml+xml", None),
    ],
)
def test_types_as_browsers_take_them(header: str, type_: str | None, charset: str | None) -> None:
    """Pages that every browser shows were dropped as no HTML; what is no type is none, and the body is looked at."""
    message = parse(f"HTTP/1.1 200 OK\r\nContent-Type: {header}\r\n\r\nx".encode())
    assert message is not None
    assert (message.type, message.charset) == (type_, charset)


@pytest.mark.parametrize("line", ["\r\n", "\n"])
@pytest.mark.parametrize("empty", ["\r\n", "\n"])
def test_line_ends_of_both_kinds(line: str, empty: str) -> None:
    """Headers that end in LF before an empty line of CRLF had no body."""
    message = parse(f"HTTP/1.1 200 OK{line}A: b{line}{empty}\nbody\r\n\r\nend".encode())
    assert message is not None
    assert (message.headers, message.body) == ({"a": "b"}, b"\nbody\r\n\r\nend")
