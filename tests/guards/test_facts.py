"""What a rewrite states that its source does not."""

import json
import random
import re
import time

import pytest

from humpback.guards.facts import added, small_words
from humpback.recipes.demo import MATERIAL
from humpback.text.sentences import spans

SOURCE = (
    "In 1998 the city of Lyon built a bridge 250 m long, for 2.5 million euros. It took twenty-five months, from 8:30 to 5 "
    'each day, and 1,000 bolts. Water boils at 100 °C. People call it "the old river bridge". Marie Rey led it, of Germany. '
    "Run `git status` first, or see https://a.example/b. Half of it, 50 %, is ½ done."
)


def kinds(text: str, source: str = SOURCE, lang: str | None = "en") -> list[tuple[str, str]]:
    return [(fact.kind, fact.text) for fact in added(text, [source], lang)]


@pytest.mark.parametrize("text", [
    "The 250-metre bridge in Lyon cost 2,500,000 euros and took 25 months, with a thousand bolts.",
    "It took 25 months (two years and one month).", "Marie, a German engineer, led the work from 1998 on.",
    "## What Was Built In Lyon\n\n1. **Cost**: 2.5 million euros\n2) Step 3: Look at it.\n- Bolts: 1000",
    "Use `git status`. Look at “the old river bridge”: it's \"nice\". Lyon's people like it. You'll see. I'm sure.",
    "Half of it is done, 50 percent. Open from 8:30. Heat it to 100 degrees. Built in the 1998s.",
    "Well-known, long-term, step-by-step: a bridge. A river. E.g. Lyon. Do NOT run. (Note: it holds.) Say “Hello”.",
])  # fmt: skip
def test_what_the_source_says_may_be_said_otherwise(text: str) -> None:
    """A guard that rejects every other spelling rejects every rewrite."""
    assert kinds(text) == []


@pytest.mark.parametrize(("text", "fact"), [
    ("It opened in 1999.", ("number", "1999")), ("It has thirty lamps.", ("number", "30")),
    ("It took 2.5 months.", ("number", "2.5")), ("It is 250 km long.", ("unit", "250 km")),
    ("It cost $250.", ("unit", "250 $")), ("From 8:45 on.", ("number", "8:45")), ("It is 1/3 done.", ("number", "1/3")),
    ("Einstein led it.", ("name", "Einstein")), ("It is near Berlin.", ("name", "Berlin")),
    ("As NASA said, it holds.", ("name", "NASA")), ("Use GitHub.", ("name", "GitHub")),
    ('They say "the finest bridge of all".', ("quotation", "the finest bridge of all")),
    ("Run `git push`.", ("code", "git push")), ("```\ngit status\ngit push\n```", ("code", "git push")),
    ("See https://b.example/c.", ("address", "https://b.example/c")),
    ("Write to me@b.example.", ("address", "me@b.example")), ("See www.made-up.com.", ("address", "www.made-up.com")),
    ("Run `tat`.", ("code", "tat")), ("| Who | What |\n| --- | --- |\n| Curie | bridge |", ("name", "Curie")),
    ("```git push``` is what to run.", ("code", "git push")),
])  # fmt: skip
def test_what_it_does_not_say_is_found(text: str, fact: tuple[str, str]) -> None:
    """A number or a name that the page has not is what people take from an answer, and what is made up."""
    assert fact in kinds(text)


@pytest.mark.parametrize(("text", "source", "same"), [
    ("30 billion", "30,000,000,000", True), ("1,200 million", "1.2 billion", True),
    ("Take 3 cups, 10 times.", "30 billion", False),
    ("$1,299", "$1,299.00", True), ("1,000.50", "1000.5", True), ("$5", "$5,000", False), ("1.000", "1000", True),
    ("There are 3 steps.", "1. a\n2. b\n3. c", True), ("It lasts 12 days.", "On day 12 it ends.", True),
    ("Third, wipe it.", "Step 3: wipe it", True), ("First, a. Second, b. (1) c (2) d", "a b c d", True),
    ("Repeat on day 21.", "day 14", False), ("a phase 3 trial", "phase 2", False), ("2 apples", "two apples", True),
    ("1½ hours", "1.5 hours, 1 1/2", True), ("In 2010, 250 people", "In 2010 250 people", True),
    ("1.000 million", "1,000,000,000", True), ("1.000,5 thousand", "1,000,500", True),
    ("٣ cups", "3 cups", True),
    ("٤ cups", "3 cups", False), ("8 per day", "8 cups each day", True), ("5 €", "5 km", False),
    ("5 mcg", "5 mg", False), ("10²", "10", True),
])  # fmt: skip
def test_numbers_by_their_values(text: str, source: str, same: bool) -> None:
    """Figures have many spellings, and a guard that reads one of them wrongly lets through what it should not."""
    assert (not [each for each in kinds(text, source) if each != ("number", "2")]) is same


@pytest.mark.parametrize("text", ["„a " * 16000, "“a " * 16000, "1." * 16000, "a." * 16000, "`" * 16000, "*" * 20000,
                                  "three hundred " * 3000, "1 000" * 5000, "Aaa " * 8000, "| A |\n" * 5000])  # fmt: skip
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    """Seconds for a page are hours for an archive."""
    begun = time.process_time()
    list(added(text, ["a"], "en"))
    assert time.process_time() - begun < 2.0


def test_no_text_stops_a_run() -> None:
    """ "1.000 million" has two readings, and digits are not those of ASCII alone: each ended the run that met it."""
    parts = (
        "1.000 1.000,5 1,000,5 3 .9 1/2 ½ million thousand tausend mille 8:30 € % km ` ``` ~~~ | “ „ L'Italie ² ٣ ३ 007 ("
    )
    draw = random.Random(3)
    for _ in range(3000):
        text, source = (" ".join(draw.choices(parts.split(), k=9)) for _ in range(2))
        for lang in ("en", "de", "fr", "ja", None):
            list(added(text, [source], lang))


def test_other_languages() -> None:
    """German nouns have capitals throughout; numbers are spelt out in every language."""
    assert kinds("Die Brücke hat fünfundzwanzig Bögen.", "25 Bögen hat sie.", "de") == []
    assert kinds("Die Brücke hat 26 Bögen.", "Fünfundzwanzig Bögen hat sie.", "de") == [("number", "26")]
    assert kinds("Le pont a vingt-cinq arches.", "Il a 25 arches.", "fr") == []
    assert kinds("L'Italie est belle. D'Italie.", "en Italie", "fr") == [] and kinds("È bello.", "bello", "it") == []
    assert kinds("橋は1999年に開通した。", "橋は1998年に開通した。", "ja") == [("number", "1999")]
    assert kinds("Мост построил Иван Петров.", "Мост построили давно.", "ru") == [("name", "Иван"), ("name", "Петров")]


NAMES = (
    "According to {}, this is so.", "{} was the first to say so.", "It is made in {} as well.",
    "This is why {} recommends it.",
    "- {}: a good choice", "Ask {}'s office about it.", "People in {} do the same (so they say).", "**{}** agrees.",
)  # fmt: skip
NUMBERS = (
    "About {} of them fail.", "It takes {} minutes.", "This has been so since {}.", "{} people asked for it.",
    "It costs ${}.",
    "Use {} g of it, no more.", "- {} times a day", "Only {} % of readers know it.",
)  # fmt: skip
MADE_UP = "Fleming Kowalski Toyota Lisbon Pfizer Nakamura Reuters Oxford Zürich Siemens Beethoven Nairobi".split()


def test_of_a_hundred_planted_facts_nearly_all_are_found_and_of_the_sources_own_none() -> None:
    """The aim is 95; what is taken from the source, its sentences in another order and some left out, must pass."""
    rows = [json.loads(line) for line in (MATERIAL / "seed.jsonl").read_text("utf-8").splitlines()][:100]
    draw, caught, alarms = random.Random(5), 0, []
    for i, row in enumerate(rows):
        source = row["response"]
        sentences = [source[begin:end] for begin, end in spans(source)]
        kept = " ".join(draw.sample(sentences, max(1, 2 * len(sentences) // 3)))
        alarms += list(added(kept, [source, row["instruction"]], "en"))
        if i % 2:
            unused = [n for n in (draw.randint(13, 2030) for _ in range(50)) if str(n) not in re.sub(r"[.,]", "", source)]
            planted = draw.choice(NUMBERS).format(unused[0])
        else:
            planted = draw.choice(NAMES).format(draw.choice([name for name in MADE_UP if name not in source]))
        caught += any(True for _ in added(f"{kept}\n\n{planted}", [source, row["instruction"]], "en"))
    assert caught >= 98 and len(alarms) <= 5, (caught, alarms)


def test_small_words_are_no_names() -> None:
    """The list is what tells "Melt the butter" from "Marie melts the butter"."""
    words = small_words()
    assert {"melt", "stir", "whether", "remember"} <= words and not {"paris", "google", "einstein", "monday", "i"} & words


@pytest.mark.parametrize("text", ["Hooking it up takes a day.", "Baking helps.", "Running ends it.", "Bulkier ones last."])
def test_words_made_of_small_ones_are_no_names(text: str) -> None:
    """Three of twenty faithful rewrites began a sentence with a word that the list has not."""
    assert not kinds(text)
