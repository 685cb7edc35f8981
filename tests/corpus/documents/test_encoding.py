"""Bytes to text: no page is lost, and none is garbled that says truly what it is."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humpback.corpus.documents.encoding import decode

GERMAN = "<html lang='de'><p>Die Brücke über den Fluß trägt größere Züge. Öl, Äpfel, Straße, süß.</p></html>"


def page(text: str, encoding: str, says: str | None = None) -> bytes:
    meta = f"<meta charset='{says}'>" if says else ""
    return f"{meta}{text}".encode(encoding)


def test_utf8_is_read_though_the_header_says_otherwise() -> None:
    """Servers declare ISO-8859-1 for everything: what decodes as UTF-8 is UTF-8."""
    assert decode(GERMAN.encode(), "iso-8859-1") == (GERMAN, "utf-8")


@pytest.mark.parametrize("declared", [None, "utf-8", "UTF8"])
def test_windows_1252_under_a_false_claim_of_utf8(declared: str | None) -> None:
    """A page that claims UTF-8 but is windows-1252 must not be lost: peers lose one page in ten so."""
    text, _ = decode(page(GERMAN, "cp1252", says="utf-8"), declared)
    assert text.endswith(GERMAN)


@pytest.mark.parametrize(
    ("text", "encoding", "says"),
    [
        ("Привет, как дела? Это страница о велосипедах.", "cp1251", "windows-1251"),
        ("Привет, как дела? Это страница о велосипедах.", "koi8-r", "koi8-r"),
        ("自転車の修理について説明します。", "cp932", "Shift_JIS"),
        ("自転車の修理について説明します。", "euc-jp", "euc-jp"),
        ("我们来谈谈自行车的修理。", "gb18030", "gb2312"),
        ("자전거 수리에 대한 안내입니다.", "cp949", "euc-kr"),
        ("Zażółć gęślą jaźń", "iso-8859-2", "iso-8859-2"),
        ("“quoted” – dashed €", "cp1252", "iso-8859-1"),
    ],
)
def test_declared_charsets_are_believed(text: str, encoding: str, says: str) -> None:
    """The charset in <meta> is used as browsers use it: labels name the wider code page, or curly quotes are lost."""
    decoded, _ = decode(page(f"<p>{text}</p>", encoding, says))
    assert text in decoded


def test_the_header_goes_before_the_page() -> None:
    """Two declarations disagree: the HTTP header wins, as in browsers."""
    text, name = decode(page("<p>Привет</p>", "cp1251", says="koi8-r"), "windows-1251")
    assert ("Привет" in text, name) == (True, "windows-1251")


@pytest.mark.parametrize("says", ["no-such-charset", "", "hex", "rot13", "x" * 40])
def test_an_unknown_label_is_passed_over(says: str) -> None:
    """A label that no codec has must lead to detection, not to an exception."""
    assert "Brücke" in decode(page(GERMAN, "cp1252", says))[0]


@pytest.mark.parametrize("says", ["unicode_escape", "raw-unicode-escape", "utf-7", "punycode", "idna", "utf-16", "utf-32"])
def test_codecs_that_no_page_is_written_in(says: str) -> None:
    """`charset=unicode_escape` gave lone surrogates, which Parquet refuses; `charset=utf-16` made Chinese of German."""
    data = page(GERMAN + r"\ud800 \N{DASH} ", "cp1252", says)
    text, _ = decode(data, says)
    assert "Brücke" in text
    text.encode()


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_page_cut_inside_its_last_character(cut: int) -> None:
    """Archives cut pages at a number of bytes: half a character at the end does not make it windows-1252."""
    text, name = decode(("é 漢 " * 20 + "😀").encode()[:-cut])
    assert (text, name) == ("é 漢 " * 20, "utf-8")


def test_one_broken_byte_does_not_garble_a_utf8_page() -> None:
    """A comment pasted in latin-1 into a UTF-8 page turned all its other accents into "Ã¼"."""
    text, name = decode(GERMAN.encode() * 5 + b" caf\xe9 " + GERMAN.encode())
    assert (text, name) == (GERMAN * 5 + " caf\ufffd " + GERMAN, "utf-8")


@pytest.mark.parametrize(
    ("bom", "encoding"), [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
)
def test_a_byte_order_mark_decides(bom: bytes, encoding: str) -> None:
    """A byte order mark says what the page is, and is no part of its text."""
    assert decode(bom + GERMAN.encode(encoding), "cp1252") == (GERMAN, encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(encoding: str) -> None:
    """UTF-16 without a mark is valid UTF-8 full of NUL: the page came out with a blank between all its letters."""
    assert decode(b"<!doctype html><p>Bridge</p>".decode().encode(encoding)) == ("<!doctype html><p>Bridge</p>", encoding)


def test_german_is_not_taken_for_central_european() -> None:
    """Detection takes windows-1252 with few accents for windows-1250; the page's language tells them apart."""
    text, name = decode("<html lang='de'><p>Ein Satz mit nur einem Wort wie Straße und größer.</p>".encode("cp1252"))
    assert ("größer" in text, name) == (True, "cp1252")


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=300),
    st.sampled_from([None, "utf-8", "utf-16", "shift_jis", "utf-7", "unicode_escape", "gb2312", "\0"]),
)
def test_any_bytes_give_text(data: bytes, declared: str | None) -> None:
    """Whatever a server sends is text that can be written: no exception and no lone surrogate."""
    text, name = decode(data, declared)
    text.encode()
    assert name
