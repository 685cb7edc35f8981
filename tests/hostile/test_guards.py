"""Instructions and answers made to keep a guard busy: each must take time in proportion to its length."""

import time

import pytest

from humpback.guards.checks import GUARDS, GuardConfig, fault
from humpback.guards.pair import PairTexts

LENGTH = 200_000  # bytes
SECONDS = 0.5
UNITS = [
    "x", "word ", "a b ", '"', "'", "`", "```\n", "<|", "<|a", "[inst", "###", "\u200b", "\u200d\ufe0f", "\u0301", "😀", "é",
    "ß", "汉", "か", "ก", "한", "а", "ийск", "\u202e", "\ufdfa", "\x00", "\n", " \n", ".", "?", "!", ":", ": ", "1 ", "1!",
    "1 - ", "- ",
    "the text ", "this text ", "the following ", "the instruction ", "the user ", "here is the ", "i cannot ", "sorry ",
    "summarize ", "summarize the ", "translate ", "okay, ", "the ", "is. ", "It is. ", "write an ", "assistant: ", "user: ",
    "a@", "1.1.", "+49 30 ", "instruction that ", "which question does ", "of the text", "what is the ", "\t",
    "\u3000", "。",
]  # fmt: skip
ANSWERS = ["word " * (LENGTH // 5), "Ring the bell twice, and wait for the answer of the house."]


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    """The language model and the prompts are loaded once, and not on the clock."""
    fault(
        {"instruction": "Wie reinige ich die Kette?" * 2, "response": "Clean the chain and oil it." * 2, "lang": "en"},
        GuardConfig(),
    )


@pytest.mark.parametrize("unit", UNITS)
def test_much_instruction(unit: str) -> None:
    """All guards together, none of them cut short by one before it."""
    text = unit * (LENGTH // len(unit.encode()))
    for response in (ANSWERS[1], text):
        pair = PairTexts({"instruction": text, "response": response, "lang": "de", "finish": None})
        start = time.process_time()
        for guard in GUARDS:
            guard(pair, GuardConfig())
        assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "instruction", ["How do I ring the bell of the house on the hill?", "word " * 50, "the text above " * 9]
)
@pytest.mark.parametrize("response", ANSWERS)
def test_much_answer(instruction: str, response: str) -> None:
    """A long answer is cut into words once."""
    start = time.process_time()
    fault({"instruction": instruction, "response": response, "lang": "en"}, GuardConfig())
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("text", ["\ud800 say it", "\ud800" * 99, "", "\x00" * 99, "😀" * 99, "\udfff\n" * 30])
@pytest.mark.parametrize("lang", [None, "en", "und"])
def test_odd_characters(text: str, lang: str | None) -> None:
    """Halves of characters, nothing, and signs without a word: each guard measures them without an exception."""
    for instruction, response in (
        (text, "An answer that is long enough."),
        ("What does it say, all in all?", text),
        (text, text),
    ):
        for guard in GUARDS:
            guard(PairTexts({"instruction": instruction, "response": response, "lang": lang}), GuardConfig())
