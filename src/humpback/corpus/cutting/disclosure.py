"""What a page hides until its reader opens it: the answers of an FAQ under their questions, tabs, what a search may find.

A person can open these, so they belong to the page. A control (a button, a tab, the label of a checkbox) names its panel,
or stands before it; the panel is shown, and the words of the control head it.
"""

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.furniture import Strength, strength_of
from humpback.corpus.cutting.nodes import Node, inline_text
from humpback.corpus.cutting.prose import ancestors

# What may open a panel.
CONTROLS = "button, [role='button'], [role='tab'], label[for], [aria-expanded], [data-toggle], [data-bs-toggle]"
_MARKS = frozenset(("aria-expanded", "data-toggle", "data-bs-toggle", "aria-controls"))
_NAMED_BY = ("aria-controls", "data-target", "data-bs-target", "href")
_FIELDS = "form, input:not([type='checkbox']):not([type='radio']), select, textarea"
_NO_PANEL = frozenset("nav form ul ol dialog menu input select label button a h1 h2 h3 h4 h5 h6".split())
_NO_ROLE = frozenset("menu menubar dialog alertdialog listbox navigation search tooltip tree grid".split())
_DISCLOSING = re.compile(r"accord|collaps|toggle|faq|question|answer|panel|expan|spoiler|disclos|tab", re.IGNORECASE)
# What a control opens over the page or beside it, by the panel's names or by the control's own word.
_OVER = re.compile(
    r"modal|off-?canvas|drawer|dialog|pop-?up|pop-?over|lightbox|drop-?down|flyout|overlay|tooltip|cookie|consent|mega-?menu"
    r"|search|locale|language|hamburger|mobile-?(?:nav|menu)",
    re.IGNORECASE,
)
_OPENS_OVER = frozenset("modal offcanvas dropdown popover tooltip".split())
_HIDING = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)[^;]*;?", re.IGNORECASE)
# What such a button says when it is not what its panel answers.
_MORE = re.compile(
    r"(?:show|read|see|view|load|learn|find out|open|close|expand|collapse|toggle|hide|mehr|weniger|lire|voir|afficher|ver"
    r"|leer|mostrar|leggi|mostra|meer|toon|więcej|pokaż|more|details)\b|.*\b(?:more|less|mehr|menu)$",
    re.IGNORECASE,
)
_MORE_CHARS = 40
# A panel with less text outside links answers nothing; a control with more is no question.
ANSWER_CHARS = 20
QUESTION_CHARS = 300
# A form is looked for no further around a label.
FORM_DEPTH = 40
# A control may be wrapped in a heading and some boxes.
WRAPPERS = 4
# With more source, icons and all, it holds part of the page.
CONTROL_HTML = 10_000
_HOLDS_CONTROL = f":has({CONTROLS})"


def is_control(attributes: dict[str, str | None]) -> bool:
    """Whether an element that is no button says that it opens something."""
    if not _MARKS.isdisjoint(attributes) or attributes.get("role") in ("button", "tab"):
        return True
    # A link to nowhere that is called so.
    return attributes.get("href") in ("#", "javascript:void(0)", "javascript:;") and bool(
        _DISCLOSING.search(attributes.get("class") or "")
    )


def in_form(node: Node) -> bool:
    """Whether a label stands in a form."""
    return any(outer.tag == "form" for outer in islice(ancestors(node), FORM_DEPTH))


def named_on(page: LexborHTMLParser) -> dict[str, Node]:
    """The elements of a page by their ids."""
    return {str(node.attributes["id"]): node for node in page.css("[id]")}


def open_panel(control: Node, named: dict[str, Node]) -> Node | None:
    """The panel of text that `control` opens, which is shown from now on; None if it opens none."""
    attributes = control.attributes
    if attributes.get("data-toggle") in _OPENS_OVER or attributes.get("data-bs-toggle") in _OPENS_OVER:
        return None
    if control.css_matches(_HOLDS_CONTROL) or len(control.html or "") > CONTROL_HTML:
        return None
    panel = _panel(control, named)
    if panel is None or not _is_answer(panel):
        return None
    show(panel)
    return panel


def panels_of_tabs(tabs: Node, named: dict[str, Node]) -> list[tuple[Node, Node]]:
    """Each tab of a list with its panel: the one that it names, or the one in its place among those that follow."""
    # Some call the box around tabs and panels the list.
    if tabs.css_first("[role='tabpanel']") is not None:
        return []
    each = tabs.css("[role='tab']")
    panels = [named.get((tab.attributes.get("aria-controls") or "").strip()) for tab in each]
    if not all(panel is not None for panel in panels):
        following = tabs.next
        while following is not None and not following.is_element_node:
            following = following.next
        panels = list(following.css("[role='tabpanel']")) if following is not None else []
        if not panels and following is not None and following.attributes.get("role") == "tabpanel":
            while following is not None:
                panels += [following] if following.is_element_node else []
                following = following.next
    found = [(tab, panel) for tab, panel in zip(each, panels, strict=False) if panel is not None and _is_answer(panel)]
    return found if len(panels) == len(each) else []


def question_of(control: Node) -> str:
    """The words of a control, if they are what its panel answers; empty for "Show more" and its like."""
    text = inline_text(control)
    return "" if len(text) > QUESTION_CHARS or (len(text) < _MORE_CHARS and _MORE.match(text)) else text


def _panel(control: Node, named: dict[str, Node]) -> Node | None:
    attributes = control.attributes
    for name in _NAMED_BY:
        target = (attributes.get(name) or "").strip()
        if name == "href" and not (target.startswith("#") and is_control(attributes)):
            continue
        panel = named.get(target.lstrip("#").split()[0]) if target.strip("#") else None
        if panel is not None and panel.mem_id != control.mem_id:
            return panel
    following = _following(control)
    return following if following is not None and _discloses(control, following, named) else None


def _following(control: Node) -> Node | None:
    """The element after the control, or after the boxes that hold nothing but it."""
    text = control.text(deep=True).split()
    for outer in _outer(control):
        following = outer.next
        while following is not None and not following.is_element_node:
            if not following.is_empty_text_node and following.is_text_node:
                return None
            following = following.next
        if following is not None:
            return following
        if outer.parent is None or outer.parent.text(deep=True).split() != text:
            return None
    return None


def _outer(node: Node) -> Iterator[Node]:
    for _ in range(WRAPPERS):
        if node is None or not node.is_element_node:
            return
        yield node
        node = node.parent


def _discloses(control: Node, following: Node, named: dict[str, Node]) -> bool:
    """Whether what only stands behind a control is its panel: both are named for it, or a checkbox opens it."""
    if following.tag in _NO_PANEL:
        return False
    attributes = control.attributes
    if control.tag == "label":
        box = named.get(attributes.get("for") or "")
        return box is not None and box.attributes.get("type") in ("checkbox", "radio") and not in_form(control)
    names = " ".join(filter(None, (node.attributes.get("class") for node in (control, following, control.parent))))
    return "aria-expanded" in attributes or _DISCLOSING.search(names) is not None


def _is_answer(panel: Node) -> bool:
    attributes = panel.attributes
    if panel.tag in _NO_PANEL or attributes.get("role") in _NO_ROLE or panel.css_first(_FIELDS) is not None:
        return False
    names = attributes.get("class") or ""
    if strength_of(names) >= Strength.STRONG or _OVER.search(f"{names} {attributes.get('id') or ''}"):
        return False
    links = sum(len(link.text(deep=True).strip()) for link in panel.css("a"))
    return len(" ".join(panel.text(deep=True).split())) - 2 * links >= ANSWER_CHARS


def show(panel: Node) -> None:
    """Take away what hides a panel."""
    attributes = panel.attributes
    for name in ("hidden", "aria-hidden"):
        if name in attributes:
            del panel.attrs[name]
    if attributes.get("style"):
        panel.attrs["style"] = _HIDING.sub("", str(attributes["style"]))
