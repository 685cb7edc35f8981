"""Archives made to break a reader, or broken on the way: records and damage, soon, in little memory, never an exception."""

import gzip
import io
import random
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import lz4.frame
import pytest
from corpus.documents.test_records import PACKS, WRITERS, Pack, arc, frames, gzipped, page, warc, with_dictionary

from humpback.corpus.documents import members
from humpback.corpus.documents import records as module
from humpback.corpus.documents.members import Codec, codecs
from humpback.corpus.documents.records import Damaged, Record, records

# On an idle machine each takes well under a second; what costs the square of its length takes minutes.
SECONDS = 10
N = 200_000


def read(data: bytes) -> tuple[list[Record], list[Damaged]]:
    began = time.process_time()
    found = list(records(io.BytesIO(data)))
    assert time.process_time() - began < SECONDS
    return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, Damaged)]


def repeated(data: bytes) -> bytes:
    return (data * (N // len(data) + 1))[:N]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("pack", [*PACKS, with_dictionary])
@pytest.mark.parametrize("single", [False, True])
def test_random_edits(write: Callable[..., bytes], pack: Pack, single: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is changed, left out or put in: the reader goes to the end, and two that share the file find the same."""
    chosen = random.Random(f"{write.__name__} {pack.__name__} {single}")
    parts = [write(n, page(n, 30)) for n in range(4)]
    whole = b"".join(pack([b"".join(parts)] if single else parts))
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chosen.choice([1, 2, 20])):
            at = chosen.randrange(len(data))
            size = chosen.choice([1, 2, 9, 200])
            data[at : at + chosen.choice([0, size])] = chosen.choice([b"", chosen.randbytes(size)])
            data = data or bytearray(b"x")
        found = list(records(io.BytesIO(data)))
        cut = chosen.randrange(len(data) + 1)
        monkeypatch.setattr(module, "LOOKBACK", chosen.choice([0, 50, 5000]))
        assert [*records(io.BytesIO(data), 0, cut), *records(io.BytesIO(data), cut)] == found


MEMBER = gzip.compress(warc(0), mtime=0)
TOO_LONG = b"WARC/1.0\r\nContent-Length: 99999999\r\n\r\n"
WRONG = b"WARC/1.0\r\nContent-Length: 100000\r\n\r\n"
LINE = b"http://a 192.0.2.1 20240506070809 text/html "
# One of the members is stored and holds all that follow it, and so are they.
NESTED = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\0\xd0\x07\x2f\xf8" + warc(1, b"abc")
_NOISE = random.Random(65)
# What is cut off here goes on unpacking in the next of its kind, to things that look like records: each to a thousand.
CUT = gzip.compress(
    b"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:65>\r\nContent-Length: 965\r\n\r\n"
    + bytes(_NOISE.choices(b"abcdef <>/", k=965)) + b"\r\n\r\n",
    random.Random(65).randrange(1, 10),
    mtime=0)[:248]  # fmt: skip
FLOODS = {
    "gzip members that are none": MEMBER + repeated(b"\x1f\x8b\x08\0\0\0\0\0\0\xff"),
    "gzip members with endless names": MEMBER + repeated(b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"),
    "gzip members in each other": MEMBER + repeated(NESTED),
    "gzip members cut off early": repeated(CUT),
    "empty gzip members": MEMBER + repeated(gzip.compress(b"", mtime=0)),
    "gzip members of one byte": b"".join(gzip.compress(bytes([byte]), mtime=0) for byte in warc(0) * 4),
    "zstd frames that are none": frames([warc(0)])[0] + repeated(b"\x28\xb5\x2f\xfd"),
    "lz4 frames that are none": lz4.frame.compress(warc(0)) + repeated(b"\x04\x22\x4d\x18\x64\x40\xa7"),
    "skippable frames": frames([warc(0)])[0] + repeated(b"\x50\x2a\x4d\x18\0\0\0\0"),
    "headers within headers": repeated(b"WARC/1.0\r\na:"),
    "headers without an end": repeated(b"WARC/1.0\r\na:\r\n"),
    "one header without an end": b"WARC/1.0\r\n" + repeated(b"a: b\r\n"),
    "sizes past the next records": repeated(WRONG),
    "sizes too large to hold": repeated(TOO_LONG),
    "packed sizes past the next records": gzip.compress(repeated(WRONG), mtime=0),
    "packed sizes too large to hold": gzip.compress(repeated(TOO_LONG), mtime=0),
    "line ends": warc(0) + repeated(b"\r\n"),
    "addresses": repeated(b"http: "),
    "addresses after binary": repeated(b"\x80ab: a 20240506070809 "),
    "address lines without an end": repeated(LINE),
    "address lines of negative size": repeated(LINE + b"-1\n"),
    "address lines of wrong size": repeated(LINE + b"90000\n"),
    "digits": LINE + repeated(b"1"),
    "zeros": bytes(N),
    "noise": random.Random(1).randbytes(N),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods(name: str) -> None:
    """What looks like the beginning of something, again and again, must not be looked through from each of them."""
    read(FLOODS[name])


def test_what_a_damaged_member_unpacks_to_is_not_followed_for_ever() -> None:
    """A megabyte of members that are cut off gave 14 million damages in 80 seconds."""
    _, damage = read(FLOODS["gzip members cut off early"])
    assert len(damage) <= (N // len(CUT) + 1) * (module.MOST_BROKEN + 1)


@pytest.mark.parametrize(
    "data", [b"W", b"WARC/", b"WARC/1.0\r\n", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18" + b"\xff" * 4]
)
def test_files_of_almost_nothing(data: bytes) -> None:
    """They hold no record, and are not passed over in silence; an empty file holds nothing that could be damaged."""
    found, damage = read(data)
    assert (found, [d.offset for d in damage]) == ([], [0])
    assert read(b"") == ([], [])


def test_a_record_of_zeros_takes_no_memory() -> None:
    """80 MB in 400 kB: it is passed piece by piece, its size is told, and what follows is read."""
    parts = [gzip.compress(part, 1, mtime=0) for part in (warc(0), warc(1, bytes(80 << 20)), warc(2))]
    tracemalloc.start()
    found, damage = read(b"".join(parts))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(r.size > members.RECORD_BYTES, bool(r.content)) for r in found] == [(False, True), (True, False), (False, True)]
    assert (damage, peak < 8 << 20) == ([], True)


class Counted:
    """A decompressor that counts in `fed` what it gives."""

    def __init__(self, codec: Codec, fed: list[int]) -> None:
        self.inner, self.fed = codec.decompressor(), fed

    def decompress(self, data: bytes, most: int) -> bytes:
        out: bytes = self.inner.decompress(data, most)
        self.fed[0] += len(out)
        return out

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("size", ["3", "99999999999", None])
@pytest.mark.parametrize("pack", [gzipped, frames])
def test_a_bomb_is_not_unpacked_to_its_end(pack: Pack, size: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever size it declares: it is given up as damage, and the records around it are read."""
    monkeypatch.setattr(module, "RECORD_BYTES", 1 << 20)
    monkeypatch.setattr(members, "HARMLESS_BYTES", 2 << 20)
    fed = [0]
    monkeypatch.setattr(
        module,
        "codecs",
        lambda source: [replace(codec, decompressor=partial(Counted, codec, fed)) for codec in codecs(source)],
    )
    found, damage = read(b"".join(pack([warc(0), warc(1, bytes(20 << 20), size=size), warc(2)])))
    assert [record.url for record in found] == ["https://a.example/0", "https://a.example/2"]
    assert len(damage) == 1
    assert fed[0] < 10 << 20


def test_a_dictionary_that_is_none() -> None:
    """The library raises on one that is broken, and where one is missing: the file gives damage."""
    parts = with_dictionary([warc(n) for n in range(3)])
    for at in range(8, 200, 7):
        found, damage = read(parts[0][:at] + b"?" + parts[0][at + 1 :] + parts[1])
        assert len(found) + bool(damage) >= 1


def test_a_file_that_answers_in_small_pieces() -> None:
    """A raw socket gives less than it was asked for."""

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(99, size or 99))

    assert len(list(records(Slow(b"".join(gzipped([warc(n) for n in range(5)])))))) == 5


def test_a_size_that_swallows_the_next_address() -> None:
    """Found by random edits: three bytes left out of a page, and what is left of the next address still looked like one."""
    broken = arc(0).replace(b"<p>", b"")
    found, damage = read(broken + arc(1))
    assert [(record.url, record.size) for record in found] == [("http://a.example/1", len(page(1)))]
    assert [d.offset for d in damage] == [0]


@pytest.mark.parametrize(("write", "line_end"), [(warc, b"\r\n\r\n"), (arc, b"\n")])
def test_a_size_that_ends_with_the_next_header(write: Callable[..., bytes], line_end: bytes) -> None:
    """Found by random edits: a block that took in the next record's header ended before an empty line, as blocks do."""
    taken = len(write(0)) - write(0).index(page(0)) + write(1).index(line_end)
    found, damage = read(write(0, page(0), size=str(taken)) + write(1) + write(2))
    assert [record.content for record in found] == [page(1), page(2)]
    assert [d.offset for d in damage] == [0]
