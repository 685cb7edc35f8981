"""Requests that a model knows by heart, written where its text is about something else."""

from pathlib import Path
from typing import Any

import pytest
from made import rows_in

from humpback.guards.seed_requests import SeedRequestsConfig, no_seed_requests, stems
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.stage import Drop

BEES = "Suggest ways to help wild bees on a small balcony."
POTS = "Fill a few deep pots with lavender, thyme and late asters, so that a wild bee finds flowers from March to October."
BALCONY = f"Even a balcony of two square metres helps. {POTS} Leave hollow stems for the nests, and use no sprays."
GUITAR = "Tune the lowest string first, and compare each with the next at the fifth fret. New strings stretch for days."
# 请提出在小阳台上帮助野生蜜蜂的方法: the same request; a text about it, and one about a guitar.
ZH = "请提出在小阳台上帮助野生蜜蜂的方法。"
ZH_BALCONY = "在阳台上放几个深花盆，种上薰衣草和百里香，从春天到秋天都有花，就能帮助野生蜜蜂。最好的方法是不打农药。"
ZH_GUITAR = (
    "先调最低的一根弦，再在第五品的位置上和下一根弦比较。新的弦在开头几天里会变长，所以小的偏差是正常的，请再调一次。"
)


def seed_rows() -> list[Row]:
    """The request among others, some worded alike."""
    asked = [BEES, ZH, "Suggest a name for a small cafe.", "What are good ways to help a shy child?", "Tell me a joke.",
             "如何给一台小电脑提出维修的方法？"]  # fmt: skip
    splits = ["train", "train", "dev", "test", "train", "train"]
    return [
        {"id": f"seed-{i}", "parent": "f", "instruction": each, "response": "Yes.", "source": "seed", "split": split}
        for i, (each, split) in enumerate(zip(asked, splits, strict=True))
    ]


@pytest.fixture
def seed(run: Run) -> Path:
    return rows_in(run, seed_rows(), PAIR, "seed").path


def outcome(seed: Path, instruction: str, response: str, method: str | None = "backtranslate") -> Any:
    row = {"id": "a", "parent": "t", "instruction": instruction, "response": response, "method": method}
    [found] = no_seed_requests(SeedRequestsConfig(seed=seed), [row])
    return (found.reason, found.value) if isinstance(found, Drop) else None


@pytest.mark.parametrize(
    ("instruction", "response", "dropped"),
    [
        (BEES, GUITAR, True),
        ("suggest  ways to HELP wild bees\non a small balcony", GUITAR, True),
        (BEES.replace("small", "sunny"), GUITAR, True),
        (BEES.replace("Suggest", "List").replace("small", "sunny"), GUITAR, False),
        (BEES, BALCONY, False),
        (BEES, POTS, False),
        (BEES.replace("wild bees", "guitarists"), GUITAR, False),
        ("How do I tune a guitar?", GUITAR, False),
        ("What are good ways to help a shy child?", GUITAR, True),
        (ZH, ZH_GUITAR, True),
        (ZH.replace("小阳", "阳").replace("。", "！"), ZH_GUITAR, True),
        (ZH, ZH_BALCONY, False),
        (ZH, GUITAR, True),
    ],
    ids=["equal", "blanks and capitals", "one word of ten", "two words of ten", "its own topic", "some of its terms",
         "another topic in its words", "another request", "one of the split test", "Chinese", "Chinese, a character less",
         "Chinese, its own topic", "another language"],
)  # fmt: skip
def test_a_request_of_the_seed_needs_the_consent_of_the_text(
    seed: Path, instruction: str, response: str, dropped: bool
) -> None:
    """Of forty texts four were given the one request for a balcony's bees that a model of 270 million weights had learnt."""
    found = outcome(seed, instruction, response)
    assert (found is not None) == dropped
    if found:
        reason, value = found
        asked = {f"{row['id']}: {row['instruction']}" for row in seed_rows()}
        assert reason == "seed_request" and value in asked


def test_people_may_ask_what_the_seed_asks(seed: Path) -> None:
    """A pair of a file of pairs is no echo of a model, whatever it answers."""
    assert outcome(seed, BEES, GUITAR, None) is None


def test_a_request_of_words_that_all_have_asks_nothing_of_its_text(run: Run) -> None:
    """Where each request is "Write a poem.", no poem would do."""
    same = [{**row, "instruction": "Write a poem."} for row in seed_rows()]
    assert outcome(rows_in(run, same, PAIR, "seed").path, "Write a poem", GUITAR) is None


def test_words_stand_without_their_endings_and_characters_with_their_neighbours() -> None:
    """ "bee" is no term of "bees", and a long Chinese text holds most characters there are."""
    assert stems("Gardens and gardening") == {"garde", "and"}
    assert stems("野生蜜蜂 in 阳台") == {"野生", "生蜜", "蜜蜂", "in", "阳台"}
    assert stems("") == set()
