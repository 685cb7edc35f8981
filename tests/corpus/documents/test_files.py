"""Opening files: what is missing or broken is told, and not taken for a damaged file."""

import gzip
from pathlib import Path

import pytest

from humpback.corpus.documents.files import filesystem, is_remote, library, open_unpacked, packing
from humpback.errors import UsageFault


def test_a_library_that_is_not_installed() -> None:
    """The user is told what to type."""
    with pytest.raises(UsageFault) as fault:
        library("no_such_library.part", "a.epub", "books")
    assert (fault.value.fact, fault.value.hint) == (
        "a.epub needs the library no_such_library",
        "pip install 'humpback[books]'",
    )


def test_a_file_system_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """fsspec says which library it wants, and we say where that comes from."""

    def missing(url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.url_to_fs", missing)
    for url, package in (("s3://a/b", "s3fs"), ("https://a.example/b", "'humpback[remote]'")):
        with pytest.raises(UsageFault) as fault:
            filesystem(url)
        assert fault.value.hint == f"pip install {package}"


def test_an_address_of_no_known_kind() -> None:
    """A mistyped scheme is no traceback."""
    with pytest.raises(UsageFault, match="gopher"):
        filesystem("gopher://a.example/b")


@pytest.mark.parametrize(
    ("path", "ending"),
    [("a.txt", None), ("a.TXT.GZ", ".gz"), ("https://a.example/a.csv.zst?x=a.gz", ".zst"), ("a?b.xz", ".xz")],
)
def test_packings(path: str, ending: str | None) -> None:
    """A question mark begins a query in an address, and is a letter in the name of a local file."""
    assert packing(path) == ending


def test_what_is_remote() -> None:
    """A local file by its address is no remote one: its faults are the file's."""
    assert [is_remote(path) for path in ("a/b", "file:///a", "s3://a")] == [False, False, True]


def test_what_stands_before_the_damage_is_read(tmp_path: Path) -> None:
    """A buffer that is filled at once would take the good lines with the bad."""
    (tmp_path / "a.gz").write_bytes(gzip.compress("".join(f"{n * n}\n" for n in range(9999)).encode(), mtime=0)[:-100])
    lines = 0
    with open_unpacked(str(tmp_path / "a.gz")) as file, pytest.raises(EOFError):
        for _ in file:
            lines += 1
    assert lines > 9000
