"""HTML to headings and blocks: what a reader sees stays, what stands around it goes or is marked."""

import pytest

from humpback.corpus.cutting.blocks import outline
from humpback.corpus.cutting.furniture import Strength
from humpback.corpus.cutting.page import Block, Heading
from humpback.corpus.cutting.running_text import BOLD_LEVEL, CAPTION_CHARS, DEEPEST_INDENT
from humpback.corpus.cutting.walk import SMALL_CHARS

# Longer than furniture that is left out at once, and prose by length.
LONG = "The chain is cleaned with a dry rag before it is oiled again. " * 12


def texts(html: str) -> list[str]:
    """What an outline holds, without what it has left out already."""
    return [event.text for event in outline(html).events if not event.fate]


def headings(html: str) -> list[tuple[str, int]]:
    return [(event.text, event.level) for event in outline(html).events if isinstance(event, Heading)]


def blocks(html: str) -> list[Block]:
    return [event for event in outline(html).events if isinstance(event, Block)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One  \n two&nbsp;three</p>", ["One two three"]),
        ("<p>a <b>bold</b> and <i>fine</i> <font color=red>word</font></p>", ["a bold and fine word"]),
        ("<div>bare<p>in p</p>after</div>", ["bare", "in p", "after"]),
        ("<p>one<br>two<br><br>three</p>", ["one\ntwo\nthree"]),
        ("<p>one<br></p><p><br>two</p>", ["one", "two"]),
        ("<p>run <code>ls -l</code> or <kbd>Ctrl</kbd> now</p>", ["run `ls -l` or `Ctrl` now"]),
        ("<p>a<code></code>b</p>", ["ab"]),
        ("<p>a</p><!-- no --><script>no()</script><style>p{}</style><noscript>no</noscript><p>b</p>", ["a", "b"]),
        ("<p>a<svg><text>no</text></svg>b<math><mi>x</mi></math>c</p>", ["ab$x$c"]),
        ("<dl><dt>Term</dt><dd>What it means</dd></dl>", ["Term", ": What it means"]),
        ("<figure><img src=x><figcaption>A caption</figcaption></figure><p>text</p>", ["text"]),
        ("<p>a</p></html>after <p>the end", ["a", "after", "the end"]),
        ("<x-card>a<y-z>b</y-z></x-card>", ["ab"]),
        ("<p>one<hr>two", ["one", "two"]),
        ("<p>one</p><title>T</title><p>two</p>", ["one", "two"]),
    ],
)
def test_running_text(html: str, expected: list[str]) -> None:
    """Inline markup stays in its paragraph, blocks end it, and scripts, drawings and captions are no text."""
    assert texts(html) == expected


def test_a_definition_in_a_paragraph_of_its_own() -> None:
    """<dd><p> gave a block of nothing but a colon: so do all Sphinx pages."""
    assert texts("<dl><dt>T</dt><dd><p>One</p><p>Two</p></dd></dl>") == ["T", ": One", "Two"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<blockquote><p>said</p><blockquote>twice</blockquote></blockquote>", ["> said", "> > twice"]),
        ("<blockquote>one<br>two</blockquote>after", ["> one\n> two", "after"]),
        ("<blockquote><ul><li>a<li>b</ul></blockquote>", ["> - a", "> - b"]),
        ("<blockquote><pre>a\n\n  b</pre></blockquote>", ["> ```\n> a\n>\n>   b\n> ```"]),
    ],
)
def test_quotes(html: str, expected: list[str]) -> None:
    """Each line of a quote bears its sign, an empty one too: else the quote ends there."""
    assert texts(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<ul><li>a<li>b</ul>", ["- a", "- b"]),
        ("<ol><li>a<li>b</ol>", ["1. a", "2. b"]),
        ("<ol><li>a<ul><li>b<li>c</ul><li>d</ol>", ["1. a", "  - b", "  - c", "2. d"]),
        ("<ul><li><p>a</p><p>more</p></li></ul>", ["- a", "  more"]),
        ("<ul><li>a<ol><li>b<ul><li>c</ul></ol></ul>", ["- a", "  1. b", "    - c"]),
        ("<ul><li>a<ol><li>b</ol>rest</ul>", ["- a", "  1. b", "  rest"]),
        ("<ul><li>a<br>b</ul>", ["- a\n  b"]),
        ("<ol><li>a</ol><ol><li>b</ol>", ["1. a", "1. b"]),
        ("<ol><li></li><li>b</ol>after", ["2. b", "after"]),
        ("<li>a", ["a"]),
        ("<ol><li>run<pre>x = 1\n  y</pre></ol>", ["1. run", "  ```\n  x = 1\n    y\n  ```"]),
        ("<ol><li><pre>x</pre></ol>", ["1. ```\n   x\n   ```"]),
        ("<ul><li><dl><dt>T<dd>D</dl></ul>", ["- T", ": D"]),
    ],
)
def test_lists(html: str, expected: list[str]) -> None:
    """Lists keep their marks, numbers and depth: an answer in steps is worth nothing as one line."""
    assert texts(html) == expected


def test_items_of_one_list_belong_together() -> None:
    """Items of one list share its number, also nested ones and their code; the next list has another."""
    found = blocks("<ul><li>a<ul><li>b</ul><li><pre>c</pre></ul><p>x</p><ul><li>d</ul>")
    assert [block.list_id for block in found] == [1, 1, 1, None, 2]


def test_deep_quotes_and_lists_are_indented_no_further() -> None:
    """Each level was indented more: a page of n nested quotes gave n * n characters, 10 GB for 500 kB."""
    assert max(map(len, texts("<blockquote>x" * 100))) == 2 * DEEPEST_INDENT + 1
    assert max(map(len, texts("<ul><li>x" * 100))) == 2 * DEEPEST_INDENT + 3


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<pre>def f():\n    return 1\n\n    # end</pre>", "def f():\n    return 1\n\n    # end"),
        ("<pre><code>  a\n\tb</code></pre>", "  a\n\tb"),
        ("<pre>one<br>two</pre>", "one\ntwo"),
        ("<pre><span class=k>a</span> = <span>1</span>\n</pre>", "a = 1"),
        ("<pre>\n\n  a\n\n</pre>", "  a"),
    ],
)
def test_code_keeps_its_indentation(html: str, code: str) -> None:
    """White space is the meaning of code, and some pages break its lines with <br>: they came out as one."""
    assert texts(html) == [f"```\n{code}\n```"]


@pytest.mark.parametrize(("inside", "fence"), [("```\nx\n```", "````"), ("````\nx\n````", "`````"), ("a `b` ``c``", "```")])
def test_code_that_holds_a_fence(inside: str, fence: str) -> None:
    """Markdown about Markdown: the fence inside must not end the block, however long it is."""
    assert texts(f"<pre>{inside}</pre>") == [f"{fence}\n{inside}\n{fence}"]


def test_empty_code_is_none() -> None:
    """Pages keep empty boxes for output that is not there."""
    assert texts("<pre> \n </pre><p>a</p>") == ["a"]


@pytest.mark.parametrize("inside", ["<p>one</p>", "<div>one</div>", "<h2>one</h2>", "<ul><li>one</ul>", "<pre>one</pre>"])
def test_tables_that_lay_out_a_page_are_walked_through(inside: str) -> None:
    """Old pages stand in one table: as a cell with pipes, their whole text would be one line."""
    assert not any("|" in text for text in texts(f"<table><tr><td>{inside}<td>two</table>"))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<table><tr><td>1<td>2</table>", ["| 1 | 2 |\n| --- | --- |"]),
        ("<table><tr><td><table><tr><td>inner</table><td>x</table>", ["| inner |\n| --- |", "x"]),
        ("<blockquote><table><tr><td>1</table></blockquote>", ["> | 1 |\n> | --- |"]),
        ("<p>before<table><tr><td>1</table>after", ["before", "| 1 |\n| --- |", "after"]),
    ],
)
def test_tables_of_data_are_tables(html: str, expected: list[str]) -> None:
    """A search for "table" from a table finds itself: every table was taken for layout, and its cells ran loose."""
    assert texts(html) == expected


def test_a_table_of_links_is_a_menu() -> None:
    """Calendars and site maps are tables too."""
    (block,) = blocks("<table><tr><td><a href=1>The first of May</a><td><a href=2>The second of May</a></table>")
    assert (block.fate, block.weight) == ("mostly links", 0)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A</h1><h3>B</h3><h6>C</h6>", [("A", 1), ("B", 3), ("C", 6)]),
        ("<h2>Part<br>One</h2>", [("Part One", 2)]),
        ("<h2>Oil<svg><title>link icon</title></svg><script>x()</script></h2>", [("Oil", 2)]),
        ("<h2>Cats [edit]</h2>", [("Cats", 2)]),
        ("<h2>Cats[ edit ]</h2>", [("Cats[ edit ]", 2)]),
        ("<h2>Katzen[Bearbeiten | Quelltext bearbeiten]</h2>", [("Katzen", 2)]),
        ("<h2>Chats[modifier | modifier le code]</h2>", [("Chats", 2)]),
        ("<h2>Array[int]</h2>", [("Array[int]", 2)]),
        ("<h2><button>Is it so?</button></h2>", [("Is it so?", 2)]),
        ("<h2>zero\u200bwidth</h2>", [("zerowidth", 2)]),
        ("<h2></h2>", [("", 2)]),
        ("<h2 hidden>A</h2><h2 aria-hidden=true>B</h2><h2>C</h2>", [("C", 2)]),
        ("<div role='heading' aria-level='4'>A</div>", [("A", 4)]),
        ("<span role='heading' aria-level='3'>A</span>", [("A", 3)]),
        ("<p role='heading'>A</p>", [("A", 2)]),
        ("<h4 role='heading' aria-level='1'>A</h4>", [("A", 4)]),
        ("<details><summary>Is <i>it</i> so?</summary>Yes.</details>", [("Is it so?", BOLD_LEVEL)]),
        ("<details><summary> </summary>Yes.</details>", []),
    ],
)
def test_headings(html: str, expected: list[tuple[str, int]]) -> None:
    """The heading is the question of its answer: icons and edit links in it, or words run together, spoil it."""
    assert headings(html) == expected


@pytest.mark.parametrize(
    ("html", "linked"),
    [
        ("<h2>A</h2>", False),
        ("<h2><a href=x>A</a></h2>", True),
        ("<a href=x><h2>A</h2></a>", True),
        ("<h2><a id=a></a>A</h2>", False),
        ("<a href=x>link</a><h2>A</h2>", False),
    ],
)
def test_headings_that_are_links(html: str, linked: bool) -> None:
    """Teasers are known by their linked headings; an anchor in a heading is no link."""
    assert [event.linked for event in outline(html).events if isinstance(event, Heading)] == [linked]


@pytest.mark.parametrize("html", ["<p><b>Oil it</b></p>", "<div><strong>Oil it</strong></div>", "<b>Oil it</b><p>"])
def test_a_bold_line_of_its_own_is_a_heading(html: str) -> None:
    """Pages without headings part their text by bold lines."""
    assert headings(html + "<p>With a rag.") == [("Oil it", BOLD_LEVEL)]


@pytest.mark.parametrize(
    "html",
    [
        "<p><b>Oil</b> the chain</p>",
        "<p><b>Oil the chain.</b></p>",
        "<p><b>Note:</b></p>",
        "<p><b>One</b><br><b>Two</b></p>",
        "<ul><li><b>Item</b></ul>",
        "<blockquote><b>Said</b></blockquote>",
        "<p><b><a href=x>A link</a></b></p>",
        f"<p><b>{'word ' * (CAPTION_CHARS // 5)}words</b></p>",
    ],
)
def test_bold_text_that_is_no_heading(html: str) -> None:
    """Bold words, sentences, labels, items, quotes and links head nothing."""
    assert headings(html + "<p>With a rag.") == []


def test_white_space_in_bold_text_is_not_counted() -> None:
    """Lines are indented in the source: a bold word and its indentation seemed to be the whole line."""
    assert headings(f"<p><b>Oil{' ' * 90}it</b> before each ride in the rain</p>") == []


@pytest.mark.parametrize(
    ("html", "link_chars", "fate"),
    [
        ("<p>See <a href=x>the guide</a> for all that is said of it.</p>", 9, ""),
        ("<p>See <a href=x>the\n                                guide</a> for all.</p>", 9, ""),
        ("<p><a href=x>Home</a> <a href=y>News</a></p>", 8, "mostly links"),
        ("<a href=x><p>A teaser</p></a>", 8, "mostly links"),
        ("<a href=x><div>One</div> and two</a>", 3, "mostly links"),
        ("<p><a href=x><b>nested <a href=y>link</a></b></a></p>", 10, "mostly links"),
        ("<a name=top><p>Text below an anchor that was never closed</p>", 0, ""),
        ("<p><a href=x></a>No text in the link</p>", 0, ""),
    ],
)
def test_how_much_of_a_block_is_links(html: str, link_chars: int, fate: str) -> None:
    """Lists of links are told by it: the white space of the source was counted, and so were anchors of old pages."""
    block = blocks(html)[0]
    assert (block.link_chars, block.fate) == (link_chars, fate)


def test_links_do_not_reach_into_the_next_block() -> None:
    """A link around two blocks counts for each with its own characters, and for none after it."""
    found = blocks("<a href=x><p>one</p><p>four</p></a><p>after")
    assert [block.link_chars for block in found] == [3, 4, 0]


@pytest.mark.parametrize(("text", "weight"), [("word " * 11, 0), ("word " * 12 + "end", 63)])
def test_only_long_blocks_weigh(text: str, weight: int) -> None:
    """Labels and dates are no sign of where the text lies."""
    assert blocks(f"<p>{text}</p>")[0].weight == weight


@pytest.mark.parametrize(
    "label",
    [
        "Advertisement",
        "Read more ...",
        "ANZEIGE:",
        "Share",
        "© 2026 Example Ltd",
        "All rights reserved.",
        "(c) 2024 A. Nonymous",
    ],
)
def test_labels_of_furniture(label: str) -> None:
    """Blocks that say nothing else stand above and below what was left out."""
    assert [block.fate for block in blocks(f"<p>{label}</p>")] == ["a label"]


def test_sentences_with_such_words_are_no_labels() -> None:
    """ "Share" is a label, a sentence about shares is not."""
    assert texts("<p>Share the oil evenly.</p><p>Copyright is a right.</p>") == [
        "Share the oil evenly.",
        "Copyright is a right.",
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<nav>Home</nav>",
        "<footer><p>Imprint and address</p></footer>",
        "<aside>Also read</aside>",
        "<form><label>Name</label></form>",
        "<select><option>One</select>",
        "<div class='sidebar'>x</div>",
        "<div id='cookie-banner'>We use cookies</div>",
        "<ul class='share-links'><li>x</ul>",
        "<table class='related'><tr><td>x</table>",
        "<dl><dd class='comments'>x</dl>",
        "<blockquote class='newsletter'>x</blockquote>",
        "<span class='sr-only'>x</span>",
    ],
)
def test_small_furniture_is_left_out_at_once(html: str) -> None:
    """Menus, banners and colophons in an answer teach the model to write them."""
    assert texts(f"<p>before</p>{html}<p>after</p>") == ["before", "after"]


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        "aria-hidden=true",
        "style='color: red; DISPLAY : none'",
        "style=visibility:hidden",
        "role=navigation",
        "role=dialog",
    ],
)
@pytest.mark.parametrize("tag", ["p", "div", "span", "ul", "table", "blockquote", "x-card"])
def test_what_no_reader_sees(tag: str, attribute: str) -> None:
    """Hidden elements of any kind and any length, and those whose role says that they are no content."""
    inside = f"<tr><td>{LONG}" if tag == "table" else LONG
    assert texts(f"<div>before</div><{tag} {attribute}>{inside}</{tag}><div>after</div>") in (
        ["before", "after"],
        ["before after"],
    )


@pytest.mark.parametrize(
    "html",
    [
        "<p>See <a href='/a'>the guide</a> for all that is said of it there.</p>",
        "<body class='has-sidebar'><p>x</p></body>",
        "<div class='no-sidebar'><p>x</p></div>",
        "<div class='elementor-widget'><p>x</p></div>",
        "<div class='widget'><p>x</p></div>",
        "<div class='menu'><main><p>x</p></main></div>",
        "<div class='related'><h1>x</h1></div>",
        "<article class='related'><p>x</p></article>",
        "<section id='cookies'><p>x</p></section>",
        "<section id='menus' class='level2'><p>x</p></section>",
        "<div class='section' id='cookies'><p>x</p></div>",
        "<div class='discard'>x</div>",
        "<p aria-hidden=false>x</p>",
    ],
)
def test_content_is_not_taken_for_furniture(html: str) -> None:
    """A theme that names its wrapper after the sidebar lost whole sites, and a section on cookies its text."""
    assert texts(html)


@pytest.mark.parametrize(
    ("tags", "strength", "name"),
    [
        ("<aside>", Strength.STRONG, "aside"),
        ("<div class='sidebar left'>", Strength.STRONG, "sidebar left"),
        ("<div id='comments'>", Strength.COMMENTS, "comments"),
        ("<div class='row' id='comments'>", Strength.COMMENTS, "comments"),
        ("<footer class='cookies'>", Strength.SURE, "cookies"),
        ("<div class='widget'>", Strength.WEAK, "widget"),
        ("<ul class='widget'><li>", Strength.WEAK, "widget"),
    ],
)
def test_large_furniture_is_marked(tags: str, strength: Strength, name: str) -> None:
    """What holds much text is judged by where the prose of the page lies, and only once the page is known."""
    page = outline(f"<p>{LONG}</p>{tags}<p>{LONG}</p><p>See <a href=x>there</a></p>")
    mark = page.marks[-1]
    assert (mark.strength, mark.name, mark.links) == (strength, name, 1)
    assert [event.text.lstrip(" -") for event in page.events[mark.start : mark.end]] == [LONG.strip(), "See there"]


def test_furniture_around_the_title_is_judged_by_the_page() -> None:
    """Pages in one <form> or <div class=menu> around everything: its title says that it holds the page."""
    page = outline(f"<form><h1>A</h1><p>{LONG}</p></form>")
    assert [(mark.strength, mark.start, mark.end) for mark in page.marks] == [(Strength.WEAK, 0, 2)]


def test_the_line_between_small_and_large_furniture() -> None:
    """A sidebar just too short for a segment is gone, a longer one is marked."""
    small, large = (outline(f"<div class=sidebar>{'x' * size}</div>") for size in (SMALL_CHARS - 1, SMALL_CHARS))
    assert (len(small.events), len(large.events), len(large.marks)) == (0, 1, 1)


def test_containers_come_inner_ones_first() -> None:
    """The smallest element that holds the prose is looked for among them."""
    page = outline("<div><section><p>a</p><p>b</p></section><p>c</p></div>")
    assert page.containers == [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3)]


def test_the_title_is_that_of_the_page() -> None:
    """Drawings have titles too."""
    assert outline("<head><title> The  page </title></head><svg><title>icon</title></svg>").title == "The page"
    assert outline("<p>no title</p>").title == ""


@pytest.mark.parametrize("html", ["", "   ", "<frameset><frame src=x></frameset>", "<title>x", "<script>x"])
def test_pages_without_a_body_of_text(html: str) -> None:
    """Nothing to read is an empty outline, not an exception."""
    assert outline(html).events == []
