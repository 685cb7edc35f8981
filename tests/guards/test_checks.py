"""The guards: each fires on its fault, nearly fires on what is sound, and hardly ever on what people wrote."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from humpback import prompts
from humpback.config import build, planned
from humpback.errors import UsageFault
from humpback.guards.checks import GUARDS, GuardConfig, GuardName, copied_share, fault
from humpback.guards.leaks import prompt_runs
from humpback.schema import Row
from humpback.text.language import identify

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
    "instruction",
    [
        "How do I clean a bicycle chain?",
        "Explain chain care to a beginner in a few sentences.",
        "My chain squeaks. I have oil and a rag.",
        "bicycle chain squeaks after rain",
        "Wie reinige ich eine Kette?",
    ],
)
def test_a_sound_instruction_passes(instruction: str) -> None:
    """Guards that drop sound instructions leave nothing to train on."""
    assert reason(instruction, lang=None) is None


def test_each_guard_has_a_name_that_can_be_switched_off() -> None:
    """A guard that the settings do not know cannot be switched off, and a name without a guard does nothing."""
    assert [guard.__name__ for guard in GUARDS] == sorted(get_args(GuardName), key=[g.__name__ for g in GUARDS].index)
    assert reason("?", GuardConfig(disabled=("empty", "too_short"))) is None
    with pytest.raises(UsageFault, match=r"disabled"):
        build(GuardConfig, [{"disabled": ["emty"]}])


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [("", "empty"), (" \n", "empty"), ("?! 12345 --- ...", "empty"), ("如何清洁自行车链条呢？请说明", None)],
)
def test_empty(instruction: str, expected: str | None) -> None:
    """Nothing, or nothing but signs; other scripts have letters too."""
    assert reason(instruction, lang=None) == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("", "empty_response"),
        ("\u200b \n", "empty_response"),
        ("...", "empty_response"),
        ("7", None),
        ("👍", None),
        ("≥", None),
    ],
)
def test_empty_responses(response: str, expected: str | None) -> None:
    """A pair without an answer teaches silence; a number or an emoji is an answer."""
    assert reason("Which of the numbers is odd?", response=response) == expected


@pytest.mark.parametrize(
    ("instruction", "response", "expected"),
    [
        ("Oil the chain, twice.", "oil the chain twice", "same_as_response"),
        ("怎么清洁自行车的链条？", "怎么清洁自行车的链条", "same_as_response"),
        ("Oil the chain twice.", "Oil the chain once.", None),
    ],
)
def test_the_answer_repeats_the_question(instruction: str, response: str, expected: str | None) -> None:
    """An echo of the instruction is no answer to it."""
    assert reason(instruction, response=response) == expected


@pytest.mark.parametrize(
    ("instruction", "more", "expected"),
    [
        ("x" * 9, {}, "too_short"),
        ("x" * 10, {}, None),
        ("什么是自由", {}, None),
        ("什么是水", {}, "too_short"),
        ("x" * 800, {}, None),
        ("x" * 801, {}, "too_long"),
        ("x" * 801, {"finish": None, "method": "backtranslate"}, "too_long"),
        ("x" * 5000, {"finish": None}, None),
    ],
)
def test_length(instruction: str, more: Row, expected: str | None) -> None:
    """10 to 800 characters, both included; a Chinese question is shorter, and people write long ones with their code."""
    assert reason(instruction, **{"lang": None, **more}) == expected


def test_who_wrote_the_instruction_can_be_said() -> None:
    """A file of generated pairs says nothing of its origin: the user does."""
    assert reason("x" * 801, GuardConfig(generated=True), finish=None) == "too_long"
    assert reason("x" * 801, GuardConfig(generated=False)) is None
    assert reason("x" * 801, GuardConfig(max_chars=None)) is None


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
        ("请说明如何清洁链条。" * 4, "runaway"),
        ("Расскажи о цепи велосипеда. " * 4, "runaway"),
        (" ".join(f"word{i}" for i in range(80)) + " and then the chain" * 4, "runaway"),
        ("Name a red fruit, a red car, a red bird, a red stone, a red star, a red fish and a red coat for me.", None),
        ("How do I get from Rome to Bari by train and how do I get from Bari to Rome by bus?", None),
        ("什么是自行车链条，自行车链条怎么清洗，自行车链条怎么上油？", None),
        ("Sort this list: 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0", None),
        (" ".join(str(i % 2) for i in range(60)) + " - which comes next?", None),
    ],
)
def test_loops(instruction: str, expected: str | None) -> None:
    """Small models repeat themselves to the end; an enumeration is no loop, nor are numbers."""
    found = reason(instruction, lang=None)
    assert found == expected or (expected is None and found != "runaway")


@pytest.mark.parametrize(("own", "expected"), [(0, "copied_answer"), (20, "copied_answer"), (40, None)])
def test_copied_answers(own: int, expected: str | None) -> None:
    """Three words in ten from the answer are a copy: twelve of 32 fall, twelve of 52 stay."""
    assert reason(RUN + " " + " ".join(f"word{i}" for i in range(own)), lang=None) == expected


def test_an_answer_in_chinese_is_copied_too() -> None:
    """Words are not what stands between blanks: a script without blanks had no run of eight."""
    text = "先用硬毛刷和温肥皂水清洁链条，再用旧布擦干，然后在每个滚子上滴一滴油。"
    assert reason("请问：先用硬毛刷和温肥皂水清洁链条，再用旧布擦干", response=text, lang=None) == "copied_answer"
    assert reason("怎样清洁自行车的链条才不会损坏它？", response=text, lang=None) is None


EDIT = "Correct the spelling of the following sentence.\n\n" + RUN.replace("chain", "chian")
ECHO = (
    "What do I have to do to clean the chain with a stiff brush and warm soapy water?",
    "To clean the chain with a stiff brush and warm soapy water, take off the wheel.",
)


@pytest.mark.parametrize(
    ("instruction", "response", "generated", "expected"),
    [
        (EDIT + " today and tomorrow again", ANSWER, None, None),
        (EDIT, RUN + ".", True, "copied_answer"),
        (EDIT, RUN + " and warm soapy water.", False, None),
        ("Write a text about this:\n\n" + RUN, ANSWER, None, "copied_answer"),
        (*ECHO, None, "copied_answer"),
        (*ECHO, True, "copied_answer"),
        (*ECHO, False, None),
        (ECHO[0], "First of all, " * 12 + ECHO[1], False, "copied_answer"),
        (RUN + ".", ANSWER, False, "copied_answer"),
    ],
)
def test_what_people_let_come_back(instruction: str, response: str, generated: bool | None, expected: str | None) -> None:
    """An edited text and an echoed question are sound where people asked; a backward model that copies has failed."""
    config = GuardConfig(generated=generated, disabled=("runaway",))
    assert reason(instruction, config, response=response, finish=None) == expected


@pytest.mark.parametrize(
    ("instruction", "share"),
    [
        ("", 0.0),
        ("clean the chain with a stiff brush", 0.0),
        ("clean the chain with a stiff brush and", 1.0),
        ("CLEAN the chain, with a stiff brush - and!", 1.0),
        ("one two clean the chain with a stiff brush and", 0.8),
        ("stiff a with chain the clean and brush warm soapy water", 0.0),
    ],
)
def test_share_that_is_copied(instruction: str, share: float) -> None:
    """Runs of eight words count and seven do not: short phrases are shared by all texts on one thing."""
    assert copied_share(instruction, ANSWER) == pytest.approx(share)


GERMAN = "Wie reinige ich die Kette meines Fahrrads am besten?"


@pytest.mark.parametrize(
    ("instruction", "lang", "expected"),
    [
        (GERMAN, "en", "wrong_language"),
        ("¿Cómo puedo limpiar la cadena de mi bicicleta en casa?", "en", "wrong_language"),
        ("Как мне почистить цепь на моём велосипеде, чтобы она не заржавела?", "en", "wrong_language"),
        (GERMAN, "de", None),
        (GERMAN, None, None),
        (GERMAN, "und", None),
        (GERMAN, "fr", None),  # the answer is English, whatever the row says
        ("Fahrrad Kette reinigen", "en", None),
        ("Übersetze ins Englische: Wie reinige ich die Kette meines Fahrrads?", "en", None),
        ("Traduis cette phrase: comment nettoyer la chaîne de mon vélo ?", "en", None),
        ("Wie sagt man das auf Englisch: eine Kette reinigen und ölen?", "en", None),
        ("请把下面这句话翻译出来：怎样清洁自行车的链条才不会损坏它而且能用很久呢？", "en", None),
    ],
)
def test_another_language(instruction: str, lang: str | None, expected: str | None) -> None:
    """Question and answer in two languages teach to answer in the wrong one; short ones and translations cannot be told."""
    assert reason(instruction, lang=lang) == expected


def test_an_english_question_to_a_german_answer() -> None:
    """The other way round; and an answer that is a name or code has no language that could be wrong."""
    german = "Die Kette reinigt man mit einer Bürste und warmem Wasser, danach trocknet man sie mit einem Tuch."
    assert reason("How do I clean the chain of my bicycle at home?", response=german, lang="de") == "wrong_language"
    assert reason("How do I clean the chain of my bicycle at home?", response="Die Kette", lang="de") is None
    code = "for i in range(10):\n    print(i * 2, i + 1)\n    x = foo(i)"
    assert reason("How do I print the numbers with a loop in Python?", response=code, lang="pt") is None


@pytest.mark.parametrize(
    ("instruction", "kind"),
    [
        ("Write a reply to anna.meier@web.de about the chain.", "EMAIL_ADDRESS"),
        ("Write a reply to anna.meier [at] web.de about the chain.", "EMAIL_ADDRESS"),
        ("Who can be reached at +49 30 901820 for bicycle repairs?", "PHONE_NUMBER"),
        ("Is 4111 1111 1111 1111 a valid number for this card?", "CREDIT_CARD"),
        ("Send the rent to DE89 3704 0044 0532 0130 00 and tell me how.", "IBAN_CODE"),
        ("Why does the server 93.184.216.134 not answer?", "IP_ADDRESS"),
        ("What happened between 1914 and 1918, and in 2001?", None),
        ("How do I ping 127.0.0.1 or 192.168.0.1?", None),
        ("Who is @anna, and what is git@github.com?", None),
        ("Is 978-3-16-148410-0 a valid ISBN?", None),
    ],
)
def test_personal_data(instruction: str, kind: str | None) -> None:
    """A model must not learn to ask for, or recite, where somebody is reached; the datum itself is not told."""
    assert fault(row(instruction), GuardConfig()) == (("pii", kind) if kind else None)


@pytest.mark.parametrize(("logprob", "expected"), [(-0.5, "improbable"), (-0.1, None), (None, None)])
def test_improbable(logprob: float | None, expected: str | None) -> None:
    """Under the bound a small model's draws are noise; without a bound or a measure nothing is dropped."""
    question = "How do I clean a bicycle chain?"
    assert reason(question, GuardConfig(min_logprob=-0.19), logprob=logprob) == expected
    assert reason(question, logprob=logprob) is None


def test_what_was_measured_is_told() -> None:
    """The drop names the phrase, so that a reader can judge the guard."""
    assert fault(row("Instruction: oil the chain"), GuardConfig()) == ("leaked_prompt", "instruction:")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pair(instruction: str, response: str) -> Row:
    return {"instruction": instruction.strip(), "response": response.strip(), "lang": identify(response)[0]}


def conversations(path: Path) -> list[Row]:
    return [pair(*record["conversations"][:2]) for record in lines(path)]


def tasks(path: Path) -> list[Row]:
    found = [(record["instruction"], given) for record in lines(path) for given in record["instances"]]
    return [pair(f"{asked}\n\n{given['input']}", given["output"]) for asked, given in found]


# The rows of a public Qwen3-1.7B reproduction's 90 instructions, labelled by reading all of them beside their answers:
# LEAKED speaks of the task, its prompt or the user instead of asking; LOOPING goes in circles to its end. Among the rest
# three are plain statements (55, 75, 85), and one asks about sentences that it does not show (40).
LEAKED = (0, 2, 3, 5, 6, 11, 15, 21, 22, 23, 24, 27, 29, 34, 46, 47, 56, 63, 68, 70, 76, 77, 79, 80, 81)
LOOPING = (11, 12, 20, 28, 29, 34, 39, 45, 48, 57, 61, 82)
# Not by reading: three words in ten lie in eight-word runs of the answer, counted apart from the code under test.
COPIED = (2, 4, 6, 7, 8, 10, 21, 22, 23, 24, 25, 27, 36, 37, 41, 42, 43, 44, 46, 47, 50, 51, 52, 54, 58, 60, 63, 70, 71, 72,
          73, 74, 77, 78, 79, 80)  # fmt: skip


def generated(data: Path) -> list[Row]:
    records = lines(data / "guards" / "qwen3_generated_instructions.jsonl")
    return [pair(record["generated_instruction"], record["lima_completion"]) for record in records]


def only(name: GuardName) -> GuardConfig:
    return GuardConfig(disabled=tuple(other for other in get_args(GuardName) if other != name))


@pytest.mark.parametrize(("name", "rows"), [("leaked_prompt", LEAKED), ("copied_answer", COPIED), ("runaway", LOOPING)])
def test_faults_of_a_public_reproduction(data: Path, name: GuardName, rows: tuple[int, ...]) -> None:
    """Each guard by itself catches every instruction that has its fault."""
    pairs = generated(data)
    assert [number for number in rows if fault(pairs[number], only(name)) is None] == []


def test_what_the_guards_drop_of_a_public_reproduction(data: Path) -> None:
    """Nothing else but a statement and a question on unseen sentences is dropped, and no fault but its own is named."""
    found = {number: caught[0] for number, row in enumerate(generated(data)) if (caught := fault(row, GuardConfig()))}
    assert set(found) - {*LEAKED, *COPIED, *LOOPING} == {40, 75}
    assert {number for number, name in found.items() if name == "leaked_prompt"} <= set(LEAKED)


SETS = [("lima_train", conversations), ("self_instruct_seed_tasks", tasks), ("self_instruct_user_oriented", tasks)]


@pytest.mark.parametrize(("name", "form"), SETS)
def test_what_people_wrote_passes(data: Path, name: str, form: Any) -> None:
    """At most 3 % of the pairs of each public set are flagged: nobody uses a filter that drops good seeds."""
    pairs = form(data / "instructions" / f"{name}.jsonl")
    flagged = [fault(pair, GuardConfig()) for pair in pairs]
    assert sum(found is not None for found in flagged) <= 0.03 * len(pairs)


def test_guards_with_another_prompt_are_other_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instructions are compared with every prompt that ships, and no plan named one: a new prompt changed what is dropped,
    and `--reuse` took over the old rows."""
    asked = "Which of these nine old hedges wants to be trimmed before the winter comes?"
    known, text, before = prompts.names(), prompts.source, planned(GuardConfig())
    assert reason(asked) is None
    monkeypatch.setattr(prompts, "names", lambda: [*known, "hedge-v1"])
    monkeypatch.setattr(prompts, "source", lambda name: asked if name == "hedge-v1" else text(name))
    prompt_runs.cache_clear()
    try:
        assert reason(asked) == "leaked_prompt" and planned(GuardConfig()) != before
    finally:
        prompt_runs.cache_clear()
