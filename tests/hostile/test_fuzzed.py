"""What `scripts/fuzz_corpus.py` has found, cut down to the least that shows it."""

import gzip
import json
import time
from pathlib import Path

import pytest
from hostile.reading import outcomes, written

from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.corpus.documents.rights import rights
from humpback.schema import SEGMENT, Row
from humpback.stage import Drop
from humpback.store import to_table

# What took the square of its length took over ten.
SECONDS = 2.5


def segments(document: Row) -> list[Row]:
    """The candidates of `document`, which can be written."""
    began = time.process_time()
    rows = [row for row in segment(SegmentConfig(), [{"id": "d", **document}]) if not isinstance(row, Drop)]
    assert time.process_time() - began < SECONDS
    to_table(rows, SEGMENT)
    return rows


@pytest.mark.parametrize(("ending", "reasons"), [("jsonl", "damaged_record not_json"), ("html", "damaged_record")])
def test_bytes_changed_in_a_gzip_file(ending: str, reasons: str, tmp_path: Path) -> None:
    """fsspec unpacks gzip by isal where that is installed, whose error is none of the standard library's: the run ended."""
    data = gzip.compress(b"\n".join(b'{"text": "Line %d of a text."}' % n for n in range(50)), mtime=0)
    found = set()
    for at in range(10, len(data), 3):
        broken = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        found |= {drop.reason for drop in outcomes(written(tmp_path / f"a.{ending}.gz", broken))[1]}
    assert "damaged_record" in found
    assert found <= set(reasons.split())


@pytest.mark.parametrize("field", ["id", "url", "title", "date", "license"])
def test_a_field_that_nests_too_deep_to_be_shown(field: str, tmp_path: Path) -> None:
    """The JSON library reads a thousand levels and Python shows fewer: such an address ended the run."""
    for depth in (3, 960, 1_000, 1_020):
        line = f'{{"text": "A text.", "{field}": {"[" * depth}{"]" * depth}}}'
        [row], _ = outcomes(written(tmp_path / "a.jsonl", line.encode()))
        assert row["url"].endswith("a.jsonl#byte=0")
        assert row["license"] is None


@pytest.mark.parametrize("mark", ["\x00", "\ud800", "\udfff"])
def test_a_title_that_cannot_be_written(mark: str) -> None:
    """It was mended where it became the heading, and not where it led the path of another."""
    [row] = segments({"text": "# Heading\n\nA text.", "title": f"A{mark}title"})
    assert row["header_path"] == ["A\ufffdtitle", "Heading"]


@pytest.mark.parametrize(
    "address", ["https://a.example/\ud800", "https://a.example/\x00", "https://a.example/" + "x" * 1_000_000]
)
def test_a_license_in_linked_data_that_cannot_be_written(address: str) -> None:
    """JSON in a page may hold what the page itself cannot, and each of its segments would hold it once more."""
    data = json.dumps({"@type": "WebPage", "license": address})
    said = rights(f'<title>T</title><script type="application/ld+json">{data}</script><h1>A</h1>')
    assert said.license
    assert said.license.startswith("https://a.example/")
    assert len(said.license.encode()) <= 2_000
    assert "\0" not in said.license


def test_a_page_whose_license_cannot_be_written(tmp_path: Path) -> None:
    """The same on the way that a run takes: one such page would have ended it."""
    page = (
        r'<h1>A</h1><script type="application/ld+json">{"@type": "Article", "license": "https://a.example/\ud800"}</script>'
    )
    [row], _ = outcomes(written(tmp_path / "a.html", page.encode()))
    assert row["license"] == "https://a.example/\ufffd"


def test_a_table_of_one_wide_row_and_many_short_ones() -> None:
    """Each row was filled up to the width of the widest: 64 kB became 60 MB."""
    html = "<title>T</title><h1>A</h1><p>Before the table.</p><table><tr>" + "<td>x" * 20_000 + "<tr><td>y" * 20_000
    [row] = segments({"html": html})
    assert row["n_chars"] < 10 * len(html)


@pytest.mark.parametrize(
    "html",
    ["<div><br>x" * 4_900, ("<div><p>" + "word " * 20) * 4_900, "<ol><li>x" * 4_900 + "<a href=x>word</a> w" * 5_000],
    ids=["lines", "paragraphs", "lists around links"],
)
def test_elements_that_nest_as_deep_as_is_read(html: str) -> None:
    """What asks for all text or all links below an element must not do so for each of the elements around them."""
    assert segments({"html": f"<title>T</title><h1>A</h1>{html}"})
