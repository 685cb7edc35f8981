"""The guards: each fires on its fault, nearly fires on what is sound, and hardly ever on what people wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from humpback.corpus.language import identify
from humpback.curate.guards import GUARDS, LEAKS, GuardConfig, copied_share, fault
from humpback.schema import Row

ANSWER = (
    "Clean the chain with a stiff brush and warm soapy water, dry it with an old rag, and put one drop of oil on each "
    "roller. Wipe off what is left, since dust clings to oil, and listen for a faint clicking when you ride around it."
)
RUN = ANSWER.split(",")[0]  # twelve words in a row


def row(instruction: str, **more: Any) -> Row:
    return {"instruction": instruction, "response": ANSWER, "finish": "stop", "lang": "en", **more}


def reason(instruction: str, config: GuardConfig | None = None, **more: Any) -> str | None:
    found = fault(row(instruction, **more), config or GuardConfig())
    return found[0] if found else None


@pytest.mark.parametrize(
    "instruction", ["How do I clean a bicycle chain?", "Explain chain care to a beginner in a few sentences."]
)
def test_a_sound_instruction_passes(instruction: str) -> None:
    """Guards that drop sound instructions leave nothing to train on."""
    assert reason(instruction) is None


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [("", "empty"), (" \n", "empty"), ("?! 12345 --- ...", "empty"), ("如何清洁自行车链条呢？请说明", None)],
)
def test_empty(instruction: str, expected: str | None) -> None:
    """Nothing, or nothing but signs; other scripts have letters too."""
    assert reason(instruction, lang=None) == expected


@pytest.mark.parametrize(("length", "expected"), [(9, "too_short"), (10, None), (800, None), (801, "too_long")])
def test_length(length: int, expected: str | None) -> None:
    """10 to 800 characters, both included."""
    assert reason("x" * length) == expected


@pytest.mark.parametrize(("finish", "expected"), [("length", "runaway"), ("stop", None), (None, None)])
def test_cut_at_the_limit(finish: str | None, expected: str | None) -> None:
    """A generation without an end token is half an instruction."""
    assert reason("How do I clean a bicycle chain?", finish=finish) == expected


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("Tell me how to clean it. " * 6, "runaway"),
        ("na " * 40, "runaway"),
        ("Is it so? Is it so? Is it?", "runaway"),
        ("Name a red fruit, a red car, a red bird, a red stone, a red star, a red fish and a red coat for me.", None),
    ],
)
def test_loops(instruction: str, expected: str | None) -> None:
    """Small models repeat themselves to the end; an enumeration is no loop."""
    assert reason(instruction, lang=None) == expected


@pytest.mark.parametrize("leak", LEAKS)
def test_talk_about_the_task(leak: str) -> None:
    """Each phrase of the list, in any case: a quarter of a public reproduction's instructions were such."""
    assert reason(f"Please say {leak.upper()} once more") == "leaked_prompt"


def test_words_of_the_prompt_itself() -> None:
    """Seven words in a row from our own backward prompt are leaked, six are not."""
    words = "Whoever reads it will not see the chain".split()
    assert reason(" ".join(words[:7])) == "leaked_prompt"
    assert reason(" ".join(["Say", *words[:6]])) is None


@pytest.mark.parametrize(("own", "expected"), [(0, "copied_answer"), (20, "copied_answer"), (40, None)])
def test_copied_answers(own: int, expected: str | None) -> None:
    """Three words in ten from the answer are a copy: twelve of 32 fall, twelve of 52 stay."""
    assert reason(RUN + " " + " ".join(f"word{i}" for i in range(own)), lang=None) == expected


@pytest.mark.parametrize(
    ("instruction", "share"),
    [
        ("", 0.0),
        ("clean the chain with a stiff brush", 0.0),
        ("clean the chain with a stiff brush and", 1.0),
        ("CLEAN the chain, with a stiff brush - and!", 1.0),
        ("one two clean the chain with a stiff brush and", 0.8),
    ],
)
def test_share_that_is_copied(instruction: str, share: float) -> None:
    """Runs of eight words count and seven do not: short phrases are shared by all texts on one thing."""
    assert copied_share(instruction, ANSWER) == pytest.approx(share)


@pytest.mark.parametrize(
    ("instruction", "lang", "expected"),
    [
        ("Wie reinige ich die Kette meines Fahrrads am besten?", "en", "wrong_language"),
        ("Wie reinige ich die Kette meines Fahrrads am besten?", "de", None),
        ("Wie reinige ich die Kette meines Fahrrads am besten?", None, None),
        ("Fahrrad Kette reinigen", "en", None),
    ],
)
def test_another_language(instruction: str, lang: str | None, expected: str | None) -> None:
    """Question and answer in two languages teach to answer in the wrong one; short ones cannot be told."""
    assert reason(instruction, lang=lang) == expected


def test_the_language_guard_can_be_switched_off() -> None:
    """A corpus of translations has two languages on purpose."""
    config = GuardConfig(same_language=False)
    assert reason("Wie reinige ich die Kette meines Fahrrads am besten?", config) is None


def test_what_was_measured_is_told() -> None:
    """The drop names the phrase, so that a reader can judge the guard."""
    assert fault(row("Say what instruction fits here"), GuardConfig()) == ("leaked_prompt", "what instruction")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def generated(data: Path) -> list[Row]:
    return [
        row(record["generated_instruction"], response=record["lima_completion"], lang=identify(record["lima_completion"])[0])
        for record in lines(data / "guards" / "qwen3_generated_instructions.jsonl")
    ]


def test_leaked_prompts_of_a_public_reproduction(data: Path) -> None:
    """Qwen3-1.7B wrote its own prompt into a quarter of 90 instructions: all that name the task are caught."""
    names = ("backtranslat", "assistant response")
    leaked = [pair for pair in generated(data) if any(name in pair["instruction"].lower() for name in names)]
    caught = [pair for pair in leaked if fault(pair, GuardConfig())]
    assert (len(leaked), len(caught)) == (20, 20)


def test_copies_of_a_public_reproduction(data: Path) -> None:
    """Four in ten copied their answer: all of which half is copied are caught."""
    copies = [pair for pair in generated(data) if copied_share(pair["instruction"], pair["response"]) > 0.5]
    assert len(copies) == 34
    assert [pair["instruction"] for pair in copies if not fault(pair, GuardConfig())] == []


def test_human_questions_pass(data: Path) -> None:
    """At most 3 % of 703 human pairs are flagged for what they say (3.0 % are; length is a bound of its own: 4.7 %)."""
    pairs = [record["conversations"] for record in lines(data / "instructions" / "lima_train.jsonl")]
    config = GuardConfig(max_chars=10**6)
    flagged = [fault(row(pair[0], response=pair[1], finish=None, lang=identify(pair[1])[0]), config) for pair in pairs]
    assert sum(found is not None for found in flagged) <= 0.03 * len(pairs)


@pytest.mark.parametrize(
    "instruction", ["x" * 1_000_000, "word " * 200_000, "\x00" * 1000, "`" * 9999, "\ud800 say it", "😀" * 5000]
)
def test_hostile_instructions(instruction: str) -> None:
    """A model may write anything: each guard measures it without an exception."""
    pair = row(instruction, finish=None)
    assert fault(pair, GuardConfig()) is not None or instruction.endswith("say it")
    for guard in GUARDS:
        guard(pair, GuardConfig())
