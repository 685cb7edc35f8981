"""Formulas as TeX, once each, between dollar signs: what MathML, KaTeX, MathJax 2 to 4, MediaWiki and pictures say of them.

A page shows one formula in up to three ways (MathML for machines, boxes for the eye, a picture), each hidden from somebody.
The TeX that it was written in is in an annotation, an attribute or a script; where it is not, the MathML is written as TeX.
"""

import re
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.nodes import Node, outermost
from humpback.corpus.cutting.notes import bare_tex

# A formula by what holds all of its ways.
_HOLDERS = ".katex-display, .mwe-math-element, mjx-container, .katex, math"
# What MathJax 2 draws beside the script that holds the formula.
_DRAWN = (
    ".MathJax_Preview, .MathJax_Display, .MathJax_SVG_Display, .MathJax:not(mjx-container), .MathJax_SVG, .MathJax_CHTML, "
    ".MJXc-display, .MathJax_MathML, .MathJax_PlainSource"
)
_DRAWN_NAME = re.compile(r"\b(?:MathJax(?:_Preview|_Display|_SVG|_SVG_Display|_CHTML|_MathML|_PlainSource)?|MJXc-display)\b")
# One of these is on every page that has formulas: few, since a search is longer for each.
SIGNS = "math, mjx-container, .katex, .MathJax, .MathJax_Preview, .mwe-math-element, script[type^='math/']"
_STYLE = re.compile(r"^\{\\(?:display|text)style\s*(.*)\}$", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*")
_INVISIBLE = str.maketrans("", "", "\u2061\u2062\u2063\u2064\u200b")
# MathML that nests deeper is read as plain text.
DEEPEST = 40


def write_formulas(page: LexborHTMLParser) -> None:
    """Put the TeX of each formula in its place."""
    for script in page.css("script[type^='math/']"):
        _write_script(script)
    for drawn in outermost(page, _DRAWN):
        _write_drawn(drawn)
    for holder in outermost(page, _HOLDERS):
        _replace(holder, _tex_of(holder), _is_display(holder))


def _write_script(script: Node) -> None:
    kind, source = script.attributes.get("type") or "", script.text(deep=True)
    if "mml" in kind:
        math = LexborHTMLParser(source).css_first("math")
        source = _tex_of(math) if math is not None else ""
    before = script.prev
    while before is not None and (before.is_empty_text_node or _DRAWN_NAME.search(_names(before))):
        drawn, before = before, before.prev
        if drawn.is_element_node:
            drawn.remove()
    _replace(script, source, "display" in kind)


def _write_drawn(drawn: Node) -> None:
    """A drawing without its script, as a page that was saved by a browser has it."""
    if "MathJax_Preview" in _names(drawn):
        return
    holder = drawn if drawn.attributes.get("data-mathml") else drawn.css_first("[data-mathml]")
    math = LexborHTMLParser(holder.attributes["data-mathml"]).css_first("math") if holder is not None else None
    tex = _tex_of(math if math is not None else drawn)
    if tex:
        _replace(drawn, tex, "isplay" in _names(drawn))


def _names(node: Node) -> str:
    return (node.attributes.get("class") or "") if node.is_element_node else ""


def _replace(node: Node, tex: str, display: bool) -> None:
    # A comment would go on to the end of the formula, once its lines are joined.
    tex = " ".join(_COMMENT.sub("", tex).split())
    tex = bare_tex(tex)
    found = _STYLE.match(tex)
    tex = found[1].strip() if found else tex
    sign = "$$" if display else "$"
    node.replace_with(f"{sign}{tex}{sign}" if tex else " ")


def _is_display(holder: Node) -> bool:
    attributes = holder.attributes
    names = attributes.get("class") or ""
    if "katex-display" in names or attributes.get("display") in ("block", "true"):
        return True
    math = holder.css_first("math")
    return math is not None and math.attributes.get("display") == "block"


def _tex_of(holder: Node) -> str:
    """The TeX of the formula that `holder` is or holds; empty if it shows none."""
    for selector, read in _SOURCES:
        for node in holder.css(selector):
            if tex := read(node).strip():
                return tex
    return ""


def _attribute(name: str) -> Callable[[Node], str]:
    return lambda node: node.attributes.get(name) or ""


def _written(math: Node) -> str:
    return " ".join(_as_tex(math, 0).translate(_INVISIBLE).split())


def _as_tex(node: Node, depth: int) -> str:
    if node.is_text_node:
        return (node.text_content or "").replace("%", "\\%")
    if not node.is_element_node or node.tag in ("annotation", "annotation-xml", "mphantom"):
        return ""
    if depth > DEEPEST:
        return str(node.text(deep=True))
    parts = []
    child = node.child
    while child is not None:
        if child.is_element_node or not child.is_empty_text_node:
            parts.append(_as_tex(child, depth + 1).strip())
        child = child.next
    attributes = node.attributes
    if node.tag == "mfenced":
        left, right = attributes.get("open") or "(", attributes.get("close") or ")"
        return f"{left} {' , '.join(parts)} {right}"
    if node.tag == "mfrac" and (attributes.get("linethickness") or "")[:1] == "0" and len(parts) == 2:
        return f"\\binom{{{parts[0]}}}{{{parts[1]}}}"
    if node.tag == "mtable":
        return f"\\begin{{matrix}} {_ROW.join(parts)} \\end{{matrix}}"
    form = _FORMS.get((node.tag, len(parts)))
    if form is not None:
        return form.format(*parts)
    if node.tag == "msqrt":
        return f"\\sqrt{{{' '.join(parts)}}}"
    return (" & " if node.tag == "mtr" else " ").join(parts)


_ROW = " \\\\ "
# By tag and number of parts.
_FORMS = {
    ("mfrac", 2): "\\frac{{{0}}}{{{1}}}", ("mroot", 2): "\\sqrt[{1}]{{{0}}}", ("msup", 2): "{0}^{{{1}}}",
    ("msub", 2): "{0}_{{{1}}}", ("msubsup", 3): "{0}_{{{1}}}^{{{2}}}", ("mover", 2): "\\overset{{{1}}}{{{0}}}",
    ("munder", 2): "{0}_{{{1}}}", ("munderover", 3): "{0}_{{{1}}}^{{{2}}}",
}  # fmt: skip
# Where the TeX stands, the surest first.
_SOURCES: list[tuple[str, Callable[[Node], str]]] = [
    ("annotation[encoding*='tex' i]", lambda node: node.text(deep=True)),
    ("[data-latex]", _attribute("data-latex")),
    ("math[alttext]", _attribute("alttext")),
    ("math", _written),
    ("img[alt]", _attribute("alt")),
    # Fractions and roots are drawn from the bottom up: their boxes would be read in another order.
    (".katex-html", lambda node: "" if node.css_first(".mfrac, .sqrt, .vlist-t2") is not None else node.text(deep=True)),
]
