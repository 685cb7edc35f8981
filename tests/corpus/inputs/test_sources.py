"""What an input names: files of each kind, folders and globs, and the ranges of large files."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humpback.config import planned
from humpback.corpus.documents.files import open_unpacked
from humpback.corpus.inputs.sources import FilesConfig, Listing, part_of, sources
from humpback.errors import UsageFault


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
def test_large_files_are_cut(tmp_path: Path, name: str, ranges: int) -> None:
    """Ranges that cover the file and share its id; a packed text has no place to begin but its own."""
    (tmp_path / name).write_bytes(b"x" * 2500)
    rows = sources([str(tmp_path / name)], split=1000)
    assert (len(rows), len({row["id"] for row in rows}), len({row["file"] for row in rows})) == (ranges, ranges, 1)
    if ranges > 1:
        assert [(row["start"], row["end"]) for row in rows] == [(0, 1000), (1000, 2000), (2000, 2500)]
        assert sources([str(tmp_path / name)], split=False)[0]["start"] is None


def test_a_large_table_is_cut_between_row_groups(tmp_path: Path) -> None:
    """The ranges of Parquet are numbers of row groups."""
    pq.write_table(pa.table({"text": [f"Text {n}" for n in range(1000)]}), tmp_path / "a.parquet", row_group_size=100)
    rows = sources([str(tmp_path / "a.parquet")], split=1000)
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
    started = time.process_time()
    assert len(sources([str(tmp_path)])) == 3000
    assert time.process_time() - started < 3


def listing(*paths: Path) -> object:
    return planned(FilesConfig(listed=Listing(tuple(sources([str(path) for path in paths])))))


def test_a_change_in_the_middle_of_a_file_is_another_file(tmp_path: Path) -> None:
    """Files were known by their size and their first and last MiB: with a label corrected in the middle, a file of 3 MiB
    gave the rows of the old one, from a run that was taken up or reused."""
    path = tmp_path / "a.jsonl"
    data = bytearray(b"x" * (3 << 20))
    path.write_bytes(data)
    [before], plan = sources([str(path)]), listing(path)
    data[len(data) // 2] = ord("y")
    path.write_bytes(data)
    [after] = sources([str(path)])
    assert before["digest"] != after["digest"] and plan != listing(path)
    assert before["id"] == after["id"]


def test_a_moved_archive_is_the_same_and_a_moved_page_is_not(tmp_path: Path) -> None:
    """A page's address is its path; of what has addresses of its own the path is in no row, and in no plan."""
    for name, same in (("a.warc", True), ("a.html", False)):
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_bytes(b"<h1>x</h1>")
        assert (listing(tmp_path / "one" / name) == listing(tmp_path / "two" / name)) == same


def test_the_order_of_files_is_in_the_plan(tmp_path: Path) -> None:
    """Of two duplicates the first stays, whichever it is."""
    for name, text in (("1/a.warc", "x"), ("2/b.warc", "y"), ("3/b.warc", "y"), ("4/a.warc", "x")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    assert listing(tmp_path / "1", tmp_path / "2") != listing(tmp_path / "3", tmp_path / "4")


@pytest.mark.parametrize("name", ["a[1]", "what?", "st*r", "x::y", "[", "a%20b", "~"])
def test_signs_of_globs_in_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose name, or that of any folder above it, has such a sign was "no regular file", from inside it too."""
    pages = tmp_path / name / "pages"
    pages.mkdir(parents=True)
    for file in (f"{name}.html", "b.html"):
        (pages / file).write_text(f"<h1>{file}</h1>")
    monkeypatch.chdir(tmp_path / name)
    for given in (
        ".",
        "pages",
        "./pages",
        "pages/*.html",
        "pages/[b].html",
        str(pages),
        f"pages/{name}.html",
        "pages/b.html",
    ):
        found = {Path(row["path"]).name for row in sources([given])}
        one = {"b.html"} if "b" in given.rsplit("/", 1)[-1].replace(name, "") else {f"{name}.html"}
        assert found == (one if given.endswith(".html") and given[-6:] != "*.html" else {f"{name}.html", "b.html"}), given


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    """One such name ended the command for the whole folder, and no name was told."""
    folder = os.fsencode(tmp_path)
    for name in (b"caf\xe9.html", b"plain.html"):
        Path(os.fsdecode(folder + b"/" + name)).write_text("<h1>T</h1><p>text</p>")
    found = sources([str(tmp_path)])
    assert [row["path"].rpartition("/")[2] for row in found] == ["plain.html", "caf%E9.html"]
    for row in found:
        with open_unpacked(row["path"]) as file:
            assert file.read() == b"<h1>T</h1><p>text</p>"
    again = sources([row["path"] for row in found])
    assert [row["id"] for row in again] == [row["id"] for row in found]


@pytest.mark.parametrize("name", ["/no-such-fol*/x.html", "/[x]", "no-such-?/*.html"])
def test_signs_of_globs_where_nothing_is_there(name: str) -> None:
    """Where not even the first folder of a path is there, the search for what is never ended."""
    with pytest.raises(UsageFault, match="no file matches"):
        sources([name])
