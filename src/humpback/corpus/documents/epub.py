"""The chapters of an EPUB, which is a zip archive of XHTML (EPUB 3.3, https://www.w3.org/TR/epub-33/)."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from humpback.corpus.documents.document import Found, Unread, book
from humpback.corpus.documents.encoding import decode
from humpback.corpus.documents.files import BOOK_BYTES, MOST_BYTES, library, open_bytes
from humpback.corpus.documents.formats import Format
from humpback.corpus.documents.http import binary_type
from humpback.schema import Row

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html")
_ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_ABOUT = {"title": "title", "license": "rights", "date": "date"}
# In XHTML an empty element may be closed at once; for an HTML parser that opens it, and an empty title eats the page.
_CLOSED_AT_ONCE = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)([a-zA-Z][\w:-]*+)([^<>]{0,2000}?)/>"
)


def chapters(source: Row) -> Iterator[Found]:
    """The chapters in reading order, each a document with its file in the book as fragment of the address."""
    xml = library("defusedxml.ElementTree", source["path"], "books")
    with open_bytes(source["path"]) as file:
        try:
            with zipfile.ZipFile(file) as opened:
                yield from _chapters(source, opened, xml)
        except (*_ZIP_DAMAGE, KeyError, xml.ParseError) as error:
            yield Unread("book", "damaged_record", f"no readable EPUB: {error}")


def _chapters(source: Row, book: zipfile.ZipFile, xml: Any) -> Iterator[Found]:
    root = xml.fromstring(_member(book, _CONTAINER)).find(".//{*}rootfile")
    if root is None:
        raise ValueError(f"{_CONTAINER} names no package")
    package = root.get("full-path", "")
    opf = xml.fromstring(_member(book, package))
    shared = {field: opf.findtext(f".//{{{_DUBLIN_CORE}}}{name}") for field, name in _ABOUT.items()}
    locked, left = _encrypted(book, xml), BOOK_BYTES
    for path, media_type in _spine(opf, posixpath.dirname(package)).items():
        found = _chapter(book, path, media_type, path in locked, left)
        if isinstance(found, Unread):
            yield found
            continue
        left -= len(found)
        html, encoding = decode(found)
        html = _CLOSED_AT_ONCE.sub(r"<\1\2></\1>", html)
        yield path, {**shared, "url": f"{source['path']}#{path}", "html": html, "encoding": encoding}


def _spine(opf: Any, folder: str) -> dict[str, str]:
    """Path in the book and media type of what is read one after the other."""
    items = {item.get("id"): item for item in opf.iterfind(".//{*}manifest/{*}item")}
    order = [items[ref.get("idref")] for ref in opf.iterfind(".//{*}spine/{*}itemref") if ref.get("idref") in items]
    path = [posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")))) for item in order]
    return dict(zip(path, (item.get("media-type", "") for item in order), strict=True))


def _encrypted(book: zipfile.ZipFile, xml: Any) -> set[str]:
    """Paths of what is locked; fonts often are in books whose text is not."""
    if _ENCRYPTION not in book.namelist():
        return set()
    locked = xml.fromstring(_member(book, _ENCRYPTION))
    return {unquote(item.get("URI", "")) for item in locked.iterfind(".//{*}CipherReference")}


def _member(book: zipfile.ZipFile, path: str) -> bytes:
    with book.open(path) as file:
        return file.read(MOST_BYTES + 1)


def _chapter(book: zipfile.ZipFile, path: str, media_type: str, locked: bool, left: int) -> bytes | Unread:
    """The chapter's bytes, or why there are none."""
    if media_type not in _CHAPTER_TYPES:
        return Unread(path, "not_html", media_type)
    if locked:
        return Unread(path, "encrypted", path)
    try:
        data = _member(book, path)
    except (*_ZIP_DAMAGE, KeyError) as error:
        return Unread(path, "damaged_record", f"{path}: {error}")
    if len(data) > min(MOST_BYTES, left):
        return Unread(path, "too_large", f"{path}: over {min(MOST_BYTES, left)} bytes")
    return data if data.strip() else Unread(path, "empty_body", 0)


FORMAT = Format(
    book(chapters),
    endings=(".epub",),
    begins=lambda head: binary_type(head) == "application/zip" and b"application/epub+zip" in head[:200],
    pages=True,
    single=True,
)
