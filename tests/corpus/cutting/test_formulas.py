"""Formulas: the TeX that they were written in, once, whatever a page shows them with."""

import pytest

from humpback.corpus.cutting.tree import parsed

TEX = "<annotation encoding='application/x-tex'>E = m c^2</annotation>"
MATH = f"<math><semantics><mrow><mi>E</mi></mrow>{TEX}</semantics></math>"
PLAIN = "<math><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></math>"
QUOTED = PLAIN.replace("<", "&lt;").replace(">", "&gt;")


def shown(html: str) -> str:
    body = parsed(f"<body><p>So {html} holds.</p>").body
    assert body is not None
    return " ".join(body.text(deep=True).split())


@pytest.mark.parametrize(
    "html",
    [
        MATH,
        "<math alttext='E = m c^2'><mi>E</mi></math>",
        "<math alttext='{\\displaystyle E = m c^2}'><mi>E</mi></math>",
        f"<span class=katex><span class=katex-mathml>{MATH}</span><span class=katex-html aria-hidden=true>E=mc2</span>"
        f"</span>",
        "<span class=katex><span class=katex-html aria-hidden=true>E = m c^2</span></span>",
        f"<mjx-container class=MathJax><mjx-math aria-hidden=true></mjx-math><mjx-assistive-mml>{MATH}</mjx-assistive-mml>"
        f"</mjx-container>",
        "<mjx-container class=MathJax><mjx-math data-latex='E = m c^2'><mjx-mi data-latex=E></mjx-mi></mjx-math>"
        "</mjx-container>",
        "<script type='math/tex'>E = m c^2</script>",
        "<span class=MathJax_Preview>E=mc2</span><span class=MathJax id=M-1-Frame><nobr>E=mc2</nobr></span>"
        "<script type='math/tex' id=M-1>E = m c^2</script>",
        f'<span class=MathJax_Preview></span><span class=MathJax_SVG data-mathml="{MATH.replace("<", "&lt;")}">E</span>',
        f"<span class=mwe-math-element><span style='display: none;'>{MATH}</span><img "
        f"class=mwe-math-fallback-image-inline alt=E></span>",
        "<span class=mwe-math-element><img class=mwe-math-fallback-image-inline alt='{\\displaystyle E = m c^2}'></span>",
    ],
)
def test_one_formula(html: str) -> None:
    """Kept text said "with the speed , if"; cells held all three renderings run together."""
    assert shown(html) == "So $E = m c^2$ holds."


@pytest.mark.parametrize(
    "html",
    [
        f"<span class=katex-display><span class=katex>{MATH}<span class=katex-html aria-hidden=true>E</span></span></span>",
        MATH.replace("<math>", "<math display=block>"),
        "<script type='math/tex; mode=display'>E = m c^2</script>",
        f"<mjx-container class=MathJax display=true>{MATH}</mjx-container>",
        f"<div class=MathJax_Display><span class=MathJax data-mathml='{QUOTED}'>E</span></div><script type='math/tex; "
        f"mode=display'>E = m c^2</script>",
    ],
)
def test_one_formula_on_a_line_of_its_own(html: str) -> None:
    """What a page sets apart stands between two signs."""
    assert "$$E = m c^2$$" in shown(html)
    assert shown(html).count("E") == 1


@pytest.mark.parametrize(
    ("math", "tex"),
    [
        (PLAIN, "E = m c^{2}"),
        ("<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>", "\\frac{a}{b + 1}"),
        ("<math>\n <msqrt>\n <mn>2</mn> <mi>h</mi>\n</msqrt></math>", "\\sqrt{2 h}"),
        ("<math><mroot><mi>x</mi><mn>3</mn></mroot></math>", "\\sqrt[3]{x}"),
        ("<math><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover></math>", "∑_{i}^{n}"),
        ("<math><msub><mi>x</mi><mi>i</mi></msub></math>", "x_{i}"),
        ("<math><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>"
        "</math>", "\\begin{matrix} 1 & 2 \\\\ 3 \\end{matrix}"),
        ("<math><mfrac><mi>a</mi></mfrac></math>", "a"),
        ("<math><msup><mfenced><mi>a</mi><mi>b</mi></mfenced><mn>2</mn></msup></math>", "( a , b )^{2}"),
        ("<math><mfrac linethickness=0><mi>n</mi><mi>k</mi></mfrac></math>", "\\binom{n}{k}"),
        ("<math><mn>5</mn><mo>%</mo></math>", "5 \\%"),
        ("<math><mi>f</mi><mo>\u2061</mo><mi>x</mi></math>", "f x"),
    ],
)  # fmt: skip
def test_mathml_without_tex(math: str, tex: str) -> None:
    """ "a/b" is not "ab", and c² is not c2."""
    assert shown(math) == f"So ${tex}$ holds."


def test_comments_in_tex() -> None:
    """kramdown wraps formulas in a comment of TeX: in one line it commented out all of them."""
    source = "% <![CDATA[\n\\begin{align} a &= b \\\\ c &< 5 \\% \\end{align} %]]>"
    assert shown(f"<script type='math/tex; mode=display'>{source}</script>") == (
        "So $$\\begin{align} a &= b \\\\ c &< 5 \\% \\end{align}$$ holds."
    )


def test_boxes_that_are_drawn_from_the_bottom_up() -> None:
    """KaTeX without MathML draws a denominator first: no formula is better than a wrong one."""
    html = "<span class=katex><span class=katex-html><span class=mfrac>2</span>1<span>x</span></span></span>"
    assert shown(html) == "So holds."


def test_an_empty_formula() -> None:
    """No pair of signs around nothing."""
    assert shown("<math></math>") == "So holds."


def test_text_that_is_no_formula() -> None:
    """A picture of a class of that name, and a script of another type."""
    assert shown("<img class=photo alt='a heron'><script type=text/javascript>katex</script> it") == "So katex it holds."


def test_deep_mathml() -> None:
    """Nested 2,000 deep: no error, whatever is read of it."""
    assert "x" in shown("<math>" + "<mrow>" * 2_000 + "<mi>x</mi>" + "</math>")
