"""Files to documents: every record is a document or a drop with its reason."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humpback.corpus.read import MOST_BYTES, kind_of, read, sources
from humpback.errors import UsageFault
from humpback.schema import DOCUMENT, Row
from humpback.stage import Drop
from humpback.store import to_table

DEMO = Path(__file__).parents[2] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz"


def outcomes(*paths: Path | str) -> tuple[list[Row], list[Drop]]:
    both = list(read(sources([str(path) for path in paths])))
    return [o for o in both if not isinstance(o, Drop)], [o for o in both if isinstance(o, Drop)]


def record(kind: str, body: bytes, name: str = "a", http: str = "200 OK", content_type: str = "text/html") -> bytes:
    head = f"HTTP/1.1 {http}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    block = body if kind == "resource" else head + body
    warc = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{name}>\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n"
        f"WARC-Target-URI: https://a.example/{name}\r\nContent-Type: application/http; msgtype={kind}\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return warc.encode() + block + b"\r\n\r\n"


def jsonl(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.WARC.GZ", "warc"),
        ("a.htm", "html"),
        ("a.jsonl.gz", "jsonl"),
        ("a.parquet", "parquet"),
        ("a.pdf", None),
    ],
)
def test_kinds_by_ending(path: str, kind: str | None) -> None:
    """The ending names the kind, in either case; an unknown one is not guessed at."""
    assert kind_of(path) == kind


def test_a_folder_gives_only_what_can_be_read(tmp_path: Path) -> None:
    """A folder of pages also holds images and notes: they are no fault."""
    for name in ("b.html", "a.html", "c.png"):
        (tmp_path / name).write_text(f"<h1>{name}</h1>")
    assert [Path(row["path"]).name for row in sources([str(tmp_path)])] == ["a.html", "b.html"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """A glob and a path may name the same file; its pages must not come twice."""
    (tmp_path / "a.html").write_text("<h1>a</h1>")
    assert len(sources([str(tmp_path / "a.html"), str(tmp_path / "*.html")])) == 1


@pytest.mark.parametrize("name", ["gone.html", "*.warc", "notes.txt", "."])
def test_what_matches_nothing_is_the_users_fault(tmp_path: Path, name: str) -> None:
    """A mistyped path must not be an empty corpus."""
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageFault):
        sources([str(tmp_path / name)])


def test_a_moved_file_gives_the_same_rows(tmp_path: Path) -> None:
    """Ids come from the content: a corpus that was moved must not be another corpus."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        jsonl(tmp_path / folder / "a.jsonl", {"text": "Some text"}, {"text": "Other text"})
    ids = [[row["id"] for row in outcomes(tmp_path / folder / "a.jsonl")[0]] for folder in ("one", "two")]
    assert ids[0] == ids[1]


def test_the_demo_accounts_for_every_record() -> None:
    """All 52 pages of the demo, two of them in windows-1252, and a drop for each record that is none."""
    rows, drops = outcomes(DEMO)
    assert len(rows) == 52
    assert Counter(drop.reason for drop in drops) == {"not_a_response": 2, "status": 2, "not_html": 1, "empty_body": 1}
    assert Counter(row["encoding"] for row in rows) == {"utf-8": 50, "cp1252": 2}


def test_every_real_page_is_read(data: Path) -> None:
    """726 pages of the wild web, in seven encodings: a reader that trusts their claims loses some."""
    rows, drops = outcomes(data / "web" / "*.warc.gz")
    assert (len(rows), drops) == (726, [])


def test_no_real_page_comes_out_garbled(data: Path) -> None:
    """UTF-8 read as windows-1252 shows as "Ã¼": three pages with one broken byte each came out so."""
    rows, _ = outcomes(data / "web" / "*.warc.gz")
    assert [row["url"] for row in rows if sum(row["html"].count(sign) for sign in ("Ã¼", "Ã¤", "Ã©", "â€™")) > 5] == []


@pytest.mark.parametrize(
    ("data_", "reason", "value"),
    [
        (record("request", b""), "not_a_response", "request"),
        (record("resource", b"<h1>x</h1>"), "not_a_response", "resource"),
        (record("response", b"<h1>x</h1>", http="404 Not Found"), "status", 404),
        (record("response", b"", http="301 Moved"), "status", 301),
        (record("response", b"%PDF", content_type="application/pdf"), "not_html", "application/pdf"),
        (record("response", b" \n\t"), "empty_body", 0),
    ],
)
def test_what_is_no_page_is_dropped(tmp_path: Path, data_: bytes, reason: str, value: Any) -> None:
    """An error page that slips through becomes training data; each kind of record has its own reason."""
    (tmp_path / "a.warc").write_bytes(data_)
    rows, drops = outcomes(tmp_path / "a.warc")
    assert (rows, [(drop.reason, drop.value) for drop in drops]) == ([], [(reason, value)])


@pytest.mark.parametrize("content_type", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
def test_html_under_each_of_its_names(tmp_path: Path, content_type: str) -> None:
    """XHTML and parameters after the type are HTML too."""
    (tmp_path / "a.warc").write_bytes(record("response", b"<h1>x</h1>", content_type=content_type))
    assert [row["html"] for row in outcomes(tmp_path / "a.warc")[0]] == ["<h1>x</h1>"]


def test_where_a_page_came_from(tmp_path: Path) -> None:
    """A page must be found again: its address, date, archive and place in it."""
    first = record("request", b"")
    (tmp_path / "a.warc").write_bytes(first + record("response", b"<h1>x</h1>", name="b"))
    row = outcomes(tmp_path / "a.warc")[0][0]
    assert (row["url"], row["date"], row["warc"]) == ("https://a.example/b", "2026-01-02T03:04:05Z", "a.warc")
    assert row["offset"] == len(first)


def test_a_record_id_that_comes_twice(tmp_path: Path) -> None:
    """Two records under one id: the second is dropped and counted, else two rows would share an id."""
    (tmp_path / "a.warc").write_bytes(record("response", b"<h1>x</h1>") + record("response", b"<h1>y</h1>"))
    rows, drops = outcomes(tmp_path / "a.warc")
    assert ([row["html"] for row in rows], [drop.reason for drop in drops]) == (["<h1>x</h1>"], ["duplicate_id"])
    assert drops[0].row["id"] != rows[0]["id"]


def test_a_page_file_has_its_path_for_an_address(tmp_path: Path) -> None:
    """A folder of saved pages is a corpus."""
    (tmp_path / "a.html").write_bytes("<h1>Brücke</h1>".encode("cp1252"))
    row = outcomes(tmp_path)[0][0]
    assert (row["html"], row["url"]) == ("<h1>Brücke</h1>", str(tmp_path / "a.html"))


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "parquet"])
def test_tables_of_text(tmp_path: Path, ending: str) -> None:
    """JSONL, packed JSONL and Parquet with the same columns give the same documents."""
    records = [
        {"id": "7", "text": "One text", "url": "https://a.example", "title": "A"},
        {"id": "8", "text": "Two", "url": None},
    ]
    path = tmp_path / f"a.{ending}"
    lines = "".join(json.dumps(record) + "\n" for record in records).encode()
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        path.write_bytes(gzip.compress(lines) if ending.endswith("gz") else lines)
    rows, drops = outcomes(path)
    assert [(row["text"], row["url"], row["title"]) for row in rows] == [
        ("One text", "https://a.example", "A"),
        ("Two", f"{path}#8", None),
    ]
    assert drops == []


def test_a_table_without_text_says_what_it_has(tmp_path: Path) -> None:
    """The column is called `content`: the drop must say what was found and what was wanted."""
    drops = outcomes(jsonl(tmp_path / "a.jsonl", {"content": "x", "id": 1}))[1]
    assert [(drop.reason, drop.value) for drop in drops] == [("no_text", "found: content, id; wanted: text or html")]


def test_an_id_that_comes_twice_in_a_table(tmp_path: Path) -> None:
    """Ids of other people's tables are not unique; rows that share an id would overwrite each other."""
    rows, drops = outcomes(jsonl(tmp_path / "a.jsonl", {"id": 1, "text": "One"}, {"id": "1", "text": "Two"}))
    assert ([row["text"] for row in rows], [drop.reason for drop in drops]) == (["One"], ["duplicate_id"])


def test_numbers_for_titles_and_addresses_can_be_written(tmp_path: Path) -> None:
    """Metadata of any type becomes text, as the declared columns want it."""
    rows, _ = outcomes(
        jsonl(tmp_path / "a.jsonl", {"text": "One", "title": 7, "url": ["x"], "date": 2026, "license": {"a": 1}})
    )
    assert to_table(rows, DOCUMENT).num_rows == 1


def test_a_page_of_more_than_32_mib(tmp_path: Path) -> None:
    """A page that unpacks to gigabytes must not fill the memory; none that is an answer is so large."""
    (tmp_path / "a.html").write_bytes(b"x" * (MOST_BYTES + 1))
    assert [drop.reason for drop in outcomes(tmp_path)[1]] == ["too_large"]
