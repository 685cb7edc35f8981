"""Small print in a line: marks of notes and references, which say nothing by themselves, and powers, which do."""

import re
from typing import Any

# "[2]", "[citation needed]", and the number of a note that stands elsewhere on the page.
_REFERENCE = re.compile(r"\[[^\[\]]{1,40}\]")
NOTE_CHARS = 4
# "km²", "cos²"; behind a longer word a raised number is that of a note.
LONGEST_UNIT = 3
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
# Signed numbers, charges of ions, and n; what else may be a power is written with a caret.
_EXPONENT = re.compile(r"[+−-]?\d{1,3}|\d?[+−-]|n")
_POWER = re.compile(r"[+−-]?[\d.,]*[a-z]?(?:[+−*/-][\d.]*[a-z]?)?")
_INDEX = re.compile(r"\d{1,3}")
_FRACTION = re.compile(r"\s*[/⁄]")
_CURRENCY = re.compile(r"[€$£¥]|\b(?:EUR|USD|GBP|CHF|kr|zł)\b")
_FORMULA = re.compile(r"formula|latex|mathtex|math-fallback|(?:^|\s)(?:tex|math)(?:\s|$)|equation\?tex=", re.IGNORECASE)
_DELIMITED = re.compile(r"^(?:\$latex\s|\$\$?|\\[(\[])\s*(.*?)\s*(?:\$\$?|\\[)\]])$", re.DOTALL)
_CENTS = re.compile(r"\d\d")


def is_note(link: Any) -> bool:
    """Whether a link is nothing but the mark of a note: it says so, or it is a raised number to a place on the page."""
    attributes = link.attributes
    names = attributes.get("class") or ""
    if attributes.get("role") == "doc-noteref" or "footnote" in names or "headerlink" in names:
        return True
    target = attributes.get("href") or ""
    if "#" not in target:
        return False
    text = link.text(deep=True).strip()
    # A sign alone leads to where it stands ("¶", "#", "🔗").
    if target.startswith("#") and text and len(text) <= 2 and not any(c.isalnum() for c in text):
        return True
    return len(text) <= NOTE_CHARS and link.css_first("sup") is not None


def picture_of_formula(picture: Any) -> str:
    """The TeX of a formula that is shown as a picture, between dollar signs; empty for another picture."""
    attributes = picture.attributes
    called = f"{attributes.get('class') or ''} {attributes.get('src') or ''}"
    if not _FORMULA.search(called):
        return ""
    tex = " ".join((attributes.get("alt") or attributes.get("title") or "").split())
    return f"${bare_tex(tex)}$" if tex else ""


def bare_tex(tex: str) -> str:
    """A formula without the signs around it that some write along."""
    found = _DELIMITED.match(tex)
    return str(found[1]).strip() if found else tex


def is_reference(node: Any) -> bool:
    """Whether a raised text points to a note or a source ("[2]", "[citation needed]"): it says nothing by itself."""
    text = " ".join(node.text(deep=True).split())
    if _REFERENCE.fullmatch(text) or "reference" in (node.attributes.get("class") or ""):
        return True
    link = node.css_first("a[href]")
    return link is not None and len(text) <= NOTE_CHARS and "#" in (link.attributes["href"] or "")


def small_print(node: Any, before: list[str]) -> str:
    """What <sup> or <sub> says behind what stands `before`: "m²", "10⁶", "H₂O", which are no m2, 106 and H2O.

    Nothing if it is a reference. A fraction after a number is parted from it ("1 1/2"), cents are put behind a point.
    """
    if is_reference(node):
        return ""
    text = str(node.text(deep=True)).strip()
    words = "".join(before[-3:]).split() if before and not before[-1][-1:].isspace() else []
    word = words[-1] if words else ""
    if node.tag == "sub":
        return text.translate(_LOWERED) if word[-1:].isalpha() and _INDEX.fullmatch(text) else text
    following = (node.next.text_content or "") if node.next is not None and node.next.is_text_node else ""
    if _FRACTION.match(following):
        return f" {text}" if word[-1:].isdigit() else text
    if _CENTS.fullmatch(text) and (_CURRENCY.search(word) or _CURRENCY.match(following.lstrip())):
        return f".{text}"
    return _power(text, word)


def _power(text: str, word: str) -> str:
    is_base = word[-1:].isdigit() or word[-1:] in ")]" or (word[-1:].isalpha() and len(word) <= LONGEST_UNIT)
    if not word or not is_base:
        return text
    if _EXPONENT.fullmatch(text):
        return text.translate(_RAISED)
    # "1st" and "2e" are numbers that are spelt; "eˣ" and "2ⁿ⁺¹" have one letter at most for a base, or a sign.
    is_power = _POWER.fullmatch(text) and (any(c in text for c in "+−-*/.") or (len(text) == 1 and len(word) == 1))
    if not is_power or not text:
        return text
    return f"^{text}" if len(text) == 1 else f"^({text})"
