"""Bytes of a page to text, losing no page.

UTF-8 first, because most pages are UTF-8 and almost nothing else decodes as it; then what the page declares; detection
only when both fail, since it is slow and guesses; at last windows-1252, which gives every byte a character.
"""

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,40})""", re.IGNORECASE)
# What browsers read these labels as (WHATWG Encoding Standard): the wider code page that real pages use.
_BROWSER = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252",
            "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "tis-620": "cp874",
            "iso-8859-9": "cp1254"}  # fmt: skip
_DETECT_BYTES = 20_000
# Codecs of Python that no page is written in: they run for long, warn, or give lone surrogates.
_NO_CHARSETS = ("utf-7", "unicode-escape", "raw-unicode-escape", "punycode", "idna", "utf-32", "undefined", "mbcs", "oem")
# A page is UTF-8 with a few broken bytes if so many of its characters are whole for each that is not.
_WHOLE_PER_BROKEN = 20
_LANG = re.compile(rb"""<html[^>]{0,200}?\blang\s*=\s*["']?([a-z]{2})""", re.IGNORECASE)
# Statistics cannot tell these from windows-1252 in a text with few accents; the page's language can.
_CENTRAL = {"cp1250", "iso8859_2", "iso-8859-2", "mac_latin2", "mac_iceland", "cp1257", "cp852", "iso8859_16"}
_CENTRAL_LANGUAGES = {b"cs", b"sk", b"pl", b"hu", b"ro", b"hr", b"sl", b"bs", b"sr", b"sq", b"lt", b"lv", b"et"}


def decode(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """(text, name of the encoding used); `declared` is the charset of the HTTP header."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace"), name
    if data[:1] == b"<" and data[1:2] == data[3:4] == b"\0":
        return data.decode("utf-16-le", "replace"), "utf-16-le"
    if data[:2] == b"\0<" and data[2:3] == b"\0":
        return data.decode("utf-16-be", "replace"), "utf-16-be"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.start > 0:
            # A page cut off inside its last character is still UTF-8.
            return data.decode("utf-8", "ignore"), "utf-8"
    mended = data.decode("utf-8", "replace")
    broken = mended.count("\ufffd")
    if len(mended) - len(mended.encode("ascii", "ignore")) > (_WHOLE_PER_BROKEN + 1) * broken:
        return mended, "utf-8"
    meta = _META.search(data[:4096])
    for label in (declared, meta and meta[1].decode("ascii", "ignore")):
        text = _as_declared(data, label)
        if text is not None:
            return text
    best = from_bytes(data[:_DETECT_BYTES]).best()
    name = best.encoding if best else "cp1252"
    lang = _LANG.search(data[:4096])
    if name in _CENTRAL and not (lang and lang[1].lower() in _CENTRAL_LANGUAGES):
        name = "cp1252"
    text = _as_declared(data, name)
    return text or (data.decode("cp1252", "replace"), "cp1252")


def _as_declared(data: bytes, label: str | None) -> tuple[str, str] | None:
    if not label or label.lower() in ("utf-8", "utf8"):
        return None
    name = _BROWSER.get(label.lower(), label.lower())
    try:
        codec = codecs.lookup(name).name.replace("_", "-")
        # Whatever it declares, markup without a NUL byte is no UTF-16.
        if codec.startswith(_NO_CHARSETS) or (codec.startswith("utf-16") and b"\0" not in data[:1000]):
            return None
        return data.decode(name), name
    except (LookupError, ValueError):
        return None
