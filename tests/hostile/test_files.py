"""Archives, pages and texts made to break a reader, or broken on the way: rows or drops with reasons, never an exception."""

import bz2
import gzip
import lzma
import random
import zlib
from collections import Counter
from pathlib import Path

import pytest
from hostile.reading import outcomes, reasons, written, zstd

from humpback.corpus.documents.files import MOST_BYTES

DEMO = Path(__file__).parents[2] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz"
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


def record(
    body: bytes, content_type: str = "text/html", name: int = 0, http: str = "", warc: str = "", **more: str
) -> bytes:
    block = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{http}\r\n".encode() + body
    head = (
        f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{name}>\r\n{warc}"
        f"WARC-Target-URI: https://a.example/{name}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {more.get('length', len(block))}\r\n\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + block + b"\r\n\r\n"


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_a_file_of_nothing(tmp_path: Path, name: str, data: bytes) -> None:
    """An empty archive ended in no row and no drop: nobody saw that it was empty."""
    found = reasons(written(tmp_path / name, data if not name.endswith("gz") or not data else gzip.compress(data, mtime=0)))
    assert found in ({"empty_source": 1}, {"damaged_record": 1})


@pytest.mark.parametrize("data", [b"", b"   \n\t"])
def test_a_page_of_nothing(tmp_path: Path, data: bytes) -> None:
    """An empty page is a drop of its own."""
    assert reasons(written(tmp_path / "a.html", data)) == {"empty_body": 1}


def test_an_empty_gzip_member(tmp_path: Path) -> None:
    """A packed archive of nothing."""
    assert sum(reasons(written(tmp_path / "a.warc.gz", gzip.compress(b"", mtime=0))).values()) == 1


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.9, 0.99999])
def test_an_archive_cut_anywhere(tmp_path: Path, share: float) -> None:
    """A download that broke off keeps its whole records, and says that it ends early."""
    data = DEMO.read_bytes()
    rows, drops = outcomes(written(tmp_path / "a.warc.gz", data[: max(5, int(share * len(data)))]))
    assert Counter(drop.reason for drop in drops)["damaged_record"] == 1
    assert len(rows) >= int(52 * share) - 8


@pytest.mark.parametrize("seed", range(8))
def test_an_archive_with_broken_bytes(tmp_path: Path, seed: int) -> None:
    """Bytes flipped in the middle: what can still be read is read, the rest is a drop."""
    data, draw = bytearray(DEMO.read_bytes()), random.Random(seed)
    for _ in range(20):
        data[draw.randrange(len(data))] ^= draw.randrange(1, 256)
    rows, drops = outcomes(written(tmp_path / "a.warc.gz", bytes(data)))
    assert rows or drops


@pytest.mark.parametrize("ending", ["warc", "warc.gz", "warc.lz4", "parquet", "jsonl", "jsonl.gz"])
@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n" * 99, b"<h1>A</h1>\n", random.Random(1).randbytes(5000)], ids=["png", "html", "noise"]
)
def test_a_file_that_is_not_what_it_is_called(tmp_path: Path, ending: str, data: bytes) -> None:
    """An error page saved as an archive, Parquet that is no Parquet: no rows, and a reason."""
    rows, drops = outcomes(written(tmp_path / f"a.{ending}", data))
    assert (rows, bool(drops)) == ([], True)


def test_an_archive_of_images(tmp_path: Path) -> None:
    """Nothing but pictures: all dropped, each for what it is."""
    data = b"".join(gzip.compress(record(GIF, "image/gif", i), mtime=0) for i in range(50))
    assert reasons(written(tmp_path / "a.warc.gz", data)) == {"not_html": 50}


def test_images_that_say_they_are_pages(tmp_path: Path) -> None:
    """A wrong content type gives odd text, not a fault."""
    rows, drops = outcomes(written(tmp_path / "a.warc", record(GIF)))
    assert len(rows) + len(drops) == 1


@pytest.mark.parametrize(
    ("http", "body"),
    [
        ("Content-Encoding: gzip\r\n", b"this is not gzip"),
        ("Content-Encoding: gzip\r\n", gzip.compress(b"<h1>A</h1>", mtime=0)[:-9]),
        ("Content-Encoding: br\r\n", b"\xff\xff\xff"),
        ("Content-Encoding: nonsense\r\n", b"<h1>A</h1>"),
        ("Transfer-Encoding: chunked\r\n", b"zz\r\n<h1>A</h1>"),
        ("Transfer-Encoding: chunked\r\n", b"ffffffffffffffff\r\n<h1>A</h1>"),
        ("Transfer-Encoding: chunked\r\n", b"<h1>A</h1>"),
        ("Content-Length: 99999999999\r\n", b"<h1>A</h1>"),
        ("Content-Length: -1\r\n", b"<h1>A</h1>"),
        ("X: " + "y" * 100_000 + "\r\n", b"<h1>A</h1>"),
        ("X: y\r\n" * 10_000, b"<h1>A</h1>"),
        ("no colon at all\r\n", b"<h1>A</h1>"),
    ],
)
def test_bodies_that_are_not_packed_as_they_say(tmp_path: Path, http: str, body: bytes) -> None:
    """One record that lies must not cost the next: the page after it is read."""
    rows, _ = outcomes(written(tmp_path / "a.warc", record(body, http=http) + record(b"<h1>B</h1>", name=1)))
    assert "<h1>B</h1>" in [row["html"] for row in rows]


@pytest.mark.parametrize(
    "warc", ["WARC-Date: \udcff\udcfe\r\n", "X-Odd: \udc80\r\n", "WARC-Target-URI: \udcff\r\n", ": \r\n"]
)
def test_headers_that_are_no_text(tmp_path: Path, warc: str) -> None:
    """Bytes above 127 in a header ended the archive there: the page after it is read."""
    rows, _ = outcomes(written(tmp_path / "a.warc", record(b"<h1>A</h1>", warc=warc) + record(b"<h1>B</h1>", name=1)))
    assert "<h1>B</h1>" in [row["html"] for row in rows]


@pytest.mark.parametrize(
    "block", [b"", b"\r\n\r\n", b"<h1>A</h1>", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n<h1>A</h1>", b"\xff" * 99]
)
def test_a_response_that_is_no_http(tmp_path: Path, block: bytes) -> None:
    """A record that calls itself HTTP and is none is a drop, and the page after it is read."""
    head = record(b"").partition(b"Content-Length")[0] + f"Content-Length: {len(block)}\r\n\r\n".encode()
    rows, drops = outcomes(written(tmp_path / "a.warc", head + block + b"\r\n\r\n" + record(b"<h1>B</h1>", name=1)))
    assert ([row["html"] for row in rows], len(drops)) == (["<h1>B</h1>"], 1)


def test_a_record_whose_header_never_ends(tmp_path: Path) -> None:
    """The archive reader gives up at a header of 100,000 characters: that is told, and what came before is kept."""
    data = record(b"<h1>A</h1>") + record(b"<h1>B</h1>", name=1, warc="X: " + "y" * 99_999 + "\r\n")
    rows, drops = outcomes(written(tmp_path / "a.warc", data))
    assert (len(rows), [drop.reason for drop in drops]) == (1, ["damaged_record"])


def test_markup_that_only_claims_to_be_packed(tmp_path: Path) -> None:
    """Some archivers unpack the body and keep the header that says it is packed: the page is read as it is."""
    rows, _ = outcomes(written(tmp_path / "a.warc", record(b"<h1>A</h1>", http="Content-Encoding: gzip\r\n")))
    assert [row["html"] for row in rows] == ["<h1>A</h1>"]


def test_a_body_cut_in_its_packing(tmp_path: Path) -> None:
    """A packed body that breaks off is what could be unpacked of it, or a drop of that one record."""
    whole = gzip.compress(random.Random(1).randbytes(9000), mtime=0)
    rows, drops = outcomes(written(tmp_path / "a.warc", record(whole[:-4000], http="Content-Encoding: gzip\r\n")))
    assert len(rows) + len(drops) == 1


@pytest.mark.parametrize("length", ["0", "10", "999999999", "-5", "x", "99999999999999999999999"])
def test_records_of_a_wrong_length(tmp_path: Path, length: str) -> None:
    """A wrong length ends in rows or drops; how much is saved depends on the lie."""
    rows, drops = outcomes(
        written(tmp_path / "a.warc", record(b"<h1>A</h1>", length=length) + record(b"<h1>B</h1>", name=1))
    )
    assert rows or drops


@pytest.mark.parametrize("where", ["archive", "body"])
def test_a_page_that_unpacks_to_a_gigabyte(tmp_path: Path, where: str) -> None:
    """A packed bomb is dropped as too large after 32 MiB, not unpacked into memory."""
    bomb = b"\x20" * (MOST_BYTES + 1000)
    if where == "archive":
        data = gzip.compress(record(b"<h1>A</h1>" + bomb), 1, mtime=0)
    else:
        data = record(gzip.compress(b"<h1>A</h1>" + bomb, 1, mtime=0), http="Content-Encoding: gzip\r\n")
    assert reasons(written(tmp_path / ("a.warc.gz" if where == "archive" else "a.warc"), data)) == {"too_large": 1}


def test_deflated_and_raw_bodies(tmp_path: Path) -> None:
    """`deflate` is sent with and without a zlib header; neither may end the archive."""
    raw = zlib.compressobj(wbits=-15)
    bodies = [zlib.compress(b"<h1>A</h1>"), raw.compress(b"<h1>A</h1>") + raw.flush(), b"\x00"]
    data = b"".join(record(body, http="Content-Encoding: deflate\r\n", name=i) for i, body in enumerate(bodies))
    rows, _ = outcomes(written(tmp_path / "a.warc", data + record(b"<h1>B</h1>", name=9)))
    assert rows[-1]["html"] == "<h1>B</h1>"


def test_real_awkward_archives(data: Path) -> None:
    """The archives of three other readers' tests: clipped, mis-chunked, mis-counted; each ends in rows or reasons."""
    for path in sorted((data / "warc-hard").iterdir()):
        rows, drops = outcomes(path)
        assert rows or drops, path.name


@pytest.mark.parametrize("name", ["a.html", "a.txt", "a.md", "a.html.gz", "a.txt.zst", "a.md.xz", "a.txt.bz2", "a.csv.gz"])
@pytest.mark.parametrize(
    "content", [GIF, b"%PDF-1.7 \xff\xfe", bytes(5000), random.Random(1).randbytes(5000), b"PK\x03\x04"]
)
def test_pages_and_texts_that_are_none(tmp_path: Path, name: str, content: bytes) -> None:
    """Pictures, NUL bytes and noise under the endings of text: a row that can be written, or a reason."""
    rows, drops = outcomes(written(tmp_path / name, content))
    assert rows or drops
    if content == GIF:
        assert rows == []


def test_nul_bytes_in_a_text(tmp_path: Path) -> None:
    """Arrow and UTF-8 can hold NUL, and many who read the text after us cannot."""
    rows, _ = outcomes(written(tmp_path / "a.txt", b"One\x00two"))
    assert [row["text"] for row in rows] == ["One\ufffdtwo"]


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.zst", "a.csv.xz", "a.html.bz2"])
def test_packed_texts_cut_off(tmp_path: Path, name: str) -> None:
    """The packing of each kind can break."""
    line = b'{"text": "' + random.Random(1).randbytes(40_000).hex().encode() + b'"}\n'
    packers = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}
    data = packers[Path(name).suffix](b"text\n" + line if "csv" in name else line)
    assert reasons(written(tmp_path / name, data[: len(data) // 2])) == {"damaged_record": 1}


@pytest.mark.parametrize("name", ["a.html.gz", "a.txt.xz", "a.md.zst"])
def test_texts_that_unpack_to_a_gigabyte(tmp_path: Path, name: str) -> None:
    """Only so much is unpacked as a page may have."""
    packers = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstd}
    data = packers[Path(name).suffix](b"x" * (2 * MOST_BYTES))
    assert reasons(written(tmp_path / name, data)) == {"too_large": 1}
