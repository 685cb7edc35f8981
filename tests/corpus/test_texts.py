"""Texts that need no cutting: segments of another run, and files of texts."""

import json
from pathlib import Path

import pytest
from made import segments_in

from humpback.config import Empty
from humpback.corpus.texts import texts
from humpback.errors import UsageFault
from humpback.run import Run


def test_segments_of_another_run(tmp_path: Path, run: Run) -> None:
    """They are found by what they are, whatever their folder is called; the dataset itself may be named too."""
    with Run(tmp_path / "cut", "segments", Empty()) as other:
        cut = segments_in(other, 3)
    assert texts(run, str(tmp_path / "cut"), {}).path == cut.path
    assert texts(run, str(cut.path), {}).path == cut.path


def test_a_file_of_texts(tmp_path: Path, run: Run) -> None:
    """Each is a segment as it stands, with what its row says of it; one without a text is a drop."""
    rows = [{"body": "One text.", "title": "A", "license": "CC-BY-4.0"}, {"body": "Two texts."}, {"other": 1}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = texts(run, str(tmp_path / "a.jsonl"), {"text": "body"})
    assert [(row["text"], row["header_path"], row["license"], row["lang"]) for row in found.rows()] == [
        ("One text.", ["A"], "CC-BY-4.0", "en"),
        ("Two texts.", [], None, "en"),
    ]
    assert run.one(kind="segments").path == found.path


def test_pages_have_to_be_cut(tmp_path: Path, run: Run) -> None:
    """A whole page with its menus is no answer."""
    (tmp_path / "a.html").write_text("<h1>x</h1>")
    with pytest.raises(UsageFault, match="holds pages, not texts") as refused:
        texts(run, str(tmp_path), {})
    assert "humpback segments" in refused.value.hint
