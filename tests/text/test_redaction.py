"""Personal data: a labelled set of what must go and what must stay, and what the stage does to a row."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import segment_row

from humpback.text.redaction import KINDS, RedactConfig, redact, redacted, regions_of
from humpback.text.sentences import count_chars

# Text with the personal datum between « and »; regions after "|".
PERSONAL = {
    "EMAIL_ADDRESS": """
    Write to «anna.schmidt@web.de».
    Mail: «info@awverlag.ch», Zürich
    <«j.doe+news@mail.cs.uni-bonn.edu»>
    mailto:«jiang@fafu.edu.cn»
    «müller@gärtnerei-müller.de»
    (see «FIRST.LAST@COMPANY.CO.UK»)
    E-Mail:«x_y@posteo.net»!
    «anna [at] example-verein.org»
    «anna(at)verein.de»
    «anna.b (ät) verein [dot] de»
    «anna {at} verein {dot} co {dot} uk»
    «anna [AT] verein [DOT] com»
    «juan (arroba) correo (punto) es»
    «anna at gmail dot com»
    «a@b.museum»
    Contact «o'leary@tcd.ie» or «4711@koeln.de»
    **«bold@mail.org»**
    """,
    "PHONE_NUMBER": """
    Ruf an: «+49 30 284447-42»
    «+49 (0)7141 2987780»
    Telefon: «+49 - (40) - 300 30 - 1141»
    Fax «05191 979228»
    Tel. «02382 59743» (Frau Braun)
    Fon «07 11/97 81-0»
    Telefonnummer «050639010» zu melden
    Tel.:«030/1234567»
    ☎ «0664 1234567»
    Telefax «043 499 18 61»
    «0049 89 636-48018»
    Rufen Sie «0221 / 4710123» an|DE
    Sie erreicht uns unter «(030) 901820»|DE
    mobil «0171/5551234»
    Handy: «0160 99887766»
    appelez le «01 42 68 53 00»|FR
    «+33 1 42 68 53 00»
    Tél. «04.91.55.12.34»
    Tel: «912 345 678»
    Teléfono: «91 123 45 67»
    telefone «(11) 98765-4321»
    «(11) 98765-4321» em São Paulo|BR
    ring «020 7946 0958» in London|GB
    «+44 20 7946 0018»
    Call «(415) 555-2671» today
    «212-736-5000» is the hotel
    «1-800-275-2273» is free
    Dial «202.456.1111» now
    WhatsApp at «1-876-499-0169»
    «+1 876 499 0169»
    тел. «8 (495) 123-45-67»
    «8 (495) 123-45-67» звоните|RU
    «+7 495 123-45-67»
    電話 «03-3224-9999»
    «03-3224-9999» まで|JP
    «+81 3-3224-9999»
    «+91 98765 43210»
    «+86 138 1234 5678»
    Phone number: «+61 2 9374 4000»
    tel «22 828 12 34»
    «043 499 18 60» Zürich|CH
    """,
    "IP_ADDRESS": """
    logged in from «93.184.216.34» at noon
    IP address: «8.34.21.3»
    [«185.199.108.153»]
    «2a00:1450:4001:82b::200e» answered
    host «2001:67c:2564:a119::77»: up
    A record «52.86.186.226»
    """,
    "CREDIT_CARD": """
    Visa «4111 1111 1111 1111», 12/27
    «5500-0055-5555-5559»
    «4012888888881881»
    Amex «3782 822463 10005»
    «371449635398431»
    «6011 1111 1111 1117»
    """,
    "IBAN_CODE": """
    Konto «DE10 4405 0199 0212 1545 63» bei der Stadtsparkasse
    «GB29NWBK60161331926819»
    IBAN: «FR14 2004 1010 0505 0001 3M02 606» BIC PSSTFRPP
    «NL91 ABNA 0417 1643 00».
    «CH93 0076 2011 6238 5295 7»
    «ES91 2100 0418 4502 0005 1332»
    """,
}
IMPERSONAL = """
user@example.com
anna@mail.example.org
noreply@github.com
do-not-reply@bank.de
git clone git@github.com:user/repo.git
ssh root@server
mail@vinho-iberico
@RobertHabeck
@user@mastodon.social
https://medium.com/@anna.b
https://user:pass@host.com/path
logo@2x.png
getty@tty1.service
react@16.8.0
npm install @angular/core@12.0.1
@app.route("/")
a @ b.de
five apples @ 3.50 each
(at) home and (at) work
look at our shop dot com
2019-2020
1939–1945
from 1998 to 2003
12.03.2019
03/12/2019
2019-12-03
01-02-2019 10:15|DE
2022-05-04T13:03:05
03:04:41 am
12:30:45
ISBN 978-3-16-148410-0
ISBN 0-306-40615-2|DE
ISBN 0306406152|DE
ISSN 0317-8471
EAN 4006381333931
4006381333931
Art.-Nr. 0123-456789|DE
No. 030 1234567|DE
€ 1.234.567,89
12 500 000 Euro
1,000,000 people
3.141592653589793
52.5200, 13.4050
48°51'24" N
10117 Berlin
1010 Wien, 12345 Berlin|DE
BLZ 100 500 00
Konto 1234567890|DE
USt-IdNr. DE123456789
HRB 12345
§ 823 Abs. 1
§ 4.3.2.1
DAX 16.105,83 +0,14%
+2,22%
2+1
+10 to +15 degrees
-273.15
100 200 300
1 2 3 4 5 6 7 8 9 10
1024 x 768
192.168.0.1
127.0.0.1
10.0.0.1
172.16.254.1
192.0.2.1
203.0.113.7
255.255.255.0
8.8.8.8
999.999.999.999
version 1.2.3.4
Chrome/59.0.3071.125
Flash Player 11.2.202.235
OID 1.3.6.1.4.1
git 2.20.1.155.g426c96fcdb
4.3.2.193.in-addr.arpa
207.5.2.1 Life-Threatening Injury
2001:db8::1
fe80::1
::1
std::vector
aa:bb:cc:dd:ee:ff
abc::def
4111 1111 1111 1112
1234 5678 9012 3456
https://x.com/a/status/1055551234567890123
https://shop.de/p/4111111111111111
DE10 4405 0199 0212 1545 64
AB12 3456 7890 1234
3f2504e0-4f89-11d3-9a0c-0305e82c3301
Windows Phone 8.1.15063
iPhone 13 and 2019-2020
GSM 900/1800/1900 MHz
WhatsApp 1.500.000.000 users
call 911
Hotline 1500
Telefon 1876 erfunden
mobile 2010-2019
(800) 799-SAFE
x123-456-7890
RFC 2822
"""


def _cases(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(line.partition("|")[0], tuple(line.partition("|")[2].split())) for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("kind", "marked", "regions"), [(k, *case) for k, text in PERSONAL.items() for case in _cases(text)]
)
def test_personal_data_is_replaced(kind: str, marked: str, regions: tuple[str, ...]) -> None:
    """All of the datum goes and nothing beside it: half a number, or a swallowed word, is a fault."""
    import re

    wanted, count = re.subn("«.*?»", f"[{kind}]", marked)
    assert redacted(marked.replace("«", "").replace("»", ""), regions=regions) == (wanted, Counter({kind: count}))


@pytest.mark.parametrize(("text", "regions"), _cases(IMPERSONAL))
def test_other_text_stays(text: str, regions: tuple[str, ...]) -> None:
    """Years, prices, ISBNs, versions and addresses that reach nobody must not be damaged."""
    assert redacted(text, regions=regions) == (text, Counter())


def test_the_set_is_large_enough() -> None:
    """A set that was cut down shows nothing."""
    assert sum(len(_cases(text)) for text in PERSONAL.values()) >= 60
    assert len(_cases(IMPERSONAL)) >= 80


def test_national_numbers_need_their_country() -> None:
    """What is a number in Berlin is an article number elsewhere."""
    assert redacted("unter 0221 / 4710123", regions=("US",))[0] == "unter 0221 / 4710123"


ROW = segment_row(
    1, text="Write to anna@verein.de or  bob@verein.de, Tel. 030 1234567.", header_path=["anna@verein.de", "B"]
)


def test_a_row_is_redacted_and_counted() -> None:
    """Headings hold addresses too; the length must follow the text; every datum is named."""
    [row] = redact(RedactConfig(), [{**ROW, "n_chars": count_chars(ROW["text"])}])
    assert isinstance(row, dict)
    assert row["text"] == "Write to [EMAIL_ADDRESS] or  [EMAIL_ADDRESS], Tel. [PHONE_NUMBER]."
    assert row["header_path"] == ["[EMAIL_ADDRESS]", "B"]
    assert row["n_chars"] == count_chars(row["text"])
    assert row["redacted"] == ["EMAIL_ADDRESS"] * 3 + ["PHONE_NUMBER"]


def test_the_length_of_a_cut_text_stays_its_whole_length() -> None:
    """A segment longer than what is stored of it must not become short enough by redaction."""
    [row] = redact(RedactConfig(), [{**ROW, "n_chars": 20_000}])
    assert isinstance(row, dict)
    assert row["n_chars"] == 20_000 - count_chars(ROW["text"]) + count_chars(row["text"])


def test_kinds_can_be_left_out() -> None:
    """No kinds: the text stays; one kind: only that goes."""
    [same] = redact(RedactConfig(kinds=()), [ROW])
    assert same == {**ROW, "redacted": []}
    [row] = redact(RedactConfig(kinds=("PHONE_NUMBER",)), [ROW])
    assert isinstance(row, dict)
    assert row["redacted"] == ["PHONE_NUMBER"]


def test_the_row_given_is_not_changed() -> None:
    """A stage must not write into what it was given."""
    before = {**ROW, "header_path": list(ROW["header_path"])}
    list(redact(RedactConfig(), [ROW]))
    assert before == ROW


@pytest.mark.parametrize(
    ("url", "lang", "regions"),
    [
        ("https://a.de/x", None, ("DE",)),
        ("https://a.co.uk/x", "en", ("GB",)),
        ("https://a.ch", "de", ("CH", "DE", "AT")),
        ("https://a.com", "fr", ("FR", "BE", "CH")),
        ("https://a.io", None, ()),
        ("https://[broken", None, ()),
        (None, None, ()),
        ("folder/page.html", "xx", ()),
    ],
)
def test_regions(url: str | None, lang: str | None, regions: tuple[str, ...]) -> None:
    """A country domain says which numbers are dialled there; a file or a broken address says nothing."""
    assert regions_of(url, lang) == regions


PIECES = st.sampled_from(
    ["anna@web.de", "+49 30 1234567", "030 1234567", " / ", "-", "+", " ", ".", "(", ")", "Tel. ",
     "IP ", "[at]", " at ", "\n", "a",
     "1", "4111 1111 1111 1111", "93.184.216.34", "2a00:1450:4001:82b::200e",
     "DE10 4405 0199 0212 1545 63", "]", "@", "20"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join) | st.text("0123456789+-./() @a]:", max_size=40))
def test_redacting_again_changes_nothing(text: str) -> None:
    """A placeholder must neither be taken for data nor free what stood beside it."""
    once, _ = redacted(text, KINDS, ("DE",))
    assert redacted(once, KINDS, ("DE",)) == (once, Counter())


def test_what_stands_around_a_segment_is_redacted_too() -> None:
    """It is shown to a model, which may be somebody else's, and stands in the rows."""
    row = {
        "id": "a",
        "text": "Ask us.",
        "around": ["Contact\n\nme@gardenhose.net", "Next"],
        "header_path": ["A", "b@gardenhose.net"],
    }
    [made] = redact(RedactConfig(), [{**row, "n_chars": 7}])
    assert made["around"] == ["Contact\n\n[EMAIL_ADDRESS]", "Next"] and made["header_path"] == ["A", "[EMAIL_ADDRESS]"]
    assert (made["text"], made["n_chars"], made["redacted"]) == ("Ask us.", 7, ["EMAIL_ADDRESS"])  # type: ignore[index]
