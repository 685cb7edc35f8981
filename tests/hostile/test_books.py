"""Books made to break a reader, or broken on the way: chapters or drops with reasons, never an exception."""

import random
import zipfile
from pathlib import Path

import pytest
from hostile.reading import outcomes, reasons, written

from humpback.corpus.documents.files import MOST_BYTES


def book(path: Path, content: dict[str, bytes]) -> Path:
    container = b'<container><rootfile full-path="b.opf"/></container>'
    items = "".join(f'<item id="{n}" href="{n}" media-type="text/html"/>' for n in content)
    order = "".join(f'<itemref idref="{n}"/>' for n in content)
    opf = f"<package><manifest>{items}</manifest><spine>{order}</spine></package>".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in {"META-INF/container.xml": container, "b.opf": opf, **content}.items():
            packed.writestr(name, data)
    return path


def test_books_that_are_none(tmp_path: Path) -> None:
    """Noise, half a book, a zip archive of something else, XML that is none: one reason each."""
    pytest.importorskip("defusedxml")
    whole = book(tmp_path / "a.epub", {"one": b"<h1>One</h1>"}).read_bytes()
    for data in (b"", b"PK\x03\x04", random.Random(1).randbytes(999), whole[: len(whole) // 2]):
        assert reasons(written(tmp_path / "b.epub", data)) == {"damaged_record": 1}
    for member, data in {"x": b"", "META-INF/container.xml": b"<a", "META-INF/container.xml ": b"<a/>"}.items():
        with zipfile.ZipFile(tmp_path / "c.epub", "w") as packed:
            packed.writestr(member.strip(), data)
        assert reasons(tmp_path / "c.epub") == {"damaged_record": 1}


def test_a_book_whose_xml_explodes(tmp_path: Path) -> None:
    """Entities in entities: a few lines that unpack to gigabytes."""
    pytest.importorskip("defusedxml")
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as packed:
        packed.writestr("META-INF/container.xml", f'<!DOCTYPE a [<!ENTITY e0 "x">{entities}]><a>&e9;</a>')
    assert reasons(tmp_path / "a.epub") == {"damaged_record": 1}


def test_a_chapter_that_unpacks_to_a_gigabyte(tmp_path: Path) -> None:
    """It is passed over, and the chapter after it is read."""
    pytest.importorskip("defusedxml")
    path = book(tmp_path / "a.epub", {"bomb": bytes(MOST_BYTES + 9), "gone": b"", "one": b"<h1>One</h1>"})
    rows, drops = outcomes(path)
    assert ([row["html"] for row in rows], [drop.reason for drop in drops]) == (
        ["<h1>One</h1>"],
        ["too_large", "empty_body"],
    )


def test_a_book_of_many_large_chapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chapter is small enough, and all together are not."""
    pytest.importorskip("defusedxml")
    monkeypatch.setattr("humpback.corpus.documents.epub.BOOK_BYTES", 2500)
    found = reasons(book(tmp_path / "a.epub", {str(n): b"x" * 1000 for n in range(4)}))
    assert found == {"too_large": 2}


def test_chapters_outside_of_the_book(tmp_path: Path) -> None:
    """A path that climbs out of the book is a name in the zip archive, and no file of this machine."""
    pytest.importorskip("defusedxml")
    rows, _ = outcomes(book(tmp_path / "a.epub", {"../../../etc/passwd": b"<h1>One</h1>"}))
    assert [row["html"] for row in rows] == ["<h1>One</h1>"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged_record"),
        (b"%PDF-1.4\n", "damaged_record"),
        (b"<html>", "damaged_record"),
        (random.Random(1).randbytes(9999), "damaged_record"),
        (b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 1 0 R/Outlines 1 0 R>>\nendobj\ntrailer\n<</Root 1 0 R>>\n", "no_text"),
        (
            b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
            b"3 0 obj\n<</Filter/Standard/V 2/R 3/Length 128/P -4/O<" + b"0f" * 32 + b">/U<" + b"1e" * 32 + b">>>\nendobj\n"
            b"trailer\n<</Root 1 0 R/Encrypt 3 0 R/ID[<" + b"5a" * 16 + b"><" + b"5a" * 16 + b">]>>\n",
            "encrypted",
        ),
    ],
    ids=["empty", "head", "html", "noise", "loop", "encrypted"],
)
def test_pdfs_that_are_none(tmp_path: Path, data: bytes, reason: str) -> None:
    """Noise, a page tree that bites its tail, a locked file: one reason each."""
    pytest.importorskip("pypdfium2")
    assert reasons(written(tmp_path / "a.pdf", data)) == {reason: 1}
