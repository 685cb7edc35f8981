"""How deep a page nests is told before it is parsed."""

import pytest

from humpback.corpus.cutting import nesting as module
from humpback.corpus.cutting.nesting import DEEPEST, nesting


@pytest.fixture(autouse=True)
def every_page_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of few tags are not looked at; here all are."""
    monkeypatch.setattr(module, "FEW_TAGS", 0)


@pytest.mark.parametrize(
    ("html", "depth"),
    [
        ("", 0),
        ("no tags", 0),
        ("<div><div></div><div><span>x</span></div></div>", 3),
        ("<p>a<p>b<p>c<br><img src=x><li>d<td>e<dd>f", 0),
        ("</div></div><DIV>", 1),
        ("<div></DIV><Div></div>", 1),
        ("a < b <3 <!-- <", 0),
        ("<div></b>" * 50, 50),
        ("<x-card><y-z>", 2),
        ("<svg><path d=x><path d=y><circle></svg>", 1),
        ("<div>" * 100 + "</div>" * 100 + "<b>" * 50, 100),
    ],
)
def test_how_deep_tags_nest(html: str, depth: int) -> None:
    """What closes itself does not nest; a page of a thousand paragraphs must not look deep."""
    assert nesting(html) == depth


def test_pages_of_few_tags_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all pages: measuring costs as much as a part of the walk."""
    monkeypatch.undo()
    assert nesting("<div>" * 1_000) == 0
    assert nesting("<div>" * 100_000) == 100_000 > DEEPEST
