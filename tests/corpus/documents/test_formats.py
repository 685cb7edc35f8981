"""Which formats there are, and how a file is known to be of one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from humpback.corpus import documents
from humpback.corpus.documents.formats import endings, formats, kind_of
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.errors import UsageFault
from humpback.stage import Drop

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


SUBTITLES = """
from humpback.corpus.documents.document import begun, content
from humpback.corpus.documents.formats import Format


def read(source, columns):
    spoken = [line for line in content(source).decode().splitlines() if not line.startswith("00:")]
    yield {**begun(source, "0"), "url": source["path"], "text": " ".join(spoken)}


FORMAT = Format(read, endings=(".vtt",), begins=lambda head: head.startswith(b"WEBVTT"), single=True)
"""


@pytest.fixture
def one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for files, while the package has the file subtitles.py too."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "subtitles.py").write_text(SUBTITLES)
    monkeypatch.setattr(documents, "__path__", [*documents.__path__, str(tmp_path / "more")])
    for cached in (formats, endings):
        cached.cache_clear()
    yield tmp_path / "files"
    monkeypatch.undo()
    for cached in (formats, endings):
        cached.cache_clear()


def test_a_format_is_one_file(one_more: Path) -> None:
    """What answers to which name, how it is told by its content and how it is read stood in three modules."""
    one_more.mkdir()
    (one_more / "a.vtt").write_text("00:01\nGood morning,\n00:02\neverybody.")
    (one_more / "b").write_text("WEBVTT\n00:01\nHello.")
    found = sources([str(one_more / "a.vtt"), str(one_more / "b")])
    assert [row["kind"] for row in found] == ["subtitles"] * 2
    rows = [row for row in read(DocumentsConfig(), found) if not isinstance(row, Drop)]
    assert [row["text"] for row in rows] == ["Good morning, everybody.", "WEBVTT Hello."]
    (one_more / "c.xyz").write_text("?")
    with pytest.raises(UsageFault) as refused:
        sources([str(one_more / "c.xyz")])
    assert ".vtt" in refused.value.hint


def test_the_formats_that_ship() -> None:
    """A file that fails to say what it is would be missed without a word."""
    assert list(formats()) == ["archive", "csv", "epub", "html", "hub", "json", "jsonl", "parquet", "pdf", "text"]


def test_no_two_formats_answer_to_one_ending() -> None:
    """Which of them reads a file would hang on the alphabet."""
    answered = [ending + packing for each in formats().values() for ending in each.endings for packing in each.packings]
    assert len(answered) == len(endings())
