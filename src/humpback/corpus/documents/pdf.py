"""The text of a PDF, cut into the chapters that its outline names.

PDF knows where characters stand and not what they are. Headings are made of the outline (bookmarks) alone, and lines are
put together to paragraphs by their length.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from humpback.corpus.documents.document import Found, Unread, book
from humpback.corpus.documents.files import BOOK_BYTES, MOST_BYTES, library, open_bytes
from humpback.corpus.documents.formats import Format
from humpback.corpus.documents.http import binary_type
from humpback.schema import Row

_PASSWORD_ERROR = 4
_MOST_BOOKMARKS = 10_000
# A line shorter than this share of the longest one ends its paragraph.
_FULL_LINE = 0.75
# What stands for a hyphen at the end of a line, after which the word goes on.
_HYPHENS = ("\x02", "\ufffe", "\xad")
_NUMBERING = re.compile(r"^[\d.\s]+|\W+")


class _Bookmark(NamedTuple):
    page: int
    level: int
    title: str


class _Line(NamedTuple):
    """A line of a page, which are counted from 0; `level` is that of a bookmark, also from 0, or None for plain text."""

    page: int
    level: int | None
    text: str


def chapters(source: Row) -> Iterator[Found]:
    """The chapters that the outline names, or else the whole text; addresses end in `#page=N` (RFC 8118)."""
    pdfium = library("pypdfium2", source["path"], "books")
    with open_bytes(source["path"]) as file:
        data = file.read(BOOK_BYTES + 1)
    if len(data) > BOOK_BYTES:
        yield Unread("book", "too_large", f"over {BOOK_BYTES} bytes")
        return
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _PASSWORD_ERROR
        yield Unread("book", "encrypted" if locked else "damaged_record", f"no readable PDF: {error}")
        return
    with document:
        title = document.get_metadata_dict().get("Title", "").strip() or None
        lines, broken = _lines(document, pdfium.PdfiumError)
    yield from (Unread(f"page={page}", "damaged_record", f"page {page} cannot be read") for page in broken)
    filled = [chapter for chapter in _chapters(lines) if any(line.level is None and line.text for line in chapter)]
    for number, chapter in enumerate(filled):
        yield _document(source["path"], title, chapter, number)
    if not filled:
        yield Unread("book", "no_text", "no page holds text, as in a scan")


def _lines(document: Any, failure: type[Exception]) -> tuple[list[_Line], list[int]]:
    """The lines of all pages with the bookmarks among them, and the pages, from 1, that cannot be read."""
    marks: dict[int, list[_Bookmark]] = {}
    for mark in _bookmarks(document):
        marks.setdefault(mark.page, []).append(mark)
    lines: list[_Line] = []
    broken = []
    for number in range(len(document)):
        try:
            text = document[number].get_textpage().get_text_bounded()
        except failure:
            broken.append(number + 1)
            continue
        lines += _with_headings(number, text.splitlines(), marks.get(number, []))
    return lines, broken


def _bookmarks(document: Any) -> Iterator[_Bookmark]:
    for mark, _ in zip(document.get_toc(), range(_MOST_BOOKMARKS), strict=False):
        target, title = mark.get_dest(), " ".join(mark.get_title().split())
        page = target.get_index() if target else None
        if page is not None and title:
            yield _Bookmark(page, mark.level, title)


def _with_headings(page: int, lines: list[str], marks: list[_Bookmark]) -> Iterator[_Line]:
    """The lines of a page, those that are a bookmark's title marked; a title that is none of them comes first."""
    keys, at = [_key(line) for line in lines], 0
    for mark in marks:
        key = _key(mark.title)
        if key in keys[at:]:
            found = keys.index(key, at)
            yield from (_Line(page, None, line.strip()) for line in lines[at:found])
            at = found + 1
        yield _Line(page, mark.level, mark.title)
    yield from (_Line(page, None, line.strip()) for line in lines[at:])


def _key(title: str) -> str:
    """The letters of a heading, because numbers stand in the text or in the outline and rarely in both."""
    return _NUMBERING.sub("", title.casefold())


def _chapters(lines: list[_Line]) -> Iterator[list[_Line]]:
    chapter: list[_Line] = []
    for line in lines:
        if line.level == 0 and chapter:
            yield chapter
            chapter = []
        chapter.append(line)
    yield chapter


def _document(path: str, title: str | None, chapter: list[_Line], number: int) -> Found:
    parts: list[str] = []
    run: list[str] = []
    for line in chapter:
        if line.level is None:
            run.append(line.text)
            continue
        parts += [*_paragraphs(run), f"{'#' * min(6, line.level + 1)} {line.text}"]
        run = []
    text = "\n\n".join([*parts, *_paragraphs(run)])
    if len(text) > MOST_BYTES:
        return Unread(str(number), "too_large", f"{len(text)} characters")
    return str(number), {"url": f"{path}#page={chapter[0].page + 1}", "title": title, "text": text}


def _paragraphs(lines: list[str]) -> list[str]:
    """Lines put together as long as they are full, and words that were broken at a line's end."""
    full = _FULL_LINE * max(map(len, lines), default=0)
    paragraphs: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on and line:
            last = paragraphs[-1]
            paragraphs[-1] = last[:-1] + line if last.endswith(_HYPHENS) else f"{last} {line}"
        elif line:
            paragraphs.append(line)
        goes_on = bool(line) and len(line) >= full
    return paragraphs


FORMAT = Format(book(chapters), endings=(".pdf",), begins=lambda head: binary_type(head) == "application/pdf", single=True)
