"""Single nodes of a page: text and visibility."""

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.nodes import TEXT, full_text, inline_text, is_hidden, tag_ids


def node(html: str, selector: str) -> Any:
    return LexborHTMLParser(html).css_first(selector)


@pytest.mark.parametrize(
    ("tag", "hidden"),
    [
        ("<p hidden>", True),
        ("<p aria-hidden=true>", True),
        ("<p aria-hidden=false>", False),
        ("<p role=search>", True),
        ("<p role=main>", False),
        ("<p role>", False),
        ("<p style='color:red;display:none'>", True),
        ("<p style='DISPLAY : None'>", True),
        ("<p style=visibility:hidden>", True),
        ("<p style=display:block>", False),
        ("<p style>", False),
        ("<p class=hidden>", False),
    ],
)
def test_who_is_seen(tag: str, hidden: bool) -> None:
    """Attributes without a value are None, and a style is written in many ways."""
    assert is_hidden(node(f"{tag}x", "p").attributes) is hidden


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p> one\n two ", "one two"),
        ("<p>one<br>two", "one two"),
        ("<p>a<i>b</i><script>no()</script><style>no</style>c", "abc"),
        ("<p>zero\u200bwidth <b>x\u200b</b>", "zerowidth x"),
        ("<p></p>", ""),
        ("<p><!-- no -->x", "x"),
        ("<p>340<span class=visually-hidden>estimated</span>", "340"),
        ("<p><span style='display:none'>0001!</span>Alder", "Alder"),
        ("<p>Lid<button>Copy</button>", "Lid"),
        ("<p><button>Does it float?</button>", "Does it float?"),
        ("<p>Peat<sup class=reference><a href='#n2'>[2]</a></sup><sup>[citation needed]</sup> burns", "Peat burns"),
        ("<p>Peat<sup><a href='#fn1'>1</a></sup> burns", "Peat burns"),
        ("<p>12<a href='#fn1' class='footnote-ref' role=doc-noteref><sup>1</sup></a> times", "12 times"),
        ("<p>12<a href='#n1'><sup>1</sup></a> times", "12 times"),
        ("<p>mow(x)<a class=headerlink href='#mow'>¶</a>", "mow(x)"),
        ("<p>22<span class=sr-only>/</span>7", "22/7"),
        ("<p>So <img class='ql-img-inline-formula' alt='$latex y$'> holds", "So $y$ holds"),
        ("<p>10<sup>6</sup> m<sup>2</sup> of H<sub>2</sub>O", "10⁶ m² of H₂O"),
        (
            "<p>the 1<sup>st</sup> of May, peat<sup>3</sup>, 1<sup>er</sup>, M<sup>lle</sup>",
            "the 1st of May, peat3, 1er, Mlle",
        ),
        ("<p>1<sup>1</sup>/<sub>2</sub> cups", "1 1/2 cups"),
        ("<p>9<sup>99</sup> €, $5<sup>49</sup>", "9.99 €, $5.49"),
        ("<p>2<sup>n+1</sup>, 2<sup>1/3</sup>, 10<sup>-3.5</sup>, e<sup>x</sup>", "2^(n+1), 2^(1/3), 10^(-3.5), e^x"),
        ("<p>Ca<sup>2+</sup> and SO<sub>4</sub><sup>2-</sup>", "Ca²⁺ and SO₄²⁻"),
    ],
)
def test_text_in_one_line(html: str, text: str) -> None:
    """What no reader sees is no text, and places to break a word are no blanks."""
    assert inline_text(node(html, "p")) == text


def test_text_with_its_lines() -> None:
    """Code keeps its white space, and <br> breaks its lines."""
    assert full_text(node("<pre>  a<br>\tb\n<i>c</i></pre>", "pre"), "\n") == "  a\n\tb\nc"


def test_blocks_in_one_line() -> None:
    """Two paragraphs of a cell ran together in one word; items of a list are parted by semicolons."""
    cell = node("<div><p>boots</p><p>a map</p><ul><li>rope<li>chalk</ul>and a hat</div>", "div")
    assert inline_text(cell) == "boots a map rope; chalk and a hat"


def test_the_numbers_of_tags() -> None:
    """The walk compares numbers: those asked for at import must be those of any page."""
    page: Any = LexborHTMLParser("<p>text<b>bold</b>")
    assert tag_ids("p b") == {"p": page.css_first("p").tag_id, "b": page.css_first("b").tag_id}
    assert page.css_first("p").child.tag_id == TEXT
