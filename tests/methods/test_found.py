"""Headings that are questions, as people type them."""

from typing import Any

import pytest
from made import rows_in

from humpback.methods import found
from humpback.methods.found import FoundConfig, Settings, question
from humpback.run import Run
from humpback.schema import SEGMENT, Row
from humpback.stage import Drop

OWN = FoundConfig()
TEXT = "Put two drops of oil on each link of the chain, turn the pedals, and wipe off what stands on the outside."


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("How do I oil a chain?", "How do I oil a chain?"), ("Step #4: How long should I wait?", "How long should I wait?"),
        ("QUESTION 2: Where do I begin?", "Where do I begin?"), ("Q: Where do I begin?", "Where do I begin?"),
        ("Q3. Where do I begin?", "Where do I begin?"), ("12) Where do I begin?", "Where do I begin?"),
        ("🍞 Struggling with sourdough?", "Struggling with sourdough?"), ("- Is it  safe\nto eat? ", "Is it safe to eat?"),
        ("How to oil a chain", "How to oil a chain"), ("¿Cómo se engrasa la cadena?", "¿Cómo se engrasa la cadena?"),
        ("自転車のチェーンに油を差すには？", "自転車のチェーンに油を差すには？"), ("كيف أزيت السلسلة؟", "كيف أزيت السلسلة؟"),
        ("“How do I oil it?” (FAQ)", ""), ("Oiling a chain", ""), ("However to you", ""), ("2 Mayo?", ""),
        ("3.5 mm or 4 mm, which is better?", "3.5 mm or 4 mm, which is better?"), ("Why?", ""),
        ("No entry, or is there one?", "No entry, or is there one?"),
        *((each, each) for each in (
            "24 hours: is that enough time?", "Part-time jobs: how many hours are allowed?",
            "Q-tips: are they safe for ears?",
            "No-knead bread: does it work?", "Step-by-step: how is it done?", "No. 10 Downing Street: who lives there?",
            "911: What is your emergency?", "$1,000 a month: is that enough?", "€5 or £5, which is more?",
            "-40 degrees: is that cold enough?", ".NET Core: what is it for?", "Τι είναι αυτό το πράγμα;", "ይህ ምንድን ነው፧",
            "Ի՞նչ է սա հիմա",
        )),
        ("[Solved] How do I fix error 5?", "How do I fix error 5?"), ("No. 3: How do I begin?", "How do I begin?"),
        ("Is this it; or not", ""), ("what " + 9999 * "?" + "a", ""),
    ],
)  # fmt: skip
def test_what_asks(heading: str, text: str) -> None:
    """Numbers and labels are no part of the question, and figures in it are."""
    got, fault = question([heading], OWN)
    assert (got if not fault else "") == text


def test_how_to_may_be_left_out() -> None:
    assert question(["How to oil a chain"], FoundConfig(how_to=False))[1] == "no_question"


TOPICS = [
    ("pronoun", "How does it work?", "Gas boilers: How does it work?"),
    ("pronoun", "What is luring and how do I use it?", "What is luring and how do I use it?"),
    ("always", "What is luring?", "Gas boilers: What is luring?"), ("never", "How does it work?", "How does it work?"),
]  # fmt: skip


@pytest.mark.parametrize(("topic", "heading", "text"), TOPICS)
def test_what_it_is_about_goes_before_it(topic: Any, heading: str, text: str) -> None:
    """ "How does it work?" alone is anybody's question; a question above is no topic."""
    assert question(["Home", "Gas boilers:", heading], FoundConfig(topic=topic))[0] == text
    assert question(["What is gas?", heading], FoundConfig(topic="pronoun"))[0] == heading


def segment(number: int, *path: str, text: str = TEXT) -> Row:
    return {"id": f"s{number}", "parent": "doc", "header_path": list(path), "text": text, "url": "https://a.example/x",
            "lang": "en", "license": "CC-BY-4.0"}  # fmt: skip


def test_every_segment_is_told_of() -> None:
    """Read = kept + dropped, with the page's rights beside what is kept."""
    rows = [segment(0, "Bicycles", "How do I oil a chain?"), segment(1, "Bicycles"), segment(2), segment(3, " ")]
    made = list(found.asked(OWN, rows))
    assert [each.reason if isinstance(each, Drop) else "" for each in made] == [
        "",
        "no_question",
        "no_heading",
        "no_heading",
    ]
    [pair] = [each for each in made if isinstance(each, dict)]
    assert (pair["instruction"], pair["response"], pair["parent"]) == ("How do I oil a chain?", TEXT, "s0")
    assert (pair["source"], pair["license"], pair["lang"]) == ("found", "CC-BY-4.0", "en")


def test_guards_take_them_for_what_people_wrote(run: Run) -> None:
    """A person may ask at length and echo the answer's words; what fits any text falls all the same."""
    words = " ".join(f"the {n}th time that it rained in {1900 + n}," for n in range(1, 40))
    long = f"How do I oil a chain after {words} so that it runs again?"
    rows = [segment(0, long), segment(1, "What is this article about?"), segment(2, "Why?")]
    made = found.pairs(run, rows_in(run, rows, SEGMENT, "segments"), Settings())
    assert [row["parent"] for row in made.rows()] == ["s0"]
    assert made.totals.drops == {"generic_question": 1}


def test_an_answer_of_a_thread_has_its_question() -> None:
    """Whoever opens a thread asks, without a question mark too; what the first post says belongs to it."""
    asked = "Hives in the shade\n\nMy two hives fly late, and I would move them."
    row = {"id": "1", "header_path": ["Bee talk", "Hives in the shade"], "text": TEXT, "question": asked}
    [pair] = found.asked(OWN, [row])
    assert isinstance(pair, dict)
    assert (pair["instruction"], pair["response"]) == (asked, TEXT)
