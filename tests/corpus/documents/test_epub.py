"""Chapters of an EPUB: in reading order, each found again in its book."""

import zipfile
from pathlib import Path

import pytest

from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.schema import Row
from humpback.stage import Drop

pytest.importorskip("defusedxml")

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
OPF = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Bicycles</dc:title><dc:rights>CC BY 4.0</dc:rights></metadata>
<manifest>{items}</manifest><spine>{order}</spine></package>"""


def epub(path: Path, chapters: dict[str, bytes | str], **more: str) -> Path:
    """A book whose spine has `chapters` (name in the book's folder: content) in this order."""
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="{more.get("type", "application/xhtml+xml")}"/>'
        for n, name in enumerate(chapters)
    )
    order = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", more.get("container", CONTAINER))
        book.writestr("OEBPS/book.opf", more.get("opf", OPF.format(items=items, order=order)))
        for name, content in chapters.items():
            book.writestr(f"OEBPS/{name.replace('%20', ' ')}", content)
        if "locked" in more:
            book.writestr("META-INF/encryption.xml", more["locked"])
    return path


def outcomes(path: Path) -> tuple[list[Row], list[Drop]]:
    both = list(read(DocumentsConfig(), sources([str(path)])))
    return [o for o in both if not isinstance(o, Drop)], [o for o in both if isinstance(o, Drop)]


def test_chapters_in_reading_order(tmp_path: Path) -> None:
    """The spine is the order, not the zip; names are percent-encoded; rights and title are the book's."""
    path = epub(tmp_path / "a.epub", {"text/two%20b.xhtml": "<h1>Two</h1>", "one.xhtml": "<h1>One</h1>"})
    rows, drops = outcomes(path)
    assert [(row["html"], row["url"]) for row in rows] == [
        ("<h1>Two</h1>", f"{path}#OEBPS/text/two b.xhtml"),
        ("<h1>One</h1>", f"{path}#OEBPS/one.xhtml"),
    ]
    assert {(row["title"], row["license"]) for row in rows} == {("Bicycles", "CC BY 4.0")}
    assert drops == []


def test_elements_that_are_closed_at_once(tmp_path: Path) -> None:
    """An HTML parser takes <title/> for open, and the whole chapter for the title."""
    chapter = '<html><head><title/><link href="a"/></head><body><a id="x"/><h1>One</h1><br/></body></html>'
    rows, _ = outcomes(epub(tmp_path / "a.epub", {"one.xhtml": chapter}))
    assert rows[0]["html"] == (
        '<html><head><title></title><link href="a"/></head><body><a id="x"></a><h1>One</h1><br/></body></html>'
    )


def test_locked_chapters(tmp_path: Path) -> None:
    """What is encrypted is named so; fonts that are do not matter."""
    locked = """<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:CipherData>
    <enc:CipherReference URI="OEBPS/one.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>"""
    rows, drops = outcomes(epub(tmp_path / "a.epub", {"one.xhtml": b"\x9a\x01", "two.xhtml": "<h1>Two</h1>"}, locked=locked))
    assert ([row["html"] for row in rows], [drop.reason for drop in drops]) == (["<h1>Two</h1>"], ["encrypted"])


def test_pictures_in_the_spine(tmp_path: Path) -> None:
    """A comic's pages are pictures: dropped for what they are."""
    _, drops = outcomes(epub(tmp_path / "a.epub", {"one.svg": "<svg/>"}, type="image/svg+xml"))
    assert [(drop.reason, drop.value) for drop in drops] == [("not_html", "image/svg+xml")]
