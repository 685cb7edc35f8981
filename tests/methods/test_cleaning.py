"""What models add comes off, and what people write stays."""

import json
import time
from pathlib import Path

import pytest

from humpback.methods.cleaning import clean_instruction

ASKED = "How do I oil a bicycle chain?"
HONEST = [
    ASKED,
    'Explain what "ennui" means in "Madame Bovary"',
    '"Carpe diem" and "memento mori": who said them, and what does each of them mean to "us"',
    "'Rock 'n' roll' or 'blues': which is older, and what's the difference between 'em",
    "“Carpe diem” and “memento mori”",
    "Question 3 asks for the boiling point of water. Why is 100 °C not always right?",
    "Query plans in PostgreSQL: how do I read one?",
    "Task Manager: how do I open it without a mouse?",
    "1. FC Köln: in which year was the club founded?",
    "1. List three oils for chains.\n2. Say for each when to use it.",
    "Fix this function:\n\n```python\ndef f(x):\n    return x +\n```\n\nAnd say what was wrong.",
    "```python\nprint('a')\n```\nWhat does this print?\n```\nb\n```",
    "__init__",
    "What does the <think> tag do, and where must </think> stand in a chat template?",
    "<think> tags: why does my model write them?",
    "Solve the riddle. Reply in this form:\n\nReasoning: your steps.\n\nAnswer: one word.",
    "Is the following answer right?\n\nAnswer: the chain is oiled on the outside.",
    "Which of these is right?\nA: oil the chain\nB: wax the chain",
    "Answer the question below from what you know.\n\nQuestion: Who wrote Faust?",
    "Note the steps to oil a chain.\n\nNote: the bike is new.",
    "Here is a question from my homework: why is the sky blue?",
    "Here is my code:\n```\nx = 1\n```\nWhy does it not run?",
    "The query runs for a minute.\n\nThis query joins three tables. How can I make it faster?",
    "Translate: row, row, row your boat",
    "《红楼梦》",
    "analysis of variance with two factors",
    "User: Hi dear\nAgent: hello, can I help you\nUser: tell me about oil for chains",
]  # fmt: skip


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_instruction_stays_as_it_is(text: str) -> None:
    """A cleaner that bites off parts of good instructions is worse than none."""
    assert clean_instruction(text) == text


@pytest.mark.parametrize(
    "written",
    [
        f"<think>\nThe text says: wipe it.\n</think>\n\n{ASKED}",
        f"<Thinking>short</Thinking>{ASKED}",
        f"Okay, the user asked about chains.\n</think>\n\n{ASKED}",
        f"[THINK]hm[/THINK] {ASKED}",
        f"analysisWe need one question.assistantfinal{ASKED}",
    ],
)
def test_reasoning_is_not_part_of_the_instruction(written: str) -> None:
    """Reasoning models open with a thousand words about the task."""
    assert clean_instruction(written) == ASKED


@pytest.mark.parametrize("written", ["<think>\nOkay, let me see. The text", "<think>", "", " \n", "<think>a</think>"])
def test_reasoning_without_an_instruction_leaves_nothing(written: str) -> None:
    """Half a thought must not become the instruction; the guards drop what is empty."""
    assert clean_instruction(written) == ""


@pytest.mark.parametrize(
    "marks", ['""', "''", "``", "“”", "””", "„“", "„”", "‘’", "‚‘", "«»", "»«", "‹›", "「」", "『』", "＂＂"]
)
def test_quotation_marks_around_the_whole_go(marks: str) -> None:
    """Every language has its own, and a model that quotes one instruction quotes all."""
    for asked in (ASKED, "What's new in Gulliver's Travels, and who's in it?", "Who wrote Gulliver’s Travels?"):
        assert clean_instruction(f"{marks[0]}{asked}{marks[1]}") == asked
        assert clean_instruction(f"{marks[0]} {asked} {marks[1]}.") == asked


def test_quotations_inside_quotation_marks_stay() -> None:
    """The outer marks go, those that belong to the words stay."""
    assert clean_instruction('"What does "ennui" mean?"') == 'What does "ennui" mean?'
    assert clean_instruction("«Que veut dire «ennui» ici ?»") == "Que veut dire «ennui» ici ?"


@pytest.mark.parametrize(
    "label",
    [
        "Instruction: ", "Question: ", "Query: ", "Prompt：", "**Instruction:** ", "**Question**: ", "*Query:* ",
        "Instruction 1: ", "1. Instruction: ", "1) **Question:** ", "- Question: ", "### Instruction:\n", "## Instruction\n",
        "**Instruction**\n\n", "User: ", "Q: ", "Search query: ", "Keywords: ", "The user's question: ",
        "Frage: ", "Question : ", "问题：",
        "Pregunta: ",         "Here is the instruction:\n\n", "Sure! Here's a question that fits the text: ",
        "Here is the most likely user question: ", "Certainly. Here is the instruction:\n\n**Instruction:** ",
        "Instruction: Question: ",
    ],
)  # fmt: skip
def test_labels_before_it_go(label: str) -> None:
    """A thousand instructions that begin with "Instruction:" teach a model to expect the word."""
    assert clean_instruction(label + ASKED) == ASKED


@pytest.mark.parametrize(
    "written",
    [
        f"**Instruction: {ASKED}**", f"**{ASKED}**", f"_{ASKED}_", f"```\n{ASKED}\n```", f"```text\n{ASKED}\n```",
        f"Instruction:\n```\n{ASKED}\n```", f'**Question:** "{ASKED}"', f"<question>{ASKED}</question>", f"- {ASKED}",
        f"`{ASKED}`", f"~~~\n**Question 1:**\n“{ASKED}”\n~~~",
    ],
)  # fmt: skip
def test_what_stands_around_it_goes(written: str) -> None:
    """Markdown of the reply is not the instruction's."""
    assert clean_instruction(written) == ASKED


@pytest.mark.parametrize(
    "written",
    [
        f"{ASKED}\n\nAnswer: Wipe it, then oil it.", f"{ASKED}\nAnswer: Wipe it.",
        f"Q: {ASKED}\nA: Wipe it.\nQ: Why?\nA: So.", f"{ASKED}\n\n**Answer:**\nWipe it.",
        f'"{ASKED}"\n\nResponse: Wipe it.', f"{ASKED}\n\nSample answer: Wipe it.",
        f"Question 1: {ASKED}\nQuestion 2: What is wax?", f"Instruction: {ASKED}\n\nInstruction: {ASKED}",
        f"{ASKED}\n{ASKED}\n{ASKED}", f"{ASKED} {ASKED}", f"{ASKED}\n\n{ASKED}\n\nWhat else",
        f"{ASKED}\n\nThis question captures the main point of the text.", f"{ASKED}\n\n(This instruction asks for steps.)",
        f"Frage: {ASKED}\n\nAntwort: So.",
    ],
)  # fmt: skip
def test_one_instruction_is_kept(written: str) -> None:
    """What follows is an answer, a comment, or the same again: none of it was asked for."""
    assert clean_instruction(written) == ASKED


def test_an_instruction_of_several_lines_keeps_them() -> None:
    """A label before it and code in it are different things."""
    honest = "Fix this function:\n\n```python\ndef f(x):\n    return x +\n```\n\nAnd say what was wrong."
    assert clean_instruction(f"**Instruction:**\n{honest}") == honest


@pytest.mark.parametrize(
    "written", ["‘" * 20_000 + "a" + "’" * 20_000, "```\n" + " " * 50_000 + "x", "a " * 30_000, "\n" * 50_000]
)
def test_hostile_completions_take_no_time(written: str) -> None:
    """A model in a loop must not stop the run: regular expressions that back-track would take minutes."""
    started = time.process_time()
    clean_instruction(written)
    assert time.process_time() - started < 2


def test_what_people_wrote_stays(data: Path) -> None:
    """Of 1,430 human instructions three are wholly quoted or end in "Answer:", and no other changes."""
    changed = total = 0
    for name in ("lima_train", "lima_test_prompts", "self_instruct_seed_tasks", "self_instruct_user_oriented"):
        for line in (data / "instructions" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            asked = human_instruction(json.loads(line)).strip()
            total, changed = total + 1, changed + (clean_instruction(asked) != asked)
    assert total > 1_000 and changed <= 3


def human_instruction(record: dict) -> str:
    asked = record.get("instruction") or record.get("prompt") or record["conversations"][0]
    return asked if isinstance(asked, str) else asked.get("content") or asked["value"]
