"""By what a file is known: all of it where that is quick, else a sample of it."""

from pathlib import Path

import fsspec
import pytest

from humpback.corpus.inputs import contents
from humpback.corpus.inputs.contents import File, digest_of, edges_of


def digest(path: Path, whole: bool = False) -> str:
    file = File(fsspec.filesystem("file"), str(path), str(path), path.stat().st_size)
    return digest_of(file, edges_of(file), whole)


@pytest.mark.parametrize("at", [0, 1500, 3000, 5000, 9999])
@pytest.mark.parametrize(("largest", "whole", "seen"), [(1 << 20, False, {0, 1500, 3000, 5000, 9999}),
                                                        (9000, True, {0, 1500, 3000, 5000, 9999}),
                                                        (9000, False, {0, 5000, 9999})])  # fmt: skip
def test_where_a_change_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, largest: int, whole: bool, seen: set[int]
) -> None:
    """What `digest` promises: a change is seen anywhere, or of a large file in its pieces, here three of 1,000 bytes."""
    for name, value in (("EDGE", 1000), ("WHOLE_BYTES", largest), ("PIECES", 3)):
        monkeypatch.setattr(contents, name, value)
    path, data = tmp_path / "a", bytearray(10_000)
    path.write_bytes(data)
    before = digest(path, whole)
    data[at] = 1
    path.write_bytes(data)
    assert (digest(path, whole) != before) == (at in seen)


def test_a_large_file_that_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros appended change no piece, but the size."""
    monkeypatch.setattr(contents, "EDGE", 1000)
    monkeypatch.setattr(contents, "WHOLE_BYTES", 0)
    (tmp_path / "a").write_bytes(bytes(100_000))
    (tmp_path / "b").write_bytes(bytes(100_001))
    assert digest(tmp_path / "a") != digest(tmp_path / "b")
