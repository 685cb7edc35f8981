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


CHINESE = "蜂巢要放在早晨阳光照得到的地方，入口朝向东南，前面留出飞行的空间，附近最好有干净的水源。" * 6
JAPANESE = "蜂の巣箱は朝日が当たる場所に置きます。冬の前に砂糖水を与え、入口を狭くします。" * 6
KOREAN = "벌통은 아침 햇볕이 드는 곳에 놓고 입구는 남동쪽을 향하게 합니다. 겨울 전에 설탕물을 줍니다. " * 6
WIDE = [
    (CHINESE, "gb18030", "gb2312"), (CHINESE, "gbk", "GBK"), (CHINESE, "gb18030", "gb18030"), (JAPANESE, "cp932", "x-sjis"),
    (JAPANESE, "euc-jp", "euc-jp"), (KOREAN, "cp949", "ks_c_5601-1987"),
    ("蜂巢要放在早晨陽光照得到的地方，入口朝向東南，附近最好有乾淨的水源。" * 6, "big5", "big5"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "encoding", "says"), WIDE)
@pytest.mark.parametrize("how", ["header", "meta", "detected"])
def test_a_few_bad_bytes_in_a_wide_charset(text: str, encoding: str, says: str, how: str) -> None:
    """One bad byte, or a cut inside a character, and the whole page was read as windows-1252: "·äÏäÒª"."""
    lines = "".join(f"<p>{text[i : i + 80]}</p>\n" for i in range(0, len(text), 80)) * 4
    data = page(lines, encoding, says if how == "meta" else None)
    middle = data.index(b"</p>", len(data) // 3)
    for broken in (data[:middle] + b"\xff" + data[middle:], data[:-9], data[: data.rindex(b"</p>") - 1]):
        decoded, _ = decode(broken, says if how == "header" else None)
        assert text[:70] in decoded


@pytest.mark.parametrize(
    ("text", "encoding", "header", "meta"),
    [
        (JAPANESE, "iso2022_jp", "iso-2022-jp", None),
        (JAPANESE, "iso2022_jp", None, "iso-2022-jp"),
        (JAPANESE, "iso2022_jp", None, None),
        (CHINESE, "hz", "hz-gb-2312", None),
        (CHINESE, "hz", None, "hz-gb-2312"),
    ],
)
def test_charsets_that_pass_for_ascii(text: str, encoding: str, header: str | None, meta: str | None) -> None:
    """Their bytes are ASCII, and so UTF-8: the text was "$BK*$N" and "~{7dOd". HZ is told by its name alone."""
    assert text in decode(page(f"<p>{text}</p>", encoding, meta), header)[0]


def test_text_about_an_escaped_charset() -> None:
    """A tilde and a brace in a page of English are what they say."""
    text = "<meta charset=utf-8><p>In the shell, ~{a,b} is taken as it stands.</p>"
    assert decode(text.encode()) == (text, "utf-8")


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
@pytest.mark.parametrize("says", ["windows-1252", "iso-8859-1", "latin1"])
def test_a_byte_that_windows_1252_lacks(byte: int, says: str) -> None:
    """One of the five made cp775 of a page, with "¢" for each dash."""
    text, name = decode(page("<p>“The bees’ first flight” – ", "cp1252", says) + bytes([byte]) + "café</p>".encode("cp1252"))
    assert "“The bees’ first flight” – \ufffdcafé" in text
    assert name in ("cp1252", "windows-1252")


def test_the_euro_of_chinese_pages() -> None:
    """A lone 0x80 in GBK (WHATWG Encoding, GBK decoder)."""
    assert "蜜 €5" in decode("<meta charset=gbk><p>蜜 ".encode("gbk") + b"\x80" + "5</p>".encode("gbk"))[0]


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        ("ผึ้งเก็บน้ำหวานจากดอกไม้", "cp874", "windows-874"), ("Пчёлы летают", "cp1251", "win-1251"),
        ("Arılar şimdi uçar", "cp1254", "x-cp1254"),
        ("Οι μέλισσες πετούν", "cp1253", "x-cp1253"), ("Пчёлы летают", "koi8-r", "KOI8"), ("蜂が飛ぶ①", "euc_jp", "ujis"),
        ("蜜蜂飛", "big5", "Windows-950"), ("“quoted” €", "cp1252", "iso_8859-1:1987"),
        ("דבורים עפות", "iso8859_8", "logical"),
    ],
)  # fmt: skip
def test_labels_that_only_browsers_know(text: str, encoding: str, label: str) -> None:
    """Pages mostly of English, with one paragraph in what they declare: detection made mojibake of it."""
    body = f"<p>{'A page about bees that is mostly in English. ' * 20}</p><p>{text}</p>".encode(encoding, "ignore")
    decoded, _ = decode(f"<meta charset='{label}'>".encode() + body)
    assert body.decode(encoding) in decoded


def test_a_charset_in_the_declaration_of_xml() -> None:
    """XHTML says it there; German statistics made "Pszczo³y" of Polish."""
    text = "<html><p>Pszczoły zbierają nektar z kwiatów, żeby przeżyć zimę.</p></html>"
    assert decode(b"<?xml version='1.0' encoding='iso-8859-2'?>" + text.encode("iso-8859-2"))[0].endswith(text)


@pytest.mark.parametrize(
    "before",
    [
        "<!-- <meta charset='koi8-r'> -->",
        "<script>document.write(\"<meta charset='koi8-r'>\")</script>",
        "<meta name=description content='set charset=koi8-r in your editor'>",
    ],
)
def test_what_is_no_declaration(before: str) -> None:
    """Comments, scripts and descriptions mention charsets too."""
    data = before.encode() + page("<p>Пчёлы летают</p>", "cp1251", says="windows-1251")
    assert "Пчёлы летают" in decode(data)[0]


@pytest.mark.parametrize(
    ("lang", "text", "encoding"),
    [
        ("tr", "Arılar çiçeklerden şurup toplar ve kışın yaşar.", "cp1254"),
        ("lt", "Bitės renka nektarą iš žiedų ir žiemą išgyvena.", "cp1257"),
        ("pl", "Pszczoły zbierają nektar z kwiatów, żeby przeżyć zimę.", "cp1250"), ("ru", "Пчёлы летают.", "cp1251"),
        ("el", "Οι μέλισσες.", "cp1253"), ("he", "דבורים עפות.", "cp1255"), ("th", "ผึ้งเก็บน้ำหวาน", "cp874"),
    ],
)  # fmt: skip
def test_the_language_of_a_page_that_names_no_charset(lang: str, text: str, encoding: str) -> None:
    """Mostly ASCII, so that statistics see nothing: the language tells."""
    data = f"<html lang={lang}><p>{'plain ' * 60}</p><p>{text}</p></html>".encode(encoding)
    assert text in decode(data)[0]


@pytest.mark.parametrize("bad", [3, 8])
def test_a_narrow_charset_that_is_named_stays(bad: int) -> None:
    """Few accents and some bytes that are no letters made cp775 and cp1256 of French."""
    data = page("<p>Le café est fermé. ", "cp1252", says="windows-1252") + b"\x81" * bad + b" fin</p>"
    assert "Le café est fermé." in decode(data)[0]


@pytest.mark.parametrize("declared", ["utf-8", None, "iso-8859-1"])
def test_few_letters_and_few_bad_bytes(declared: str | None) -> None:
    """Two signs of UTF-8 and two bytes of another charset: "Itâ€™s 5 â‚¬"."""
    data = "It’s 5 € – a “small” price, naïve as it is. ".encode() + b"caf\xe9, caf\xe9"
    assert decode(data, declared)[0].startswith("It’s 5 € – a “small” price")


@pytest.mark.parametrize("share", [0.06, 0.2, 0.4])
@pytest.mark.parametrize(("how", "declared"), [("utf-8", None), (None, "utf-8")])
def test_a_utf8_page_with_some_letters_of_another_charset(share: float, how: str | None, declared: str | None) -> None:
    """Comments pasted in windows-1251 garbled a page that says twice that it is UTF-8."""
    own, other = "Улей ставят там, где утром солнце. " * 20, "Старый форум писал так. "
    data = page(own, "utf-8", how) + other.encode("cp1251") * round(20 * share)
    text, name = decode(data, declared)
    assert (own in text, name) == (True, "utf-8")


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
