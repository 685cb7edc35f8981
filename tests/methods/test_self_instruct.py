"""Requests that a model makes up, and its answers: the authors' rules, at their bounds."""

from collections.abc import Sequence
from typing import Any

import pytest
from made import rows_in

from humpback.errors import LMError
from humpback.lm import Answer, Completion, Question, Sampling
from humpback.lm.echo import Echo
from humpback.methods import self_instruct
from humpback.methods.self_instruct import (
    INSTANCE,
    LABELS,
    Answering,
    Asking,
    Instance,
    SelfInstructConfig,
    Tasks,
    items,
    no_task,
    parsed,
)
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.stage import Drop
from humpback.text.rouge import Pool, rouge_l

OWN = SelfInstructConfig()


def said(text: str, finish: Any = "stop") -> Completion:
    return Completion(text, finish, 1, None)


class Scripted(Echo):
    """Says what it is told to, prompt by prompt; `classifies` are the requests that it takes for classification."""

    def __init__(self, said: Sequence[Completion], classifies: Sequence[str] = (), decides: bool = True) -> None:
        super().__init__()
        self.said, self.classifies, self.decides = list(said), classifies, decides

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.history += prompts
        return [self.said.pop(0) for _ in prompts]

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        if not self.decides:
            raise LMError("no", "", retryable=False)
        yes = [0.9 if state in self.classifies else 0.1 for state in states]
        return [[Answer((p, 1 - p), None, None, 1.0)] for p in yes]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9. One thing here.\n10. Another\nthing here.\n", ["One thing here.", "Another thing here."]),
        ("One thing here.\n10) Another.", ["One thing here.", "Another."]),
        ("  9) Only this", ["Only this"]),
        ("Said in 3. ways\n10. Other", ["Said in 3. ways", "Other"]),
        ("", []),
        (
            "Sure! Here are 8 more:\n\n9. Write about bees.\n10. Write about ants.",
            ["Write about bees.", "Write about ants."],
        ),
        ("9. Rank these:\n   1. tea\n   2. milk\n10. Other", ["Rank these: 1. tea 2. milk", "Other"]),
        ("9.Write about bees.\n10.Write about ants.", ["Write about bees.", "Write about ants."]),
        ("9. Take 3.5 kg\n3.5 kg of what?\n10. Other", ["Take 3.5 kg 3.5 kg of what?", "Other"]),
        ("I would rather\nnot do that.", []),
        ("Just one", ["Just one"]),
    ],
)
def test_a_list_is_cut_into_requests(text: str, found: list[str]) -> None:
    """A number inside a request does not end it, and the first may come without its own."""
    assert items(said(text), 8) == found


WORDS = "Tell me about the sea " * 40
RULES = [
    ("Tell me more", "too_short"), ("Tell me more now", None), (" ".join(WORDS.split()[:150]), None),
    (" ".join(WORDS.split()[:151]), "too_long"), ("Draw me a cat, please.", "banned"), ("Go to the shop for me.", "banned"),
    ("Tell me of drawings and mapping.", None), ("Write a program that sorts.", "banned"),
    ("Write a programme for the day.", "banned"), ("- Tell me more now", "odd_beginning"),
    ("Ötzi was found where exactly?", "odd_beginning"), ("3 ways to cook an egg", "odd_beginning"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), RULES)
def test_the_authors_rules(text: str, reason: str | None) -> None:
    """Three words are too few, and four enough; 150 are enough, and 151 too many."""
    found = no_task(text, OWN, Pool([]))
    assert (found and found[0]) == reason
    open_ = OWN.model_copy(update={"ascii": False})
    for other in ("Ötzi was found where exactly?", "写一首关于春天的诗，要有四行", "¿Qué es un eclipse de sol?"):
        assert no_task(other, open_, Pool([])) is None


def test_alike_is_above_seven_tenths() -> None:
    """0.70 is kept, 0.71 is not; and no shortcut finds another value than the measure itself."""
    ten = [f"word{n}" for n in range(10)]
    seven = [*ten[:7], "x", "y", "z"]
    assert rouge_l(" ".join(ten), " ".join(seven)) == pytest.approx(0.7)
    pool = Pool([" ".join(ten), "nothing like it at all"])
    assert no_task(" ".join(seven), OWN, pool) is None
    # More words are the same, and no more of them in the same order.
    turned = " ".join([ten[7], *ten[:7], "x", "y"])
    assert rouge_l(" ".join(ten), turned) == pytest.approx(0.7) and no_task(turned, OWN, pool) is None
    eight = " ".join([*ten[:8], "x", "y"])
    found = no_task(eight, OWN, pool)
    assert found and found == ("alike", 0.8)
    assert pool.likest(eight, 0.7) == pytest.approx(max(rouge_l(eight, each) for each in (" ".join(ten), "nothing")))


def seed(run: Run, count: int = 12) -> Any:
    rows = [{"id": f"s{n}", "parent": "doc", "instruction": f"Human request about thing {n}?", "response": "So.",
             "split": "train" if n < count - 2 else "test"} for n in range(count)]  # fmt: skip
    return rows_in(run, rows, PAIR, "seed")


def asking(run: Run, **more: Any) -> Asking:
    own = {"seed": seed(run).path, "before": (), "round": 1, "own": OWN.model_copy(update={"lists": 2}), "lm": "echo",
           "random_seed": 7}  # fmt: skip
    return Asking(**{**own, **more})


def test_a_round_of_asking(run: Run) -> None:
    """Held-out requests are never shown; what is kept counts at once; the last of a cut list is unfinished."""
    lm = Scripted([
        said("9. How do I bake bread at home?\n10. Short one\n11. Sing a song of the sea"),
        said("9. How do I bake bread at home?\n10. Why is the sky blue at noon? \n11. What is the", "length"),
    ])  # fmt: skip
    made = list(self_instruct.tasks(asking(run), lambda _: lm))
    assert [each.reason if isinstance(each, Drop) else "" for each in made] == [
        "",
        "too_short",
        "",
        "alike",
        "",
        "unfinished",
    ]
    assert len({each.row["id"] if isinstance(each, Drop) else each["id"] for each in made}) == 6
    assert all("thing 10" not in prompt and "thing 11" not in prompt for prompt in lm.history)
    assert all(prompt.count("Human request") == 8 for prompt in lm.history) and lm.history[0] != lm.history[1]


def test_own_requests_are_shown_later(run: Run) -> None:
    """Two of eight, once there are some."""
    own = [{"id": f"t{n}", "parent": None, "instruction": f"Made up request {n} of mine"} for n in range(5)]
    lm = Scripted([said("9. Tell me about the moon, please.")] * 2)
    list(self_instruct.tasks(asking(run, before=(rows_in(run, own, PAIR, "t").path,), round=2), lambda _: lm))
    assert all(prompt.count("Human request") == 6 and prompt.count("Made up") == 2 for prompt in lm.history)


def test_instances_are_read_part_by_part() -> None:
    """Input first, or label first; none is no input, and a label without an input is no pair."""
    assert parsed("Input: none\nOutput: Bake it.", INSTANCE) == [Instance("", "Bake it.")]
    code = "**Input:** a b\nc\n**Output:** ```python\n# Input: a list\n# Output: a sum\n```"
    assert parsed(code, INSTANCE) == [Instance("a b\nc", "```python\n# Input: a list\n# Output: a sum\n```")]
    back = "Input: I love it\nLabel: good\nInput: I hate it\nLabel: bad"
    assert parsed(back, LABELS) == [Instance("I love it", "good"), Instance("I hate it", "bad")]
    assert parsed("Output: straight away", INSTANCE) == [Instance("", "straight away")]
    labels = "Label: good\nInput: I love it.\nLabel: bad\nLabel: worse\nInput: I hate it."
    assert parsed(labels, LABELS) == [Instance("I love it.", "good"), Instance("I hate it.", "worse")]
    assert parsed("I would rather not.", INSTANCE) == []


def task(number: int, text: str) -> Row:
    return {"id": f"t{number}", "parent": None, "instruction": text, "method": "self_instruct"}


ANSWERING = Answering(with_inputs=True, sampling=Sampling(temperature=0.0), random_seed=7)


def test_answers_become_pairs() -> None:
    """Each request is answered for once: as pairs, or as a drop."""
    rows = [task(0, "Is this good or bad?"), task(1, "Bake bread for me."), task(2, "Refuse this.")]
    lm = Scripted([said("Label: good\nInput: I love it.\nLabel: bad\nInput: I hate", "length"),
                   said("Input: none\nOutput: Knead it."), said("No.")], [rows[0]["instruction"]])  # fmt: skip
    made = list(self_instruct.instances(ANSWERING, rows, lm))
    pairs = [each for each in made if isinstance(each, dict)]
    assert [(row["instruction"], row["response"], row["finish"]) for row in pairs] == [
        ("Is this good or bad?\n\nI love it.", "good", "stop"), ("Is this good or bad?\n\nI hate", "bad", "length"),
        ("Bake bread for me.", "Knead it.", "stop"),
    ]  # fmt: skip
    assert [each.reason for each in made if isinstance(each, Drop)] == ["no_instance"]
    assert {row["parent"] for row in pairs} == {"t0", "t1"} and {row["source"] for row in pairs} == {"self_instruct"}


def test_a_model_that_decides_nothing_is_asked_input_first() -> None:
    lm = Scripted([said("Input: none\nOutput: So.")], decides=False)
    [made] = self_instruct.instances(ANSWERING, [task(0, "Is this good or bad?")], lm)
    assert isinstance(made, dict) and made["prompt"] == INSTANCE


def test_requests_may_be_answered_as_they_are() -> None:
    """A small model copies the form that it is asked for; asked the request alone, it answers."""
    lm = Scripted([said(" Knead it.\n"), said("  ")])
    config = ANSWERING.model_copy(update={"with_inputs": False})
    made = list(self_instruct.instances(config, [task(0, "Bake bread for me."), task(1, "Say nothing.")], lm))
    assert lm.history == ["Bake bread for me.", "Say nothing."]
    assert isinstance(made[0], dict) and made[0]["response"] == "Knead it." and isinstance(made[1], Drop)


def drawn(instruction: str, response: str, parent: str = "t0", finish: str = "stop") -> Row:
    return {"id": f"{parent}/{instruction}/{response}", "parent": parent, "instruction": instruction, "response": response,
            "finish": finish}  # fmt: skip


def test_what_does_not_stand_falls() -> None:
    """The authors' rules for instances; two answers to one input take all of their request with them."""
    rows = [
        drawn("Do it.\n\na", "x"), drawn("Do it.\n\nb", ""), drawn("Do it.\n\nc", "c"), drawn("Do it.\n\nd", "so:"),
        drawn("Do it.\n\ne", "z", finish="length"), drawn("Do.\n\na", "x", "t1"), drawn("Do.\n\na", "y", "t1"),
        drawn("Do.\n\nb", "z", "t1"), *(drawn(f"Go.\n\n{n}", "ok", "t2") for n in range(7)),
    ]  # fmt: skip
    made = list(self_instruct.checked(OWN, rows))
    told = [each.reason if isinstance(each, Drop) else "" for each in made]
    assert told == ["", "empty_output", "input_is_output", "ends_in_colon", "unfinished", *["two_outputs"] * 3,
                    *[""] * 5, *["enough"] * 2]  # fmt: skip
    cut = [drawn("Do it.\n\na", "x"), {**drawn("Do it.\n\na", "y", finish="length"), "id": "cut"}]
    assert [isinstance(each, Drop) and each.reason for each in self_instruct.checked(OWN, cut)] == [False, "unfinished"]
    again = [drawn("Do it.", "x"), {**drawn("Do it.", "x"), "id": "other"}]
    assert [isinstance(each, Drop) and each.reason for each in self_instruct.checked(OWN, again)] == [False, "duplicate"]


def test_no_more_than_was_wanted(run: Run) -> None:
    sets = [
        rows_in(run, [task(n, f"Request {n}") for n in part], PAIR, name) for name, part in (("a", (0, 1)), ("b", (2, 3)))
    ]
    made = list(self_instruct.all_tasks(Tasks(sets=tuple(each.path for each in sets), most=3)))
    assert [isinstance(each, Drop) for each in made] == [False, False, False, True]
