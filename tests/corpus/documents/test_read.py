"""Files to documents: every record is a document or a drop with its reason."""

import bz2
import gzip
import json
import lzma
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humpback.corpus.documents.files import MOST_BYTES
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import part_of, sources
from humpback.schema import DOCUMENT, Row
from humpback.stage import Drop
from humpback.store import to_table

DEMO = Path(__file__).parents[3] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz"


def outcomes(*paths: Path | str) -> tuple[list[Row], list[Drop]]:
    both = list(read(DocumentsConfig(), sources([str(path) for path in paths])))
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
    """Two records under one id are two pages: ids are made of the place, which no two records share."""
    (tmp_path / "a.warc").write_bytes(record("response", b"<h1>x</h1>") + record("response", b"<h1>y</h1>"))
    rows, drops = outcomes(tmp_path / "a.warc")
    assert ([row["html"] for row in rows], drops) == (["<h1>x</h1>", "<h1>y</h1>"], [])
    assert rows[0]["id"] != rows[1]["id"]


def test_many_records_in_one_member(tmp_path: Path) -> None:
    """A whole archive packed at once has one offset for all: their ids must differ all the same."""
    pages = [record("response", f"<h1>{n}</h1>".encode()) for n in range(5)]
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(b"".join(pages), mtime=0))
    rows, drops = outcomes(tmp_path / "a.warc.gz")
    assert (len({row["id"] for row in rows}), drops) == (5, [])


def test_archives_of_the_old_format(tmp_path: Path) -> None:
    """ARC was the format before WARC: its pages are pages."""
    message = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>x</h1>"
    version = b"1 0 Example\nURL IP-address Archive-date Content-type Archive-length\n"
    head = f"filedesc://a.arc 0.0.0.0 20020102030405 text/plain {len(version)}\n".encode()
    entry = f"http://a.example/ 192.0.2.1 20020102030406 text/html {len(message)}\n".encode()
    (tmp_path / "a.arc").write_bytes(head + version + b"\n" + entry + message + b"\n")
    rows, drops = outcomes(tmp_path / "a.arc")
    assert [(row["html"], row["url"], row["date"]) for row in rows] == [
        ("<h1>x</h1>", "http://a.example/", "2002-01-02T03:04:06Z")
    ]
    assert [drop.reason for drop in drops] == ["not_a_response"]


@pytest.mark.parametrize(
    ("body", "kept"), [(b"<!DOCTYPE html><h1>x</h1>", True), (b"<h1>x</h1>", True), (b"{}", False), (b"x,y\n1,2", False)]
)
def test_a_body_without_a_type(tmp_path: Path, body: bytes, kept: bool) -> None:
    """Old servers send no type: what begins like a page is one, as browsers have it, and nothing else is."""
    untyped = record("response", body).replace(b"Content-Type: text/html\r\n", b"X-Filler: 0123456789abc\r\n")
    (tmp_path / "a.warc").write_bytes(untyped)
    rows, drops = outcomes(tmp_path / "a.warc")
    assert (len(rows), [drop.reason for drop in drops]) == ((1, []) if kept else (0, ["not_html"]))


def union(source: Row, cuts: list[int]) -> list[Row | Drop]:
    ends = sorted({0, *cuts, source["size"]})
    ranges = [part_of(source, start, end) for start, end in pairwise(ends)]
    return [outcome for part in ranges for outcome in read(DocumentsConfig(), [part])]


LINES = st.lists(
    st.one_of(
        st.builds(lambda text: json.dumps({"text": text}), st.text(max_size=30)),
        st.sampled_from(["", "  ", "{", "null", '{"other": 1}', '{"text": "\\ud800"}']),
    ),
    max_size=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines=LINES, cuts=st.lists(st.integers(1, 400), max_size=6), last=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_lines_read_in_ranges(tmp_path: Path, lines: list[str], cuts: list[int], last: bool, end: str) -> None:
    """Wherever a file is cut, its ranges give what the whole gives, ids included: no line twice, and none lost."""
    data = end.join(lines).encode() + (end.encode() if last else b"")
    (tmp_path / "a.jsonl").write_bytes(data)
    [source] = sources([str(tmp_path / "a.jsonl")])
    whole = [o for o in read(DocumentsConfig(), [source]) if not (isinstance(o, Drop) and o.reason == "empty_source")]
    assert union(source, [cut for cut in cuts if cut < len(data)]) == whole


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_archives_read_in_ranges(tmp_path: Path, packed: bool, seed: int) -> None:
    """As lines, so records: whether cut in a header, a body or a packed member."""
    path = tmp_path / ("a.warc.gz" if packed else "a.warc")
    path.write_bytes(DEMO.read_bytes() if packed else gzip.decompress(DEMO.read_bytes()))
    [source] = sources([str(path)])
    cuts = [random.Random(seed).randrange(source["size"]) for _ in range(5)]
    assert union(source, cuts) == list(read(DocumentsConfig(), [source]))


def test_row_groups_read_in_ranges(tmp_path: Path) -> None:
    """Parquet is cut between its row groups; the records keep their numbers, and so their ids."""
    pq.write_table(pa.table({"text": [f"Text {n}" for n in range(100)]}), tmp_path / "a.parquet", row_group_size=7)
    [source] = sources([str(tmp_path / "a.parquet")])
    parts = [part_of(source, start, end) for start, end in [(0, 1), (1, 9), (9, 15)]]
    assert list(read(DocumentsConfig(), parts)) == list(read(DocumentsConfig(), [source]))


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
        path.write_bytes(gzip.compress(lines, mtime=0) if ending.endswith("gz") else lines)
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
    """Ids of other people's tables are not unique; the place of a record is, and neither is lost."""
    rows, drops = outcomes(jsonl(tmp_path / "a.jsonl", {"id": 1, "text": "One"}, {"id": "1", "text": "Two"}))
    assert ([row["text"] for row in rows], len({row["id"] for row in rows}), drops) == (["One", "Two"], 2, [])


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


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.txt.gz", "a.markdown.bz2", "a.md.xz", "a.txt.zst"])
def test_texts(tmp_path: Path, name: str) -> None:
    """A text is a document as it stands, packed or not."""
    text = "# A heading\n\nText under it, with an ü."
    packers = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}
    (tmp_path / name).write_bytes(packers.get(Path(name).suffix, bytes)(text.encode()))
    rows, drops = outcomes(tmp_path / name)
    assert ([(row["text"], row["url"]) for row in rows], drops) == ([(text, str(tmp_path / name))], [])


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def test_columns_that_are_called_otherwise(tmp_path: Path) -> None:
    """Other people's tables say `content` and `link`; without a word for them they cannot be read."""
    path = jsonl(tmp_path / "a.jsonl", {"content": "x", "link": "https://a.example", "text": "not this"})
    columns = {"text": "content", "url": "link"}
    rows = list(read(DocumentsConfig(columns=columns), sources([str(path)], columns)))
    assert [(row["text"], row["url"]) for row in rows] == [("x", "https://a.example")]


def test_rights_of_a_page(tmp_path: Path) -> None:
    """Page and server are heard, and a table's own licence goes before the page's."""
    page = '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"><h1>x</h1>'
    served = record("response", page.encode(), content_type="text/html\r\nX-Robots-Tag: noai")
    (tmp_path / "a.warc").write_bytes(served)
    jsonl(tmp_path / "b.jsonl", {"html": page}, {"html": page, "license": "mine"}, {"text": "x"})
    rows, _ = outcomes(tmp_path)
    assert [row["license"] for row in rows] == ["CC-BY-4.0", "CC-BY-4.0", "mine", None]
    assert [row.get("opt_out") for row in rows] == [["noai"], [], [], None]


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    """A file may go between the listing and the reading: it is a drop, and the next file is read."""
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_text("<h1>x</h1>")
    found = sources([str(tmp_path)])
    (tmp_path / "a.html").unlink()
    both = list(read(DocumentsConfig(), found))
    assert isinstance(both[0], Drop)
    assert (both[0].reason, both[0].value) == ("unreadable_file", "No such file or directory")
    assert len(both) == 2


def test_rows_of_a_file_do_not_depend_on_its_range(tmp_path: Path) -> None:
    """The rows' parent is the file, else one file cut otherwise would be another corpus."""
    [source] = sources([str(jsonl(tmp_path / "a.jsonl", {"text": "x"}))])
    assert next(read(DocumentsConfig(), [part_of(source, 0, 5)])) == next(read(DocumentsConfig(), [source]))
