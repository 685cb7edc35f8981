"""Web archives of all formats and compressions, whole, cut into ranges, and damaged in one record after the other."""

import gzip
import io
import random
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import lz4.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humpback.corpus.documents import records as module
from humpback.corpus.documents.records import Damaged, Record, records

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COUNT = 10
RANGES = settings(max_examples=9, deadline=None, derandomize=True)
CHECKED = {zstd.CompressionParameter.checksum_flag: 1}
WORDS = "the chain of a bicycle is oiled cleaned and measured in steps that take some time and care".split()


@cache
def page(number: int, words: int = 300) -> bytes:
    """An HTTP message that does not compress to nothing."""
    chosen = random.Random(number)
    text = " ".join(f"{chosen.choice(WORDS)}{chosen.randrange(99)}" for _ in range(words)).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>Page</h1>\n\n<p>" + text + b"</p>\n"


def warc(number: int, block: bytes | None = None, size: str | None = None, kind: str = "response") -> bytes:
    block = page(number) if block is None else block
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: 2024-05-06T07:08:09Z\r\n"
        f"WARC-Target-URI: https://a.example/{number}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block) if size is None else size}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def arc(number: int, block: bytes | None = None, size: str | None = None) -> bytes:
    block = page(number) if block is None else block
    line = f"http://a.example/{number} 192.0.2.1 20240506070809 text/html {len(block) if size is None else size}\n"
    return line.encode() + block + b"\n"


def plain(parts: list[bytes]) -> list[bytes]:
    return parts


def gzipped(parts: list[bytes]) -> list[bytes]:
    return [gzip.compress(part, mtime=0) for part in parts]


def frames(parts: list[bytes]) -> list[bytes]:
    return [zstd.compress(part, options=CHECKED) for part in parts]


def lz4ed(parts: list[bytes]) -> list[bytes]:
    return [lz4.frame.compress(part, content_checksum=True, store_size=False) for part in parts]


@cache
def trained() -> zstd.ZstdDict:
    return zstd.train_dict([page(n, 40) for n in range(200)], 2048)


def with_dictionary(parts: list[bytes]) -> list[bytes]:
    """As the convention for WARC has it: the dictionary, itself compressed, in a skippable frame before all others."""
    dictionary = trained()
    packed = zstd.compress(dictionary.dict_content)
    lead = b"\x5d\x2a\x4d\x18" + len(packed).to_bytes(4, "little") + packed
    packs = [zstd.compress(part, options=CHECKED, zstd_dict=dictionary) for part in parts]
    return [lead + packs[0], *packs[1:]]


Pack = Callable[[list[bytes]], list[bytes]]
PACKS: list[Pack] = [plain, gzipped, frames, lz4ed]
COMPRESSED = PACKS[1:]
WRITERS = [warc, arc]
both = pytest.mark.parametrize("write", WRITERS)
every = pytest.mark.parametrize("pack", PACKS)
compressed = pytest.mark.parametrize("pack", COMPRESSED)


def read(data: bytes, start: int = 0, end: int | None = None) -> tuple[list[Record], list[Damaged]]:
    found = list(records(io.BytesIO(data), start, end))
    return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, Damaged)]


def numbers(data: bytes) -> tuple[list[int], list[Damaged]]:
    """Which pages `data` gives, each of which must be what was written, and the damage."""
    found, damage = read(data)
    pages = [int(record.url.rsplit("/", 1)[-1]) for record in found if record.url]
    assert [record.content for record in found] == [page(number) for number in pages]
    return pages, damage


@both
@pytest.mark.parametrize("pack", [*PACKS, with_dictionary])
def test_each_record_is_read_whole(write: Callable[[int], bytes], pack: Pack) -> None:
    """Each field is what was written, whatever the format and the compression."""
    parts = pack([write(n) for n in range(COUNT)])
    found, damage = read(b"".join(parts))
    assert not damage
    if pack is not with_dictionary:
        assert [record.offset for record in found] == [sum(map(len, parts[:n])) for n in range(COUNT)]
    for number, record in enumerate(found):
        assert (record.kind, record.is_http, record.date) == ("response", True, "2024-05-06T07:08:09Z")
        assert record.url == f"{'https' if write is warc else 'http'}://a.example/{number}"
        assert (record.content, record.size) == (page(number), len(page(number)))
        assert record.id == (f"<urn:uuid:{number}>" if write is warc else None)


@both
@compressed
def test_members_need_not_be_records(write: Callable[[int], bytes], pack: Pack) -> None:
    """Sloppy writers make one member of it all, or cut it anywhere, or close it with an empty member."""
    data = b"".join(write(n) for n in range(COUNT))
    blocks = [data[i : i + 700] for i in range(0, len(data), 700)]
    for parts in ([data], blocks, [data, b""], [*blocks, b"", b"\n"]):
        packed = b"".join(pack(parts))
        assert numbers(packed) == (list(range(COUNT)), [])


def test_what_is_no_response_costs_no_memory() -> None:
    """Requests and metadata are counted, but nobody reads their content; ARC's first record and DNS answers likewise."""
    found, _ = read(warc(1, kind="request") + warc(2, kind="Metadata") + warc(3))
    assert [(record.kind, bool(record.content)) for record in found] == [("request", 0), ("metadata", 0), ("response", 1)]
    first = b"filedesc://a.arc 0.0.0.0 20240506070809 text/plain 7\n1 0 Me\n\n"
    dns = b"dns:a.example 192.0.2.1 20240506070809 text/dns 4\nabcd\n"
    found, damage = read(first + dns + arc(3))
    assert [(record.kind, record.is_http) for record in found] == [
        ("warcinfo", False),
        ("resource", False),
        ("response", True),
    ]
    assert not damage


def test_the_second_version_of_arc() -> None:
    """Its lines have five fields more, and the length still comes last."""
    line = f"http://a.example/5 192.0.2.1 20240506070809 text/html 200 abc - 0 a.arc {len(page(5))}\n".encode()
    assert numbers(line + page(5) + b"\n") == ([5], [])


def test_headers_as_they_are_written() -> None:
    """Brackets around the address (wget), bare line feeds, folded lines, names in any case, spaces in an address."""
    found, damage = read(
        b"WARC/0.18\nwarc-type:response\nWARC-Target-URI: <http://a.example/b c>\nX-Note: one\n  two\nCONTENT-LENGTH : 3\n\n"
        b"abc\n\n"
        b"WARC/1.1\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    )
    assert [(record.url, record.content, record.kind) for record in found] == [
        ("http://a.example/b c", b"abc", "response"),
        (None, b"", "unknown"),
    ]
    assert not damage
    assert read(arc(1).replace(b"/1 ", b"/a b 1 "))[0][0].url == "http://a.example/a b 1"


def check_damage(data: bytes, lost: set[int]) -> None:
    pages, damage = numbers(data)
    assert pages == [n for n in range(COUNT) if n not in lost]
    assert damage


@both
@compressed
@pytest.mark.parametrize("place", ["magic", "middle", "checksum", "cut", "cut end", "cut begin"])
def test_damage_costs_one_record(write: Callable[[int], bytes], pack: Pack, place: str) -> None:
    """One record is damaged, each in turn: the other nine are read, and it is said that one was not.

    Other readers stop, some of them in silence; or they do not look at checksums.
    """
    parts = pack([write(n) for n in range(COUNT)])
    for n, part in enumerate(parts):
        at = {"magic": 1, "checksum": len(part) - 3}.get(place, len(part) // 2)
        broken = {
            "cut": part[: at - 20] + part[at + 20 :],
            "cut end": part[:-30],
            "cut begin": part[30:],
        }.get(place, part[:at] + bytes([part[at] ^ 0x55]) + part[at + 1 :])
        check_damage(b"".join([*parts[:n], broken, *parts[n + 1 :]]), {n})


@both
@every
def test_several_damaged_records(write: Callable[[int], bytes], pack: Pack) -> None:
    """Damage side by side, at the beginning and at the end."""
    parts = pack([write(n) for n in range(COUNT)])
    broken = {0, 1, 4, 7, 8, 9}
    check_damage(b"".join(b"X" * 9 + part[60:] if n in broken else part for n, part in enumerate(parts)), broken)


@both
@every
@pytest.mark.parametrize(
    "garbage", [b"\0" * 5000 + b"\n", random.Random(1).randbytes(3000) + b"\n", b"<html>\n" * 500, b"x\xff"]
)
def test_garbage_between_records(write: Callable[[int], bytes], pack: Pack, garbage: bytes) -> None:
    """It costs no record, and the records next to it do not become part of it."""
    parts = pack([write(n) for n in range(COUNT)])
    for n in range(COUNT):
        check_damage(b"".join([*parts[:n], garbage, *parts[n:]]), set())


@both
@every
@pytest.mark.parametrize("size", ["1", "100", "2500", "99999999999", "x", "-1", ""])
def test_a_wrong_length(write: Callable[..., bytes], pack: Pack, size: str) -> None:
    """Too short, too long, longer than the file, longer than can be held, no number: it must not swallow what follows."""
    for n in range(COUNT):
        parts = [write(i, size=size) if i == n else write(i) for i in range(COUNT)]
        check_damage(b"".join(pack(parts)), {n})
        if pack is not plain:
            check_damage(b"".join(pack([b"".join(parts)])), {n})


@both
@every
def test_a_cut_file_gives_what_is_whole_and_one_damage(write: Callable[[int], bytes], pack: Pack) -> None:
    """A crawl that was stopped, or a download."""
    parts = pack([write(n) for n in range(3)])
    data = b"".join(parts)
    for cut in range(len(parts[0]) + 1, len(data) - 5, 151):
        found, damage = read(data[:cut])
        whole = [n for n in range(3) if sum(map(len, parts[: n + 1])) <= cut]
        between = pack is plain and data[:cut].endswith((b"\r", b"\n"))
        assert len(found) in ({len(whole), len(whole) + 1} if between else {len(whole)})
        assert len(damage) == (0 if sum(map(len, parts[: len(found)])) >= cut else 1)


@pytest.mark.parametrize("lookback", [0, 100, 10_000])
@every
@both
@RANGES
@given(data=st.data())
def test_ranges_give_what_the_whole_file_gives(
    write: Callable[[int], bytes], pack: Pack, lookback: int, data: st.DataObject
) -> None:
    """Several workers share one file, damaged or not: each record and each damage is one worker's, exactly once."""
    chosen = data.draw(st.randoms(use_true_random=False))
    parts = pack([write(n) for n in range(COUNT)])
    for _ in range(data.draw(st.integers(0, 3))):
        n = chosen.randrange(COUNT)
        at = chosen.randrange(len(parts[n]) + 1)
        parts[n] = chosen.choice([parts[n][:at], parts[n][at:], parts[n][:at] + b"\nXX" + parts[n][at + 3 :], b"Z" * 99])
    content = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LOOKBACK", lookback)
        ranges = zip([0, *cuts], [*cuts, None], strict=True)
        shared = [item for start, end in ranges for item in records(io.BytesIO(content), start, end)]
    assert shared == list(records(io.BytesIO(content)))


@both
@compressed
def test_a_single_member_is_the_first_range_s(write: Callable[[int], bytes], pack: Pack) -> None:
    """A file that cannot be split is read once."""
    content = b"".join(pack([b"".join(write(n) for n in range(COUNT))]))
    assert len(read(content, 0, 10)[0]) == COUNT
    assert read(content, 10) == ([], [])


@every
def test_an_archive_within_an_archive(pack: Pack) -> None:
    """Somebody crawled a page that offers a web archive: its records are not the crawl's, wherever a range begins."""
    stored = b"HTTP/1.1 200 OK\r\n\r\n" + b"".join([*gzipped([warc(n) for n in range(3)]), warc(3)])
    content = b"".join(pack([warc(0), warc(1, stored), warc(2)]))
    whole, damage = read(content)
    assert (len(whole), damage) == (3, [])
    for cut in range(0, len(content), 101):
        assert read(content, 0, cut)[0] + read(content, cut)[0] == whole


@every
def test_a_record_too_large_to_hold(monkeypatch: pytest.MonkeyPatch, pack: Pack) -> None:
    """It is passed, with its size, and the next is read; if it is damaged, so is said."""
    monkeypatch.setattr(module, "RECORD_BYTES", 20_000)
    large = warc(1, page(1, 20_000))
    parts = pack([warc(0), large, warc(2)])
    found, damage = read(b"".join(parts))
    assert [(record.size > 20_000, bool(record.content)) for record in found] == [(0, 1), (1, 0), (0, 1)]
    assert not damage
    found, damage = read(b"".join([parts[0], parts[1][:-3000], parts[2]]))
    assert [record.url for record in found] == ["https://a.example/0", "https://a.example/2"]
    assert damage


# Whole records by kind, with those that hold HTTP marked, and stretches of damage; each was counted by hand.
# `warcio-bad.arc`: two lengths of -1 in a row and one of "abc"; between them is a block of a single line feed.
# `aut-badexample.arc.gz`: three records with Content-Length 680 and 179, 208 and 201 bytes; one has the date "null".
# `resiliparse-clipped.warc.gz`: 75207 of the 88275 bytes of its only record, and then the gzip member breaks off.
# `warcio-example-space-in-url.arc`: 1591 bytes declared, 1579 there: its CRLFs had been made LFs. Nothing in the file
# tells that from a file that was cut, although here the page lacks nothing.
# `...-bad-non-chunked` and `...bad.warc.gz.bad`: one gzip member for all records, which are sound.
# `...-digest.warc`: one payload digest of four is wrong, of equal blocks: it is the digest that is bad.
# `...-wget-bad-target-uri`: addresses in angle brackets, which was a common reading of the standard.
HARD: dict[str, tuple[dict[str, int], int]] = {
    "aut-badexample.arc.gz": ({"warcinfo": 1, "resource": 1, "response+http": 1}, 3),
    "aut-example.arc.gz": ({"warcinfo": 1, "resource": 38, "response+http": 261}, 0),
    "aut-example.docs.warc.gz": ({"warcinfo": 3, "response+http": 9, "request+http": 9}, 0),
    "aut-example.txt.warc.gz": ({"warcinfo": 2, "response+http": 2, "request+http": 2}, 0),
    "aut-example.warc.gz": (
        {"warcinfo": 1, "response": 38, "response+http": 261, "request+http": 261, "metadata": 261},
        0,
    ),
    **{f"resiliparse-block-sized-records.warc{end}": ({"unknown": 3}, 0) for end in ("", ".gz", ".lz4")},
    "resiliparse-clipped.warc.gz": ({}, 1),
    **{
        f"resiliparse-warcfile.warc{end}": (
            {"warcinfo": 1, "request+http": 17, "response+http": 16, "metadata": 16},
            0,
        )
        for end in ("", ".gz", ".lz4")
    },
    "warcio-bad.arc": ({"resource": 1}, 2),
    "warcio-example-bad-non-chunked.warc.gz": (
        {"warcinfo": 2, "response+http": 1, "request+http": 2, "revisit+http": 1},
        0,
    ),
    "warcio-example-bad.warc.gz.bad": (
        {"warcinfo": 1, "response+http": 2, "request+http": 2, "revisit+http": 1},
        0,
    ),
    "warcio-example-digest.warc": ({"request+http": 4}, 0),
    "warcio-example-iana.org-chunked.warc": ({"warcinfo": 1, "response+http": 1, "request+http": 1}, 0),
    "warcio-example-resource.warc.gz": ({"warcinfo": 2, "resource": 1}, 0),
    "warcio-example-space-in-target-uri.warc.gz": ({"warcinfo": 1, "resource": 1}, 0),
    "warcio-example-space-in-url.arc": ({"warcinfo": 1}, 1),
    "warcio-example-wget-bad-target-uri.warc.gz": (
        {"warcinfo": 1, "request+http": 1, "response+http": 1, "metadata": 1, "resource": 2},
        0,
    ),
    "warcio-example.arc": ({"warcinfo": 1, "response+http": 1}, 0),
    "warcio-example.arc.gz": ({"warcinfo": 1, "response+http": 1}, 0),
    "warcio-example.warc": ({"warcinfo": 2, "response+http": 1, "request+http": 2, "revisit+http": 1}, 0),
    "warcio-example.warc.gz": ({"warcinfo": 2, "response+http": 1, "request+http": 2, "revisit+http": 1}, 0),
    "warcio-post-test.warc.gz": ({"response+http": 3, "request+http": 3}, 0),
}


@pytest.mark.parametrize("name", HARD)
def test_other_projects_hard_files(data: Path, name: str) -> None:
    """What the test files of warcio, FastWARC and the Archives Unleashed Toolkit hold."""
    path = data / "warc-hard" / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    found, damage = read(path.read_bytes())
    kinds = Counter(record.kind + ("+http" if record.is_http else "") for record in found)
    assert (dict(kinds), len(damage)) == HARD[name]
    assert all(len(record.content) == record.size for record in found if record.kind == "response")
