"""Code: its lines and its indentation, without the gutter, whatever a highlighter wraps them in."""

import pytest

from humpback.corpus.cutting.segment import SegmentConfig, segment

CODE = ["def area(side):", "", "    # a square", "    return side * side", "print(area(3))"]
FENCED = "```\n" + "\n".join(CODE) + "\n```"
NUMBERS = "\n".join(map(str, range(1, 6)))


def text_of(html: str) -> str:
    before, behind = "The text before it. " * 9, "Behind. " * 20
    page = f"<html><head><title>T</title></head><body><h1>Squares</h1><p>{before}</p>{html}<p>{behind}</p>"
    row, *_ = segment(SegmentConfig(), [{"id": "1", "html": page}])
    assert isinstance(row, dict)
    return str(row["text"])


def lines(form: str, join: str = "") -> str:
    return join.join(form.format(line=line, n=n) for n, line in enumerate(CODE, 1))


@pytest.mark.parametrize(
    "html",
    [
        "<pre>" + "\n".join(CODE) + "</pre>",
        "<pre><code>" + lines("<div class=line>{line}</div>") + "</code></pre>",
        "<pre><code>" + lines("<div class=line>{line}</div>", "\n") + "</code></pre>",
        "<pre><code>" + lines("<span class=line>{line}</span>", "\n") + "</code></pre>",
        "<pre><code>" + lines("<span class=token-line>{line}<br></span>") + "</code></pre>",
        "<pre><code>" + lines("<span class=lineno>{n}</span>{line}", "\n") + "</code></pre>",
        "<pre><code>" + lines("<span class='linenumber react-syntax-highlighter-line-number' style='user-select: "
        "none'>{n}</span>{line}", "\n") + "</pre>",
        "<pre><code>" + lines("<span style='user-select:none;color:#7f7f7f'> {n}</span>{line}", "\n") + "</pre>",
        "<pre class=chroma><code>" + lines("<span class=line><span class=ln>{n}</span><span class=cl>{line}\n</span>"
        "</span>") + "</pre>",
        "<pre><code class=hljs><table class=hljs-ln>" + lines("<tr><td class='hljs-ln-line hljs-ln-numbers' "
        "data-line-number={n}></td><td class='hljs-ln-line "
        "hljs-ln-code'>{line}</td></tr>") + "</table></code></pre>",
        f"<pre><code><table class=rouge-table><tr><td class='rouge-gutter gl'><pre class=lineno>{NUMBERS}\n</pre></td><td "
        f"class=rouge-code><pre>" + "\n".join(CODE) + "\n</pre></td></tr></table></code></pre>",
        f"<table class=highlighttable><tr><td class=linenos><div class=linenodiv><pre><span>{NUMBERS}</span></pre></div>"
        f"</td><td class=code><div class=highlight><pre>" + "\n".join(CODE) + "</pre></div></td></tr></table>",
        f"<figure class=highlight><table><tr><td class=gutter><pre>{NUMBERS.replace(chr(10), '<br>')}<br></pre></td><td "
        f"class=code><pre>" + "<br>".join(CODE) + "<br></pre></td></tr></table></figure>",
        f"<table><tr><td><pre>{NUMBERS}</pre></td><td><pre>" + "\n".join(CODE) + "</pre></td></tr></table>",
        f"<div class=highlight><div class=chroma><table class=lntable><tr><td class=lntd><pre>"
        f"<code>{lines('<span class=lnt>{n}' + chr(10) + '</span>')}</code></pre></td><td class=lntd><pre><code>"
        + "\n".join(CODE) + "</code></pre></td></tr></table></div></div>",
        "<table class='highlight tab-size js-file-line-container'>" + lines("<tr><td id=L{n} class='blob-num "
        "js-line-number' data-line-number={n}></td>"
        "<td class='blob-code blob-code-inner "
        "js-file-line'>{line}</td></tr>") + "</table>",
        f"<div class='syntaxhighlighter python'><table><tr><td class=gutter>{lines('<div class=line>{n}</div>')}</td><td "
        "class=code><div class=container>"
        + lines("<div class='line number{n}'><code class=plain>{line}</code></div>").replace("    ", "&nbsp;" * 4)
        + "</div></td></tr></table></div>",
        "<pre><button>Copy</button><code>" + "\n".join(CODE) + "</code></pre>",
        "<code>" + "<br>".join(CODE).replace("    ", "&nbsp;&nbsp;&nbsp;&nbsp;") + "</code>",
        "<pre>" + "<br/>\n".join(CODE).replace("\n", "") + "</pre>",
    ],
)  # fmt: skip
def test_lines_of_code(html: str) -> None:
    """ "1 2 3 4 5" stood before the code, the whole program in one line, indentation was lost: Python that cannot run."""
    text = text_of(html)
    assert text.count("```") == 2
    assert FENCED in text


@pytest.mark.parametrize("printed", ["0\n1\n2", "1 2 3 4", "1", "10\n11\n12"])
def test_numbers_that_a_program_prints(printed: str) -> None:
    """What a loop prints counts too, and was deleted as a gutter."""
    assert f"```\n{printed}\n```" in text_of(f"<p>It prints:</p><pre><code>{printed}</code></pre>")


@pytest.mark.parametrize("first", [1, 10, 99])
@pytest.mark.parametrize("count", [1, 2])
def test_gutters_that_begin_anywhere(first: int, count: int) -> None:
    """A listing of one line, and one that begins at the tenth, left their numbers as code of their own."""
    numbers = "\n".join(str(first + n) for n in range(count))
    text = text_of(
        f"<table><tr><td class=gutter><pre>{numbers}</pre></td><td class=code><pre>npm install</pre></td></tr></table>"
    )
    assert "```\nnpm install\n```" in text
    assert str(first) not in text


@pytest.mark.parametrize(
    "html",
    [
        "<div class='language-py line-numbers-mode'><pre>x = 1</pre><div class=line-numbers-wrapper><span>1</span><br>"
        "</div></div>",
        "<div class=code-toolbar><pre>x = 1</pre><div class=toolbar><button>Copy</button></div></div>",
        "<div class=fragment><div class=line><span class=lineno>    1</span>x = 1</div></div>",
        "<div class=CodeMirror-code><div><div class=CodeMirror-linenumber>1</div><pre class=CodeMirror-line>x = 1</pre>"
        "</div></div>",
        "<div class=syntaxhighlighter><div class=toolbar><a>?</a></div><table><tr><td class=code><div class=line>x = "
        "1</div></table></div>",
        "<table class='code-view'><tr><td class=lines-num data-line-number=1></td><td class=lines-code><code>x = 1</code>"
        "</td></tr></table>",
    ],
)
def test_boxes_of_other_software(html: str) -> None:
    """VuePress, Prism, Doxygen, CodeMirror, SyntaxHighlighter, Gitea: code was lost, or read as prose with its numbers."""
    text = text_of(html)
    assert "```\nx = 1\n```" in text
    assert "```\n1\n" not in text
    assert "\n\n1\n\n" not in text


def test_a_call_out_with_code_in_it() -> None:
    """A box called "highlight" with a heading and a sentence became one block of code."""
    text = text_of(
        "<section class=highlight><h2>In short</h2><p class=line>Call <code>mow</code> twice a week at least.</p></section>"
    )
    assert "### In short\n\nCall `mow` twice" in text


def test_inline_code() -> None:
    """Code in a sentence stays there, without what is hidden in it."""
    assert "Run `mow --low` now." in text_of("<p>Run <code>mow<span hidden>X</span> --low</code> now.</p>")


def test_a_box_called_highlight_that_is_no_code() -> None:
    """Themes call a box of text so."""
    assert "A box of text" in text_of(
        "<div class=highlight><p>A box of text that is meant to be seen by all readers.</p></div>"
    )
