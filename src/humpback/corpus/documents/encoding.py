"""Bytes of a page to text, losing no page.

UTF-8 first, because most pages are UTF-8 and almost nothing else decodes as it; then what the page declares; detection
only when both fail, since it is slow and guesses; at last windows-1252, which gives every byte a character. A few bytes
that are wrong in a charset make no other charset of it: they become U+FFFD, as in browsers.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterator

from charset_normalizer import from_bytes

_BOMS = [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
_META = re.compile(rb"<meta\b[^>]{0,400}>", re.IGNORECASE)
_NO_META = re.compile(rb"<!--.{0,4000}?-->|<script\b.{0,4000}?</script>", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w:.+-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*["']([\w:.+-]{2,40})""")
# What browsers read these labels as (WHATWG Encoding Standard): the wider code page that real pages use.
_BROWSER = {
    label: name
    for name, labels in {
        "cp1252": "iso-8859-1 iso_8859-1 iso8859-1 iso88591 iso8859 iso_8859-1:1987 latin-1 latin1 l1 csisolatin1"
        " iso-ir-100 ibm819 cp819 ascii us-ascii ansi_x3.4-1968 x-cp1252 windows1252",
        "gb18030": "gb2312 gbk x-gbk gb_2312-80 gb_2312 csgb2312 csiso58gb231280 chinese cp936 ms936"
        " windows-936 x-mswin-936 euc-cn",
        "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j windows-932 ms932 csshiftjis",
        "cp949": "euc-kr euckr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 korean windows-949"
        " x-windows-949 iso-ir-149 cseuckr",
        "big5hkscs": "big5 big-5 big5-hkscs cn-big5 csbig5 x-x-big5 windows-950",
        "euc_jp": "x-euc-jp x-eucjp euc-jp eucjp ujis cseucpkdfmtjapanese",
        "iso2022_jp_ext": "iso-2022-jp csiso2022jp iso-2022-jp-1 iso-2022-jp-2 jis",
        "hz": "hz-gb-2312 hz hzgb",
        "cp1254": "iso-8859-9 latin5 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 csisolatin5 l5 x-cp1254 windows1254",
        "cp874": "tis-620 tis620 iso-8859-11 iso_8859-11 iso8859-11 windows-874 dos-874",
        "cp1250": "x-cp1250 windows1250",
        "cp1251": "x-cp1251 windows1251 win-1251 cp-1251",
        "cp1253": "x-cp1253 windows1253",
        "cp1255": "x-cp1255 windows1255",
        "cp1256": "x-cp1256 windows1256",
        "cp1257": "x-cp1257 windows1257",
        "iso8859_7": "sun_eu_greek greek greek8 elot_928 ecma-118",
        "iso8859_8": "logical iso-8859-8-i iso-8859-8-e visual hebrew",
        "koi8_r": "koi koi8 koi8_r cskoi8r",
        "koi8_u": "koi8-ru",
        "mac_roman": "mac macintosh x-mac-roman csmacintosh",
        "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    }.items()
    for label in labels.split()
}
# Charsets of letters in two bytes, and what other code pages of the same name hold (Taiwan's, Hong Kong's).
_WIDE = {"gb18030": (), "cp932": ("shift_jis_2004",), "cp949": (), "big5hkscs": ("cp950",), "euc_jp": ("euc_jis_2004",)}
# Their bytes are all ASCII, so that they pass for UTF-8: what a page of theirs holds.
_ESCAPED = {"iso2022_jp_ext": b"\x1b", "hz": b"~{"}
_JAPANESE = (b"\x1b$B", b"\x1b$@")
_UTF8 = ("utf-8", "utf8", "unicode-1-1-utf-8", "x-unicode20utf8")
_DETECT_BYTES = 20_000
# Where the beginning of a page with so many bytes that are no ASCII is of no wide charset, so many pieces of it are asked.
_LEAST_HIGH, _PIECES, _PIECE_BYTES = 400, 5, 4_000
# What detection calls the wide charsets, and what they are read as.
_MULTIBYTE = {
    **dict.fromkeys("gb18030 gbk gb2312".split(), "gb18030"),
    **dict.fromkeys("cp932 shift_jis shift_jis_2004 shift_jisx0213".split(), "cp932"),
    **dict.fromkeys("euc_jp euc_jis_2004 euc_jisx0213".split(), "euc_jp"),
    **dict.fromkeys("cp949 euc_kr johab".split(), "cp949"),
    **dict.fromkeys("big5 big5hkscs cp950".split(), "big5hkscs"),
}
# Codecs of Python that no page is written in: they run for long, warn, or give lone surrogates.
_NO_CHARSETS = ("utf-7", "unicode-escape", "raw-unicode-escape", "punycode", "idna", "utf-32", "undefined", "mbcs", "oem")
# Where a page says that it is UTF-8, so few of its characters need to be whole for each broken byte; where it names a wide
# charset, so many.
_WHOLE_WHERE_SAID, _WHOLE_PER_BROKEN = 0.25, 20.0
# A wide charset may have one broken character for so many whole ones; a narrow one so few broken ones at all.
_WIDE_PER_BROKEN, _NARROW_BROKEN, _NARROW_SHARE = 3, 2, 0.02
_LANG = re.compile(rb"""<html[^>]{0,200}?\blang\s*=\s*["']?([a-z]{2})""", re.IGNORECASE)
# Statistics cannot tell these from windows-1252 in a text with few accents; the page's language can.
_CENTRAL = {"cp1250", "iso8859_2", "iso-8859-2", "mac_latin2", "mac_iceland", "cp1257", "cp852", "iso8859_16"}
# What pages in a language are written in where they say nothing, the likeliest first; detection decides among them.
_OF_LANGUAGE = {
    language: tuple(names.split())
    for languages, names in {
        "cs sk pl hu ro hr sl bs sq": "cp1250 iso8859_2",
        "lt lv et": "cp1257 iso8859_13 iso8859_4",
        "tr az": "cp1254",
        "ru uk bg be mk sr": "cp1251 koi8_r koi8_u cp866 mac_cyrillic iso8859_5",
        "el": "cp1253 iso8859_7",
        "he": "cp1255 iso8859_8",
        "ar fa ur": "cp1256 iso8859_6",
        "th": "cp874 tis_620",
        "ja": "cp932 euc_jp",
        "zh": "gb18030 big5hkscs",
        "ko": "cp949",
        "vi": "cp1258",
    }.items()
    for language in languages.split()
}


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
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.start > 0:
            # A page cut off inside its last character is still UTF-8.
            return data.decode("utf-8", "ignore"), "utf-8"
        return _not_utf8(data, declared)
    if b"\x1b" in data or b"~{" in data:
        return _escaped(data, declared) or (text, "utf-8")
    return text, "utf-8"


def _labels(data: bytes, declared: str | None) -> list[str]:
    """The charsets that the header and the page name, as browsers read them."""
    head = data[:4096]
    metas = _META.findall(_NO_META.sub(b"", head)) if b"<" in head else []
    # What stands in the content of another <meta> is a description.
    said = [_CHARSET.search(meta) for meta in metas if b"content" not in meta.lower() or b"http-equiv" in meta.lower()]
    named = [found[1] for found in (*said, _XML.match(head)) if found]
    labels = [declared, *(name.decode("ascii", "ignore") for name in named)]
    return [_BROWSER.get(label.strip().lower(), label.strip().lower()) for label in labels if label]


def _escaped(data: bytes, declared: str | None) -> tuple[str, str] | None:
    labels = _labels(data, declared)
    if any(begin in data for begin in _JAPANESE) and not _ESCAPED.keys() & labels:
        labels.append("iso2022_jp_ext")
    for name in labels:
        if name in _ESCAPED and _ESCAPED[name] in data:
            return data.decode(name, "replace"), name
    return None


def _not_utf8(data: bytes, declared: str | None) -> tuple[str, str]:
    labels = _labels(data, declared)
    mended = data.decode("utf-8", "replace")
    broken = mended.count("\ufffd")
    whole = len(mended) - len(mended.encode("ascii", "ignore")) - broken
    # Sequences of UTF-8 hardly come about by chance; in wide charsets one in ten letters may be one.
    needed = 1.0
    if any(label in _UTF8 for label in labels):
        needed = _WHOLE_WHERE_SAID
    elif any(label in _WIDE for label in labels):
        needed = _WHOLE_PER_BROKEN
    if whole and whole > needed * broken:
        return mended, "utf-8"
    for label in labels:
        text = _as_declared(data, label)
        if text is not None:
            return text
    name = _detected(data)
    found = _LANG.search(data[:4096])
    wanted = _OF_LANGUAGE.get(found[1].decode().lower(), ()) if found else ()
    if name not in _WIDE:
        # A narrow charset that a page names stays, however many of its bytes are wrong.
        for label in labels:
            text = _as_declared(data, label, strict=False) if label not in _WIDE else None
            if text is not None:
                return text
    if wanted and name not in wanted:
        name = wanted[0]
    elif name in _CENTRAL and not wanted:
        name = "cp1252"
    return _as_declared(data, name) or (data.decode("cp1252", "replace"), "cp1252")


def _as_declared(data: bytes, name: str, strict: bool = True) -> tuple[str, str] | None:
    """`data` by the charset `name`, if `strict` with a few characters broken at most; None where it is none of a page."""
    if name in _UTF8:
        return None
    try:
        codec = codecs.lookup(name).name.replace("_", "-")
        # Whatever it declares, markup without a NUL byte is no UTF-16.
        if codec.startswith(_NO_CHARSETS) or (codec.startswith("utf-16") and b"\0" not in data[:1000]):
            return None
        for each in (name, *_WIDE.get(name, ())):
            try:
                return data.decode(each), each
            except UnicodeDecodeError:
                continue
        text = data.decode(name, "humpback.browser")
    except (LookupError, ValueError):
        return None
    broken = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    few = whole / _WIDE_PER_BROKEN if name in _WIDE else max(_NARROW_BROKEN, _NARROW_SHARE * whole)
    return (text, name) if broken <= few or not strict else None


def _as_browsers_do(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for a wrong byte, after which it goes on; in Chinese pages a lone 0x80 is the sign of the euro."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    is_euro = error.encoding == "gb18030" and error.object[error.start] == 0x80
    return "€" if is_euro else "\ufffd", error.start + 1


codecs.register_error("humpback.browser", _as_browsers_do)


def _detected(data: bytes) -> str:
    """The charset that most pieces of a page look like; where one has a wrong byte, the others still speak."""
    best = from_bytes(data[:_DETECT_BYTES]).best()
    name = best.encoding if best else "cp1252"
    if name not in _MULTIBYTE and len(data) - len(data.translate(None, _HIGH)) >= _LEAST_HIGH:
        votes = Counter(found.encoding for part in _pieces(data) if (found := from_bytes(part).best()) is not None)
        wide = [each for each, _ in votes.most_common() if each in _MULTIBYTE]
        # A wide charset fits nothing but its own pages; a narrow one fits most bytes.
        if wide and 2 * votes[wide[0]] > max(votes.values()):
            name = wide[0]
    return _MULTIBYTE.get(name, name)


def _pieces(data: bytes) -> Iterator[bytes]:
    """Pieces that begin and end at tags, which no wide character is cut by."""
    size = min(_PIECE_BYTES, len(data) // _PIECES)
    for i in range(_PIECES):
        begin = data.find(b"<", i * len(data) // _PIECES)
        end = data.rfind(b">", begin, begin + size)
        if 0 <= begin < end:
            yield data[begin : end + 1]


_HIGH = bytes(range(128, 256))
