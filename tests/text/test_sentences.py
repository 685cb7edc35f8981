"""Sentences end and terms part as each script has it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.text.sentences import is_full, lines, sentences, spans, terms, terms_of_sentences, without_code

MARKDOWN = """### Oiling a chain

- Wipe it off. Then oil it.
- Ride on

| part | price |
| --- | --- |
| chain | 12.50 |

```sh
oil --chain. Now
```

> A worn chain ruins
the cassette. It breaks."""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("He met Dr. Smith. It cost 3.14 dollars, e.g. for tea.", 2),
        ('"Why?" he asked. "Go!" She left (at last.) Then all slept...', 4),
        ("Then J. R. R. Tolkien came. And so on… but yes. Wait… What?", 4),
        ("Das gilt z. B. für Öl. Am 3. Mai war es so weit. „Nein.“ Siehe Nr. 5 bzw. Abb. 7.", 4),
        ("M. Dupont est parti. Il reviendra, p.ex. demain.", 2),
        ("Он родился в 1900 г. в городе. Т. е. давно. Правда?", 3),
        ("Τι κάνεις; Καλά είμαι. Ο κ. Παπαδόπουλος ήρθε.", 3),
        ("One; two; three. Four.", 2),
        ("他说：“你好。”然后走了。真的吗？是的！价格是3.5元。", 5),
        ("彼は「行く。」と言った。「本当？」はい。", 3),
        ("안녕하세요. 잘 지내요? 네!", 3),
        ("هل أنت بخير؟ نعم. هذا جيد؛ شكرا۔ ٹھیک ہے۔", 5),
        ("यह हिन्दी है। दूसरा वाक्य॥ तीसरा", 3),
        ("এটি বাংলা।এটি দ্বিতীয়।", 2),
        ("ฉันไปตลาด เขากินข้าว ราคา 50 บาท", 3),
        ("ကျွန်တော်သွားမည်။ သူလာမည်၊ ပြီး", 3),
        ("ខ្ញុំទៅផ្សារ។ គាត់មក៕", 2),
        ("Բարեւ։ Ինչպես ես։", 2),
        ("ሰላም። እንዴት ነህ፧", 2),
        ("", 0),
        ("...", 1),
    ],
)
def test_each_script_ends_its_sentences(text: str, count: int) -> None:
    """A stop, an abbreviation, a number and a quotation are told apart as the script has them."""
    assert len(sentences(text)) == count


def test_markdown_is_not_prose() -> None:
    """Marks of lists, headings and quotations are no words; tables and code are no sentences; a cut line is one line."""
    assert sentences(MARKDOWN) == [
        "Oiling a chain", "Wipe it off.", "Then oil it.", "Ride on", "A worn chain ruins the cassette.", "It breaks.",
    ]  # fmt: skip
    assert lines(MARKDOWN, headings=False)[0] == "Wipe it off. Then oil it."


@pytest.mark.parametrize("text", ["a\n```\nb\n```\nc", "a\n~~~~\nb\n```\n~~~~\nc", "a\n> ```\n> b\n> ```\nc"])
def test_code_is_left_out(text: str) -> None:
    """A fence is closed by its own kind only."""
    assert without_code(text).split() == ["a", "c"]


def test_a_fence_never_closed_holds_the_rest() -> None:
    """So says CommonMark, and a page that was cut has such."""
    assert without_code("a\n```\nb\nc").split() == ["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The chain's “links”, 12 of_them!", ["the", "chain", "s", "links", "12", "of", "them"]),
        ("Straße – Öl\u00adfilm «ÉTÉ»", ["strasse", "ölfilm", "été"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("磨损的链条 USB 3", ["磨", "损", "的", "链", "条", "usb", "3"]),
        ("自転車のチェーンを掃除", ["自", "転", "車", "の", "チェーン", "を", "掃", "除"]),
        ("자전거 체인", ["자전거", "체인"]),
        ("ไปตลาด", ["ไป", "ต", "ลา", "ด"]),
        ("می‌رود", ["می‌رود"]),
        ("| a | --- |", ["a"]),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    """Words where blanks part words; characters, runs and letters with their signs where they do not."""
    assert terms(text) == expected


# What is a term is told by two means, one of them for Latin, Greek and Cyrillic alone; signs (², ×) are not alike to both.
@given(st.one_of(st.text(st.characters(max_codepoint=0x4FF), max_size=200),
                 st.text(st.characters(exclude_categories=[]), max_size=200).map("漢\n{}".format)))  # fmt: skip
def test_no_text_breaks_the_splitter(text: str) -> None:
    """Any text, lone surrogates too, has sentences, and they hold its terms in its order."""
    split, han = sentences(text), "漢" in text
    assert all(sentence.strip() for sentence in split)
    alone = [len(terms(f"{sentence} 漢")) - 1 if han else len(terms(sentence)) for sentence in split]
    assert [len(found) for found in terms_of_sentences(text)] == alone or not split


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("A worn chain breaks.", True),
        ("He said: “a worn chain breaks.”", True),
        ("磨损的链条会断裂。", True),
        ("A worn chain breaks", False),
        ("It breaks.", False),
        ("", False),
    ],
)
def test_a_full_sentence(text: str, full: bool) -> None:
    """It has a stop at its end, also inside quotation marks, and four terms."""
    assert is_full(text) is full


@given(
    st.lists(st.sampled_from([MARKDOWN, "One. Two!", "so it\nwent on", "\n", "# A", "他说。然后", "ฉัน ไป"]), max_size=5).map(
        "\n".join
    )
)
def test_each_sentence_stands_where_it_is_said_to(text: str) -> None:
    """A sentence that is looked for from the beginning is found in another that holds it, or not at all."""
    found = spans(text)
    assert [" ".join(text[begin:end].split()) for begin, end in found] == [
        " ".join(each.split()) for each in sentences(text)
    ]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(found))
