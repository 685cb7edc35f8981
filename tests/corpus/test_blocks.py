"""HTML and Markdown to headings and blocks: what a reader sees stays, what stands around it goes."""

import pytest

from humpback.corpus.blocks import DEEPEST_INDENT, Block, Heading, blocks_of_html, blocks_of_markdown, nesting


def texts(html: str) -> list[str]:
    return [event.text for event in blocks_of_html(html).events]


def headings(html: str) -> list[tuple[str, int]]:
    return [(event.text, event.level) for event in blocks_of_html(html).events if isinstance(event, Heading)]


def markdown(text: str, title: str = "") -> list[Heading | Block]:
    return list(blocks_of_markdown(text, title))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One  \n two&nbsp;three</p>", ["One two three"]),
        ("<p>a <b>bold</b> and <i>fine</i> word</p>", ["a bold and fine word"]),
        ("<div>bare<p>in p</p>after</div>", ["bare", "in p", "after"]),
        ("<p>one<br>two</p>", ["one\ntwo"]),
        ("<p>run <code>ls -l</code> now</p>", ["run `ls -l` now"]),
        ("<blockquote><p>said</p><blockquote>twice</blockquote></blockquote>", ["> said", "> > twice"]),
        ("<p>a</p><!-- no --><script>no()</script><style>p{}</style><noscript>no</noscript><p>b</p>", ["a", "b"]),
        ("<dl><dt>Term</dt><dd>What it means</dd></dl>", ["Term", ": What it means"]),
    ],
)
def test_running_text(html: str, expected: list[str]) -> None:
    """Inline markup stays in its paragraph, blocks end it, scripts and styles are no text."""
    assert texts(html) == expected


def test_a_definition_in_a_paragraph_of_its_own() -> None:
    """<dd><p> gave a block of nothing but a colon: so do all Sphinx pages."""
    assert texts("<dl><dt>T</dt><dd><p>One</p><p>Two</p></dd></dl>") == ["T", ": One", "Two"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<ul><li>a<li>b</ul>", ["- a", "- b"]),
        ("<ol><li>a<li>b</ol>", ["1. a", "2. b"]),
        ("<ol><li>a<ul><li>b<li>c</ul><li>d</ol>", ["1. a", "  - b", "  - c", "2. d"]),
        ("<ul><li><p>a</p><p>more</p></li></ul>", ["- a", "  more"]),
        ("<ul><li>a<ol><li>b<ul><li>c</ul></ol></ul>", ["- a", "  1. b", "    - c"]),
    ],
)
def test_lists(html: str, expected: list[str]) -> None:
    """Lists keep their marks, numbers and depth: an answer in steps is worth nothing as one line."""
    assert texts(html) == expected


def test_items_of_one_list_belong_together() -> None:
    """Items of one list share its number, also nested ones; the next list has another."""
    events = blocks_of_html("<ul><li>a<ul><li>b</ul></ul><p>x</p><ul><li>c</ul>").events
    assert [event.list_id for event in events if isinstance(event, Block)] == [1, 1, None, 2]


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<pre>def f():\n    return 1\n\n    # end</pre>", "def f():\n    return 1\n\n    # end"),
        ("<pre><code>  a\n\tb</code></pre>", "  a\n\tb"),
        ("<pre>one<br>two</pre>", "one\ntwo"),
        ("<pre><span>a</span> = <span>1</span>\n</pre>", "a = 1"),
    ],
)
def test_code_keeps_its_indentation(html: str, code: str) -> None:
    """White space is the meaning of code, and some pages break its lines with <br>: they came out as one."""
    assert texts(html) == [f"```\n{code}\n```"]


def test_code_that_holds_a_fence() -> None:
    """Markdown about Markdown: the fence inside must not end the block."""
    assert texts("<pre>```\nx\n```</pre>") == ["````\n```\nx\n```\n````"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", ["| A | B |\n| --- | --- |\n| 1 | 2 |"]),
        ("<table><tr><td>a|b<td>c</table>", ["| a\\|b | c |\n| --- | --- |"]),
        ("<table><tr><th>A<th>B<tr><td>1</table>", ["| A | B |\n| --- | --- |\n| 1 |  |"]),
        ("<table><caption>Sizes</caption><tr><td>1</table>", ["Sizes", "| 1 |\n| --- |"]),
        ("<table><tr><td>12 May<br>London</table>", ["| 12 May London |\n| --- |"]),
        ("<table><tr><td></table>", []),
        ("<table><tr><td><p>one</p><td><p>two</p></table>", ["one", "two"]),
        ("<table><tr><td><table><tr><td>inner</table></table>", ["| inner |\n| --- |"]),
    ],
)
def test_tables(html: str, expected: list[str]) -> None:
    """Tables of data become Markdown, ragged ones too; tables that only lay out the page are walked through."""
    assert texts(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        "<nav>Home</nav>",
        "<footer><p>Imprint and address</p></footer>",
        "<aside>Also read</aside>",
        "<form><label>Name</label></form>",
        "<div class='sidebar'>x</div>",
        "<div id='cookie-banner'>We use cookies</div>",
        "<div role='navigation'>x</div>",
        "<div hidden>x</div>",
        "<div aria-hidden='true'>x</div>",
        "<p><a href='/a'>Home</a> <a href='/b'>News</a></p>",
        "<ul><li><a href='/a'>First</a><li><a href='/b'>Second</a></ul>",
        "<p>Advertisement</p>",
        "<p>Read more ...</p>",
        "<p>© 2026 Example Ltd</p>",
        "<p>All rights reserved.</p>",
    ],
)
def test_furniture_is_left_out(html: str) -> None:
    """Menus, banners, link lists and colophons in an answer teach the model to write them."""
    assert texts(f"<p>before</p>{html}<p>after</p>") == ["before", "after"]


@pytest.mark.parametrize(
    "html",
    [
        "<p>See <a href='/a'>the guide</a> for all that is said of it there.</p>",
        "<body class='has-sidebar'><p>x</p></body>",
        "<div class='no-sidebar'><p>x</p></div>",
        "<div class='menu'><main><p>x</p></main></div>",
        "<article class='related'><p>x</p></article>",
        "<div class='discard'>x</div>",
    ],
)
def test_content_is_not_taken_for_furniture(html: str) -> None:
    """A theme that names its wrapper after the sidebar lost whole sites."""
    assert texts(html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A</h1><h3>B</h3>", [("A", 1), ("B", 3)]),
        ("<h2>Part<br>One</h2>", [("Part One", 2)]),
        ("<h2>Oil<svg><title>link icon</title></svg><script>x()</script></h2>", [("Oil", 2)]),
        ("<h2>Cats [edit]</h2>", [("Cats", 2)]),
        ("<h2><button>Is it so?</button></h2>", [("Is it so?", 2)]),
        ("<h2></h2>", [("", 2)]),
        ("<div role='heading' aria-level='4'>A</div>", [("A", 4)]),
        ("<div role='heading'>A</div>", [("A", 2)]),
        ("<div role='heading' aria-level='0'>A</div>", [("A", 2)]),
        ("<div role='heading' aria-level='12'>A</div>", [("A", 6)]),
        (f"<div role='heading' aria-level='{'9' * 5000}'>A</div>", [("A", 6)]),
    ],
)
def test_headings(html: str, expected: list[tuple[str, int]]) -> None:
    """The heading is the question of its answer: icons and edit links in it, or words run together, spoil it."""
    assert headings(html) == expected


def test_the_title_is_that_of_the_page() -> None:
    """Drawings have titles too."""
    assert blocks_of_html("<head><title> The  page </title></head><svg><title>icon</title></svg>").title == "The page"


def test_deep_quotes_and_lists_are_indented_no_further() -> None:
    """Each level was indented more: a page of n nested quotes gave n * n characters, 10 GB for 500 kB."""
    quotes = texts("<blockquote>x" * 100)
    lists = texts("<ul><li>x" * 100)
    assert max(map(len, quotes)) == 2 * DEEPEST_INDENT + 1
    assert max(map(len, lists)) == 2 * DEEPEST_INDENT + 3


@pytest.mark.parametrize(
    ("html", "depth"),
    [
        ("<div><div></div><div><span>x</span></div></div>", 3),
        ("<p>a<p>b<p>c<br><img src=x><li>d", 0),
        ("</div></div><DIV>", 1),
        ("a < b <3 <!-- <", 0),
        ("<div></b>" * 50, 50),
    ],
)
def test_how_deep_tags_nest(html: str, depth: int) -> None:
    """What closes itself does not nest; a page of a thousand paragraphs must not look deep."""
    assert nesting(html) == depth


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# One", Heading("One", 1)),
        ("### Three ###", Heading("Three", 3)),
        ("## C#", Heading("C#", 2)),
        ("## Issue #5", Heading("Issue #5", 2)),
        ("#   Wide   ", Heading("Wide", 1)),
        ("## ##", Heading("", 2)),
    ],
)
def test_markdown_headings(line: str, expected: Heading) -> None:
    """A closing run of "#" goes, but "C#" must not become "C"."""
    assert markdown(f"{line}\n\ntext") == [expected, Block("text")]


@pytest.mark.parametrize("line", ["#tag", "####### seven", "text # not"])
def test_markdown_lines_that_are_no_headings(line: str) -> None:
    """Tags and stray signs are text."""
    assert markdown(f"# A\n\n{line}") == [Heading("A", 1), Block(line)]


def test_markdown_code_is_kept_whole() -> None:
    """A comment in code is no heading, and a blank line in code does not end it."""
    code = "```\n# comment\n\n    x = 1\n```"
    assert markdown(f"# A\n\n{code}\n\nend") == [Heading("A", 1), Block(code), Block("end")]


def test_text_whose_only_number_signs_are_comments() -> None:
    """A text with code and no heading stands under its title: it was dropped for "# comment" in a code block."""
    assert markdown("Run:\n\n```\n# comment\n```", "How to")[0] == Heading("How to", 1)


@pytest.mark.parametrize(("title", "heading"), [("Given", "Given"), ("", "one two three four five six seven eight ...")])
def test_text_without_headings_stands_under_something(title: str, heading: str) -> None:
    """Plain text goes by its title, or by its first words."""
    assert markdown("one two three four five six seven eight nine", title)[0] == Heading(heading, 1)


def test_an_unclosed_code_block_keeps_its_text() -> None:
    """A fence that is never closed runs to the end, and nothing after it is lost."""
    assert "".join(event.text for event in markdown("# A\n\n```\nx\n\ny")) == "A```\nx\n\ny"
