"""Requests to what they are for and back, harder and harder, until two models answer them differently."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from made import rows_in

from humpback.errors import RoleMismatch
from humpback.lm import Answer, Completion, Question, Sampling
from humpback.lm.echo import Echo
from humpback.methods import codec, contrast
from humpback.methods.codec import CODEC, Asked, CodecConfig, Fitting, Kept, Mixing
from humpback.methods.contrast import Answering, Comparing, Sides, Splitting, gaps, split
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.stage import Drop

ASKED = Asked(own=CodecConfig(), random_seed=7)


def said(text: str, finish: Any = "stop") -> Completion:
    return Completion(text, finish, 1, None)


class Scripted(Echo):
    """Says what it is told to, prompt by prompt, and judges a state by a function."""

    def __init__(
        self, said: Sequence[Completion] = (), judge: Callable[[str, Question], float | None] | None = None
    ) -> None:
        super().__init__()
        self.said, self.judge = list(said), judge

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.history += prompts
        return [self.said.pop(0) for _ in prompts]

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        assert self.judge
        self.history += states
        made = [[self.judge(state, question) for question in questions] for state in states]
        return [[Answer(() if v is None else (v, 1 - v), v, None, 1.0) for v in each] for each in made]


def request(number: int, text: str = "Write to my tenants.") -> Row:
    return {"id": f"r{number}", "parent": "doc", "instruction": text, "response": "Dear all,", "source": "seed"}


def test_encoding_reads_use_case_and_skills() -> None:
    """Three skills at most; what says neither is a drop with what was said."""
    lm = Scripted([
        said("Use case: business letters.\nSkills: polite tone, clear structure; brevity, grammar"),
        said("**Use case:** cooking\n**Skill:** *baking*"), said("I would be glad to help."), said("Use case: sport"),
        said("Use case: C++ (tools)\nSkills:\n- polite tone\n2. clear structure\n\nThat is all."),
        said("USE CASE：手紙\nSkills：敬語"), said("Use case:\nSkills: a, b"), said(f"Use case: a{'. ' * 8000}"),
    ])  # fmt: skip
    made = list(codec.encoded(ASKED, [request(n) for n in range(8)], lm))
    told = [(each["use_case"], each["skills"]) for each in made if isinstance(each, dict)]
    assert told == [("business letters", ["polite tone", "clear structure", "brevity"]), ("cooking", ["baking"]),
                    ("C++ (tools)", ["polite tone", "clear structure"]), ("手紙", ["敬語"])]  # fmt: skip
    assert [each.reason for each in made if isinstance(each, Drop)] == ["not_encoded"] * 4
    assert "> Write to my tenants." in lm.history[0]


def test_combinations_are_new_and_none_comes_twice(run: Run) -> None:
    """A use case with skills of others, which its own request had not; as many as were asked for, or as there are."""
    rows = [{**request(n), "use_case": f"use {n}", "skills": [f"skill {n}", "Writing"]} for n in range(4)]
    known = rows_in(run, rows, CODEC, "known")
    made = list(codec.combinations(Mixing(encoded=known.path, size=30, most_skills=3, random_seed=7)))
    assert len(made) == 30 == len({row["id"] for row in made}) == len({(r["use_case"], *sorted(r["skills"])) for r in made})
    assert all(1 <= len(row["skills"]) <= 3 == len({"a", "b", "c"}) for row in made)
    few = list(codec.combinations(Mixing(encoded=known.path, size=500, most_skills=1, random_seed=7)))
    assert len(few) == 4 * 5
    again = list(codec.combinations(Mixing(encoded=known.path, size=30, most_skills=3, random_seed=7)))
    assert again == made


def combination(number: int, **more: Any) -> Row:
    return {"id": f"c{number}", "parent": None, "use_case": "letters", "skills": ["tone"], **more}


def test_what_makes_no_sense_is_dropped_by_a_decision() -> None:
    """Just half is not more likely than not."""
    rows = [combination(0), combination(1), combination(2)]
    lm = Scripted(judge=lambda state, _: [0.9, 0.5, None][len(lm.history) % 3])
    values = iter([0.9, 0.5, None])
    lm.judge = lambda state, question: next(values)
    made = list(codec.fitting(Fitting(), rows, lm))
    assert [isinstance(each, Drop) for each in made] == [False, True, True]


def test_decoding_gives_requests_of_their_own() -> None:
    """The last one of a list that was cut is none; equal ones are one."""
    lm = Scripted([said("1. Write a letter.\n2. Write a letter.\n3. Thank my aunt.\n"), said("1. One.\n2. Tw", "length"),
                   said("Sure!")])  # fmt: skip
    made = list(codec.decoded(ASKED, [combination(n) for n in range(3)], lm))
    assert [each["instruction"] for each in made if isinstance(each, dict)] == ["Write a letter.", "Thank my aunt.", "One."]
    assert [(each.row["id"], each.reason) for each in made if isinstance(each, Drop)] == [("c2", "not_decoded")]
    assert "letters" in lm.history[0] and "tone" in lm.history[0]


def test_a_request_is_made_harder_by_one_of_several_ways() -> None:
    """Fates: no ways named, cut, nothing said, the same again; each is a reason."""
    rows = [combination(n, instruction=f"Write letter {n}.", made_harder=0) for n in range(5)]
    ways = [said("1. Ask for rhyme.\n2. Ask for two languages."), said("None."), *[said("1. Ask for rhyme.")] * 3]
    changed = [said("Write letter 0 in rhyme."), said("Write", "length"), said(" "), said("Write letter 4.")]
    lm = Scripted([*ways, *changed])
    made = list(codec.made_harder(ASKED, rows, lm))
    told = [each.reason if isinstance(each, Drop) else each["instruction"] for each in made]
    assert told == ["Write letter 0 in rhyme.", "no_rubrics", "unfinished", "nothing_said", "not_changed"]
    assert isinstance(made[0], dict) and made[0]["made_harder"] == 1
    assert "rhyme" in lm.history[5] or "two languages" in lm.history[5]
    later = [{**row, "made_harder": 1} for row in rows]
    assert ASKED.seeds(rows, "rubric") != ASKED.seeds(later, "rubric")


# The gap.


def test_both_orders_are_averaged() -> None:
    """A judge that prefers whatever stands first finds no gap."""
    habit = Scripted(judge=lambda _, question: 8.0 if "first" in question.text else 4.0)
    row = {**request(0), "target_response": "Hey."}
    [made] = gaps(Comparing(), [row], habit)
    assert isinstance(made, dict) and made["gap"] == 0.0
    honest = Scripted(judge=lambda state, question: 9.0 if _asked(state, question) == "Dear all," else 4.0)
    [made] = gaps(Comparing(), [row], honest)
    assert isinstance(made, dict) and made["gap"] == 5.0 and len(honest.history) == 2
    silent = Scripted(judge=lambda *_: None)
    assert [each.reason for each in gaps(Comparing(), [row], silent) if isinstance(each, Drop)] == ["no_score"]


def _asked(state: str, question: Question) -> str:
    first, second = state.split("The first answer:")[1].split("The second answer:")
    shown = first if "first" in question.text else second
    return shown.strip().splitlines()[0].removeprefix("> ")


def test_theta_is_strict_and_the_better_answer_is_kept() -> None:
    """A gap of exactly 3 is not kept; of -4 the target's answer is."""
    rows = [{**request(n), "target_response": "Hey.", "gap": gap} for n, gap in enumerate((3.0, 3.01, -4.0, -3.0, 0.0))]
    wide = [each for each in split(Splitting(theta=3.0, differ=True), rows) if isinstance(each, dict)]
    assert [(row["id"], row["response"]) for row in wide] == [("r1", "Dear all,"), ("r2", "Hey.")]
    alike = [each["id"] for each in split(Splitting(theta=3.0, differ=False), rows) if isinstance(each, dict)]
    assert alike == ["r0", "r3", "r4"]


def test_answers_of_models_of_another_role_are_refused() -> None:
    """A backward model would answer with a question, and win."""
    lm = Scripted([said("x")])
    lm.role = "backward"
    config = Answering(column="response", sampling=Sampling(), random_seed=7)
    with pytest.raises(RoleMismatch):
        list(contrast.answered(config, [request(0)], lm))
    lm.role = ""
    lm.said = [said("Dear"), said("Dear", "length"), said(" ")]
    made = list(contrast.answered(config, [request(n) for n in range(3)], lm))
    assert [each.reason if isinstance(each, Drop) else "" for each in made] == ["", "unfinished", "nothing_said"]


def test_what_all_versions_gave_is_joined(run: Run) -> None:
    sets = [rows_in(run, [{**combination(n), **request(n)}], CODEC, f"k{n}") for n in range(2)]
    made = list(codec.every(Kept(sets=tuple(each.path for each in sets))))
    assert [row["id"] for row in made] == ["r0", "r1"] and all({*row} == {*PAIR.names} for row in made)


def test_a_gate_asks_no_strong_model() -> None:
    """Behind curation the page's text is the answer that the target's is held to."""
    asked: list[tuple[str, str]] = []

    class Fake:
        columns = PAIR

        def map(self, name: str, stage: Any, source: Any, **_: Any) -> Any:
            asked.append((name, getattr(stage, "lm", "")))
            assert {"target_response", "gap"} <= {*stage.columns.names}
            return source

    contrast.apart(Fake(), Fake(), Sides("", "echo:t", "echo:j"), CodecConfig().contrast, 7, "1")  # type: ignore[arg-type]
    assert asked == [("target-response-1", "echo:t"), ("gaps-1", "echo:j"), ("differing-1", ""), ("alike-1", "")]
