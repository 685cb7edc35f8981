"""What became of a page, told node by node."""

from pathlib import Path

import pytest

from humpback.corpus.explain import explain
from humpback.corpus.pages import CorpusSettings
from humpback.errors import UsageFault

WORDS = "oil dust rain salt wear links rollers pins gears speed noise rust care time cloth brush water wax heat mud".split()
PROSE = " ".join(
    f"A chain that is full of {a} needs more {b} than {c}." for a, b, c in zip(WORDS[7:], WORDS[3:], WORDS, strict=False)
)
PAGE = f"""<title>Bikes</title><body><nav><a href=/>Home page</a></nav><div class=cookie-banner>We use cookies.</div>
<main><h1>Oiling a chain</h1><p>{PROSE}</p><h2>Related articles</h2><p>Pumps.</p><h2>Short</h2><p>Too little text.</p>
<p>Read more at <a href=x>our page</a> about pumps and tyres of bikes</p></main>
<div class=sidebar><p>{"Our shop is open. " * 40}</p></div><footer>Imprint</footer></body>"""


def lines(tmp_path: Path, url: str, **pages: str) -> list[str]:
    for name, html in pages.items():
        (tmp_path / f"{name}.html").write_text(html)
    return list(explain(CorpusSettings(inputs=(str(tmp_path),)), url))


def line_with(found: list[str], text: str) -> str:
    return next(line for line in found if text in line)


def test_each_node_has_its_fate(tmp_path: Path) -> None:
    """A user who misses a text must see which decision cost it."""
    found = lines(tmp_path, "bikes.html", bikes=PAGE)
    assert line_with(found, "A chain that").startswith("+ p")
    for text, fate in (
        ("Home page", "never read: <nav>"),
        ("We use cookies", "furniture: cookie-banner"),
        ("Pumps.", "under the heading 'Related articles'"),
        ("Read more at", "a call to click"),
        ("Our shop", "furniture: sidebar"),
        ("Imprint", "furniture: footer"),
    ):
        assert line_with(found, text).startswith("-") and fate in line_with(found, text), line_with(found, text)


def test_each_candidate_has_its_verdict(tmp_path: Path) -> None:
    """The rule that dropped a candidate, with what it measured."""
    found = lines(tmp_path, "bikes.html", bikes=PAGE)
    assert "passes, en" in line_with(found, "> Oiling a chain")
    assert "too_short (16)" in line_with(found, "> Short")


def test_a_record_that_is_no_page_says_why(tmp_path: Path) -> None:
    """What fell before it was a page has a reason too."""
    assert lines(tmp_path, "empty.html", empty=" ")[1] == "not a document: empty_body (0)"


def test_no_page_and_several_pages_are_told_apart(tmp_path: Path) -> None:
    """A part of an address must name one page."""
    with pytest.raises(UsageFault, match="no page has 'nowhere'"):
        lines(tmp_path, "nowhere", a=PAGE)
    with pytest.raises(UsageFault, match="2 pages have"):
        lines(tmp_path, ".html", a=PAGE, b=PAGE)
