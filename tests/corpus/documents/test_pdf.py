"""The text of a PDF: chapters by the outline, lines put together to paragraphs."""

from pathlib import Path

import pytest

from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.schema import Row
from humpback.stage import Drop

pytest.importorskip("pypdfium2")


def pdf(pages: list[list[str]], outline: list[tuple[str, int, int]] = [], trailer: str = "") -> bytes:  # noqa: B006
    """A PDF with `pages` of lines, and an `outline` of (title, page, level 0 or 1); it has no cross-reference table."""
    first_page, first_mark = 10, 10 + 2 * len(pages)
    kids = " ".join(f"{first_page + 2 * n} 0 R" for n in range(len(pages)))
    objects = {
        1: "<</Type/Catalog/Pages 2 0 R" + ("/Outlines 3 0 R>>" if outline else ">>"),
        2: f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        4: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        5: "<</Title(Bicycles)>>",
    }
    for n, lines in enumerate(pages):
        page = first_page + 2 * n
        shown = "BT /F1 10 Tf 50 750 Td " + " ".join(f"({line}) Tj 0 -14 Td" for line in lines) + " ET"
        objects[page] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 4 0 R>>>>/Contents {page + 1} 0 R>>"
        )
        objects[page + 1] = f"<</Length {len(shown)}>>stream\n{shown}\nendstream"
    objects.update(marks(outline, first_page, first_mark))
    body = "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in objects.items())
    return f"%PDF-1.4\n{body}trailer\n<</Root 1 0 R/Info 5 0 R{trailer}>>\n%%EOF\n".encode()


def marks(outline: list[tuple[str, int, int]], first_page: int, first: int) -> dict[int, str]:
    if not outline:
        return {}
    numbers = {0: [n for n, mark in enumerate(outline) if not mark[2]]}
    tops = numbers[0]
    objects = {3: f"<</Type/Outlines/First {first + tops[0]} 0 R/Last {first + tops[-1]} 0 R>>"}
    for n, (title, page, level) in enumerate(outline):
        above = max(top for top in tops if top <= n)
        below = [m for m in range(above + 1, len(outline)) if outline[m][2] and not any(above < t <= m for t in tops)]
        peers, parent = (below, first + above) if level else (tops, 3)
        after = peers[peers.index(n) + 1 : peers.index(n) + 2]
        links = f"/Next {first + after[0]} 0 R" if after else ""
        if not level and below:
            links += f"/First {first + below[0]} 0 R/Last {first + below[-1]} 0 R"
        objects[first + n] = f"<</Title({title})/Parent {parent} 0 R/Dest[{first_page + 2 * page} 0 R/Fit]{links}>>"
    return objects


def outcomes(path: Path, data: bytes) -> tuple[list[Row], list[Drop]]:
    path.write_bytes(data)
    both = list(read(DocumentsConfig(), sources([str(path)])))
    return [o for o in both if not isinstance(o, Drop)], [o for o in both if isinstance(o, Drop)]


CHAIN = ["The chain of a bicycle is oiled every month, so that it", "runs well and lasts long.", "Then it is wiped."]


def test_chapters_by_the_outline(tmp_path: Path) -> None:
    """Each chapter is a document with its page, and what its outline calls a heading is one."""
    pages = [["1 Chains", *CHAIN, "Cleaning", "Use a brush."], ["More on brushes.", "2 Brakes", "Brakes stop."]]
    outline = [("Chains", 0, 0), ("1.1 Cleaning", 0, 1), ("Brakes", 1, 0)]
    path = tmp_path / "a.pdf"
    rows, drops = outcomes(path, pdf(pages, outline))
    assert [(row["url"], row["title"]) for row in rows] == [(f"{path}#page=1", "Bicycles"), (f"{path}#page=2", "Bicycles")]
    assert rows[0]["text"] == (
        "# Chains\n\nThe chain of a bicycle is oiled every month, so that it runs well and lasts long.\n\n"
        "Then it is wiped.\n\n## 1.1 Cleaning\n\nUse a brush. More on brushes."
    )
    assert (rows[1]["text"], drops) == ("# Brakes\n\nBrakes stop.", [])


def test_a_pdf_without_an_outline(tmp_path: Path) -> None:
    """No heading is guessed: the text stands under the title."""
    rows, _ = outcomes(tmp_path / "a.pdf", pdf([["Chains", *CHAIN]]))
    assert [(row["title"], row["text"].count("#")) for row in rows] == [("Bicycles", 0)]


def test_a_bookmark_that_the_page_does_not_have(tmp_path: Path) -> None:
    """Its title stands at the page's begin."""
    rows, _ = outcomes(tmp_path / "a.pdf", pdf([CHAIN, ["Brakes stop."]], [("Stopping", 1, 0)]))
    assert [row["text"].partition("\n")[0] for row in rows] == [rows[0]["text"].partition("\n")[0], "# Stopping"]
    assert len(rows) == 2


def test_a_scan(tmp_path: Path) -> None:
    """Pages without characters are a drop, not a document of nothing."""
    rows, drops = outcomes(tmp_path / "a.pdf", pdf([[], []]))
    assert (rows, [drop.reason for drop in drops]) == ([], ["no_text"])
