"""Lines inside a text that are no part of it: credits, dates, calls; and sentences that only begin like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.corpus.cutting.asides import is_call, leave_out_asides
from humpback.corpus.cutting.page import Block, Event, Heading

END = "The chain is oiled again before the next ride in the rain, which takes a minute, and wiped with a dry rag."


def fate(text: str, link_chars: int = 0, list_id: int | None = None) -> str:
    """What becomes of a line in the midst of a text."""
    block = Block(text, list_id, link_chars=link_chars)
    leave_out_asides([Heading("A", 1), block, Block(END)])
    return block.fate


def ends(*lines: Event) -> list[str]:
    """What is left of a text that ends with `lines`."""
    return [event.text for event in leave_out_asides([Heading("A", 1), Block(END), *lines])][2:]


@pytest.mark.parametrize(
    "line",
    [
        "Photo: A. Nonymous",
        "Image credit: A. Nonymous",
        "Picture by: A.",
        "© Photo: dpa",
        "Source: own research",
        "Credits: A.",
        "Foto: dpa",
        "Bildnachweis: A. Nonym",
        "Quelle: dpa",
        "Titelbild: A.",
        "Crédit photo : A.",
        "Fuente: EFE",
        "Fonte: ANSA",
        "Źródło: PAP",
        "Zdjęcia: A.",
        "Bron: ANP",
        "Källa: TT",
        "This entry was posted in Bicycles by A.",
        "Posted on 5 May 2024",
        "Filed under bicycles",
        "Published in May 2024",
        "Last updated 5 May 2024.",
        "Tagged with bicycle",
        "Category: Bicycles",
        "Tags: chain, oil",
        "Kategorien: Fahrrad",
        "Schlagwörter: Kette",
        "Themen: Fahrrad",
        "Stand: 12.05.2024",
        "Stand 12.05.2024",
        "Veröffentlicht am 5. Mai 2024",
        "Dieser Beitrag wurde am 5. Mai geschrieben",
        "Zuletzt aktualisiert am 5. Mai",
        "Lesezeit: 5 Minuten",
        "Reading time: 5 minutes",
        "Publié le 5 mai 2024",
        "Publicado el 5 de mayo",
        "Pubblicato il 5 maggio",
        "Opublikowano 5 maja",
    ],
)
def test_credits_and_dates(line: str) -> None:
    """What a page says of itself and of its pictures, in the languages of most pages."""
    assert fate(line) == "a credit or date line"


@pytest.mark.parametrize(
    "line",
    [
        "Stand with your feet apart and breathe.",
        "Category theory is a branch of mathematics.",
        "Tags are ignored by the parser.",
        "Topics in algebra are treated next.",
        "Sources of iron are beans and nuts.",
        "Text is read from left to right.",
        "Images take the most space.",
        "Themen wie dieses sind selten.",
        "Standard parts fit all wheels.",
        "Photography is an art.",
        "Author and reader meet in the text.",
        "Photos taken at night need a tripod.",
        "Quellen finden sich im Anhang des Buchs.",
        "Bilder hängen an der Wand.",
        "Editors correct the text.",
    ],
)
def test_sentences_that_begin_like_credits(line: str) -> None:
    """ "Stand: May" is a date, "Stand up straight" an instruction: it was left out."""
    assert fate(line) == ""


@pytest.mark.parametrize(
    "line",
    [
        "Read more: The best chains",
        "Read also",
        "See also:",
        "Subscribe to our newsletter!",
        "Follow us",
        "Click here!",
        "More information",
        "Find out more",
        "Support us",
        "Lesen Sie auch: Die besten Ketten",
        "Mehr zum Thema",
        "Weitere Informationen:",
        "Jetzt abonnieren!",
        "Zurück zur Übersicht",
        "Das könnte Sie auch interessieren",
        "Anzeige",
        "À lire aussi : les chaînes",
        "Voir aussi",
        "Suivez-nous",
        "Lea también:",
        "Te puede interesar",
        "Síguenos",
        "Leggi anche:",
        "Seguici",
        "Leia também",
        "Czytaj także:",
        "Zobacz też",
        "Lees ook:",
        "» Read on",
    ],
)
def test_calls_to_click(line: str) -> None:
    """Short lines that ask for a click, or announce one with their last sign."""
    assert fate(line) in ("a call to click", "a label")
    assert fate(f"{line} {END}", link_chars=10) == "a call to click" or not is_call(line)


@pytest.mark.parametrize(
    "line",
    [
        "Read the instructions before you begin, and keep them near you while you work.",
        "Download speeds are given in megabits, and upload speeds are a tenth of them in most places.",
        "Get the chain wet first and then rub it with the rag until no dirt is left on it at all.",
        "Buying is not what this text is about.",
        "Seeing is believing.",
        "Relatedness is hard to measure.",
        "Alsoran is no word.",
    ],
)
def test_sentences_that_begin_like_calls(line: str) -> None:
    """A call is short, or holds a link, or ends in a colon; words are whole."""
    assert fate(line) == ""


def test_a_step_that_begins_like_a_call() -> None:
    """ "Download the file" in a list is the first step of an instruction; with a link it may well be a call."""
    assert fate("- Download the installer", list_id=1) == ""
    assert fate("1. Sign up", list_id=1) == ""
    assert fate("- Download the installer", 9, list_id=1) == "a call to click"


@pytest.mark.parametrize(
    "text", ["```\nsource: x\n```", "```\ndownload(url)\n```", "| Tags: | x |\n| --- | --- |", "| Source: |\n| --- |"]
)
def test_code_and_tables_are_no_asides(text: str) -> None:
    """Code and tables begin with any word: two lines of YAML were taken for a credit."""
    assert fate(text) == ""


@pytest.mark.parametrize(
    "line",
    [
        "Follow the channel on YouTube.",
        "Join 300 others in the Facebook group",
        "Abonniert den Kanal bei Telegram",
        "On Twitter you can follow A.",
    ],
)
def test_calls_to_follow(line: str) -> None:
    """A network and a word for joining it, whatever the order."""
    assert fate(line) in ("a call to follow", "a call to click")


def test_a_sentence_about_a_network_stays() -> None:
    """Twitter is in the news too."""
    assert fate("Twitter was sold in 2022 for 44 billion dollars, which many thought was too much.") == ""


@pytest.mark.parametrize(("link_chars", "expected"), [(9, ""), (40, "a pointer elsewhere")])
def test_short_lines_of_links(link_chars: int, expected: str) -> None:
    """ "More at example.org" is a pointer, a sentence with one linked word is not; in a list it may be what is listed."""
    text = "All of it is told in the guide that stands here."
    assert fate(text, link_chars) == expected
    assert fate(f"- {text}", link_chars, list_id=1) == ""


@pytest.mark.parametrize(
    ("line", "label"),
    [("Leave a comment", True), ("関連記事", True), ("Comments (3)", True), ("Comments help readers.", False)],
)
def test_labels_of_what_was_left_out(line: str, label: bool) -> None:
    """Bare lines of navigation, in any language that the headings are read in."""
    assert (fate(line) == "a label") is label


def test_what_has_a_fate_keeps_it() -> None:
    """The first reason is the one that counts."""
    block = Block("Foto: dpa", fate="furniture: sidebar")
    assert leave_out_asides([block]) == []
    assert block.fate == "furniture: sidebar"


@pytest.mark.parametrize(
    "line",
    ["Your A. Nonymous", "Yours, the editors", "And now: have fun with it", "We are on holiday; the newsletter pauses."],
)
def test_loose_ends(line: str) -> None:
    """Greetings, signatures and last calls at the end of a page."""
    assert ends(Block("He rides again."), Block(line), Block("Yours"))[:1] == ["He rides again."]


@pytest.mark.parametrize(
    "event",
    [
        Block("He rides again."),
        Block("Does he ride again?"),
        Block("He said “no”"),
        Block("他又骑车了。"),
        Block("वह फिर सवार हुआ।"),
        Block("- a last item", 1),
        Block("| a | b |\n| --- | --- |"),
        Block("```\nx\n```"),
        Block("> a quote"),
        Block(": a definition"),
        Block("A paragraph as long as this one is no greeting, even where it lacks its stop " * 3),
        Heading("A last heading", 2),
    ],
)
def test_ends_that_are_none(event: Event) -> None:
    """Sentences, lists, tables, code and quotes end a text as they are."""
    assert ends(event) == [event.text]


def test_verse_is_no_row_of_loose_ends() -> None:
    """A poem has no stops: line by line it was eaten from its end. So was Thai, which knows none."""
    poem = ["The woods are lovely, dark and deep", "But I have promises to keep", "And miles to go before I sleep"]
    events: list[Event] = [Heading("A", 1), *map(Block, poem)]
    assert [event.text for event in leave_out_asides(events)] == ["A", *poem]


@given(st.lists(st.tuples(st.sampled_from(["Read more", "Foto: x", "x", "x.", "- x", "", "  "]), st.integers(0, 20))))
def test_lines_stay_or_have_a_fate(lines: list[tuple[str, int]]) -> None:
    """Nothing is lost in silence, and what stays keeps its order."""
    events: list[Event] = [Block(text, link_chars=links) for text, links in lines]
    assert leave_out_asides(events) == [event for event in events if not event.fate]


@pytest.mark.parametrize(
    ("heading", "call"),
    [
        ("Was this page helpful?", True), ("Did this answer your question?", True), ("War der Artikel nützlich?", True),
        ("Möchten Sie den Artikel teilen?", True), ("Hat Ihnen dieser Beitrag gefallen?", True), ("¿Te ha sido útil?", True),
        ("Was this the first hive in Europe?", False), ("War der Artikel 48 eine Falle?", False), ("Is this a rose?", False),
    ],
)  # fmt: skip
def test_what_a_page_asks_its_reader_about_itself(heading: str, call: bool) -> None:
    """Such a question heads no answer; a question of the page's own does."""
    assert is_call(heading) is call
