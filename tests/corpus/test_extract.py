"""Whole texts of pages, and the segments of a page that is at hand."""

from humpback.config import build
from humpback.corpus.extract import extracted, segments_of, whole_texts_of
from humpback.corpus.pages import CorpusSettings
from humpback.stage import Drop

TEXT = (
    "The ponds of the valley were dug by monks, all of them by hand, and a mill stood at each dam. When the monks had left, "
    "farmers let the sluices rot, so that only three ponds still hold water through a dry summer. Frogs come back in March."
)


def test_segments_of_a_page_at_hand() -> None:
    """One call, no folder: rows that the rules keep, in their language."""
    html = f"<html><body><h1>Ponds</h1><p>{TEXT}</p><h2>Frogs</h2><p>Few.</p></body></html>"
    rows = segments_of(html, build(CorpusSettings, [{"rules": {"min_chars": 100}}]))
    assert [(row["header_path"], row["lang"]) for row in rows] == [(["Ponds"], "en")]
    assert segments_of("", CorpusSettings()) == []
    assert segments_of("\ud800 no page", CorpusSettings()) == []


def test_what_has_no_text_is_told() -> None:
    """A page without a main text is a drop with a reason, not an empty row."""
    [drop] = extracted(None, [{"id": "1", "url": "a", "html": "<nav>menu</nav>"}])  # type: ignore[arg-type]
    assert isinstance(drop, Drop)
    assert drop.reason == "no_text"


def test_addresses_in_comments(tmp_path: object) -> None:
    """Two hyphens would end the comment that an address stands in."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    for name in ("a--b.html", "c.html"):
        (folder / name).write_text(f"<h1>Ponds</h1><p>{TEXT}</p>")
    first = next(whole_texts_of([str(folder)], {}))
    assert first.count("--") == 2
