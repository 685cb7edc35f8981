"""What an input names: files of each kind, folders and globs, and the ranges of large files."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humpback.corpus.inputs.sources import kind_of, part_of, sources
from humpback.corpus.inputs.sources import sources as inputs
from humpback.errors import UsageFault

DEMO = Path(__file__).parents[3] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.WARC.GZ", "archive"),
        ("a.arc", "archive"),
        ("x.y/a.b.warc.zst", "archive"),
        ("a.htm", "html"),
        ("a.html.xz", "html"),
        ("README.md", "text"),
        ("a.txt.bz2", "text"),
        ("a.jsonl.gz", "jsonl"),
        ("a.tsv.zst", "csv"),
        ("a.parquet", "parquet"),
        ("a.epub", "epub"),
        ("a.pdf", "pdf"),
        ("https://a.example/a.jsonl?download=true", "jsonl"),
        ("https://a.example/page?name=a.jsonl", None),
        ("a.parquet.gz", None),
        ("a.png", None),
        ("html", None),
        ("a.html/b", None),
        ("", None),
    ],
)
def test_kinds_by_ending(path: str, kind: str | None) -> None:
    """The ending names the kind, in either case and below a compression; an unknown one is not guessed at."""
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.warc.gz.bad", DEMO.read_bytes(), "archive"),
        ("page", b"<!doctype html><h1>x</h1>", "html"),
        ("paper", b"%PDF-1.7\n", "pdf"),
        ("book.zip", b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", "epub"),
    ],
)
def test_kinds_by_content(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    """A file that is named and has a strange ending is known by its first bytes."""
    (tmp_path / name).write_bytes(data)
    assert [row["kind"] for row in sources([str(tmp_path / name)])] == [kind]


def test_a_folder_gives_only_what_can_be_read(tmp_path: Path) -> None:
    """A folder of pages also holds images, links to nowhere, pipes and folders with odd names: they are no fault."""
    for name in ("b.html", "a.html", "c.png"):
        (tmp_path / name).write_text(f"<h1>{name}</h1>")
    (tmp_path / "d.html").mkdir()
    (tmp_path / "d.html" / "e.html").write_text("<h1>e</h1>")
    (tmp_path / "f.html").symlink_to(tmp_path / "gone")
    (tmp_path / "g.html").symlink_to(tmp_path / "a.html")
    os.mkfifo(tmp_path / "h.html")
    found = sorted(str(Path(row["path"]).relative_to(tmp_path)) for row in sources([str(tmp_path)]))
    assert found == ["a.html", "b.html", "d.html/e.html", "g.html"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """A glob and a path may name the same file; its pages must not come twice."""
    (tmp_path / "a.html").write_text("<h1>a</h1>")
    assert len(sources([str(tmp_path / "a.html"), str(tmp_path / "*.html")])) == 1


def test_equal_files_in_two_folders_are_two(tmp_path: Path) -> None:
    """Every folder has its index.html: one that has the same content was once lost without a word."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "index.html").write_text("<h1>a</h1>")
    found = sources([str(tmp_path)])
    assert (len(found), len({row["id"] for row in found}), len({row["file"] for row in found})) == (2, 2, 2)


@pytest.mark.parametrize("name", ["gone.html", "*.warc", "notes.log", ".", "pipe.html", "s3a://x/y", "gone/", "hf:a//b"])
def test_what_matches_nothing_is_the_users_fault(tmp_path: Path, name: str) -> None:
    """A mistyped path must not be an empty corpus, and a pipe must not be waited for."""
    (tmp_path / "notes.log").write_text("x")
    os.mkfifo(tmp_path / "pipe.html")
    with pytest.raises(UsageFault):
        sources([name if ":" in name else str(tmp_path / name)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """Told before the work begins, since a corpus without it is another one."""
    (tmp_path / "a.html").write_text("<h1>a</h1>")
    (tmp_path / "a.html").chmod(0)
    with pytest.raises(UsageFault, match="Permission denied"):
        sources([str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "ranges"), [("a.warc", 3), ("a.warc.gz", 3), ("a.jsonl", 3), ("a.jsonl.gz", 1), ("a.txt", 1)]
)
def test_large_files_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ranges: int) -> None:
    """Ranges that cover the file and share its id; a packed text has no place to begin but its own."""
    monkeypatch.setattr(inputs, "SPLIT_BYTES", {"archive": 1000, "jsonl": 1000})
    (tmp_path / name).write_bytes(b"x" * 2500)
    rows = sources([str(tmp_path / name)])
    assert (len(rows), len({row["id"] for row in rows}), len({row["file"] for row in rows})) == (ranges, ranges, 1)
    if ranges > 1:
        assert [(row["start"], row["end"]) for row in rows] == [(0, 1000), (1000, 2000), (2000, 2500)]
        assert sources([str(tmp_path / name)], split=False)[0]["start"] is None


def test_a_large_table_is_cut_between_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ranges of Parquet are numbers of row groups."""
    monkeypatch.setattr(inputs, "SPLIT_BYTES", {"parquet": 1000})
    pq.write_table(pa.table({"text": [f"Text {n}" for n in range(1000)]}), tmp_path / "a.parquet", row_group_size=100)
    rows = sources([str(tmp_path / "a.parquet")])
    assert (rows[0]["start"], rows[-1]["end"]) == (0, 10)


def test_a_range_has_an_id_of_its_own(tmp_path: Path) -> None:
    """Two ranges with one id would be one row."""
    (tmp_path / "a.jsonl").write_text("{}\n")
    [row] = sources([str(tmp_path / "a.jsonl")])
    first, second = part_of(row, 0, 1), part_of(row, 1, 2)
    assert len({row["id"], first["id"], second["id"]}) == 3
    assert first["file"] == second["file"] == row["id"]


def test_thousands_of_pages(tmp_path: Path) -> None:
    """A crawl saved page by page has a hundred thousand files: each costs its one short read."""
    for number in range(3000):
        (tmp_path / f"{number}.html").write_text(f"<h1>{number}</h1>")
    started = time.perf_counter()
    assert len(sources([str(tmp_path)])) == 3000
    assert time.perf_counter() - started < 3
