"""Pairwise judging: both orders, draws, what cannot be read, and prompts that do not match."""

from collections.abc import Sequence
from typing import Any

import pytest
from made import rows_in

from humpback.errors import UsageFault
from humpback.evaluate.preferences.judging import Judging, PreferenceConfig, judged, share_of_second
from humpback.evaluate.preferences.measured import Pairing, paired, rates
from humpback.lm import Answer, Question
from humpback.lm.echo import Echo
from humpback.run import Run
from humpback.schema import OUTPUT, Row


class Partial(Echo):
    """A judge that is for the answer with the word good, as far as `habit` lets it: the share it gives the first place."""

    def __init__(self, habit: float = 0.5, mass: float = 1.0, script: Sequence[str] = ()) -> None:
        super().__init__(script)
        self.habit, self.mass = habit, mass

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        self.history += states
        return [[self._for(state)] for state in states]

    def _for(self, state: str) -> Answer:
        first, second = state.split("The first answer:")[1].split("The second answer:")
        taste = 0.4 * (("good" in first) - ("good" in second))
        share = min(1.0, max(0.0, self.habit + taste))
        return Answer((share, 1 - share), None, None, self.mass)


def verdicts(*outputs: tuple[str, str]) -> list[Row]:
    return [
        {"id": str(i), "instruction": f"Question {i}?", "output_1": one, "generator_1": "base", "output_2": two,
         "generator_2": "mine", "status": "identical" if one == two else ""}
        for i, (one, two) in enumerate(outputs)
    ]  # fmt: skip


def config(**prefer: Any) -> Judging:
    return Judging(prefer=PreferenceConfig(**prefer), annotator="partial", random_seed=1)


def test_a_habit_of_place_cancels_out() -> None:
    """A judge that always likes the first place half a point more than it should prefers nobody for it."""
    asked = verdicts(("bad", "good"), ("good", "bad"), ("bad", "poor"))
    [better, worse, equal] = judged(config(), asked, Partial(habit=0.55))
    assert better["preference"] == pytest.approx(1.9) and worse["preference"] == pytest.approx(1.1)
    assert equal["preference"] == pytest.approx(1.5) and (equal["shown_second"] > 0.5) != (equal["shown_first"] > 0.5)
    assert {row["status"] for row in (better, worse, equal)} == {"ok"} and better["annotator"] == "partial"


def test_the_same_answer_is_a_draw_that_nobody_is_asked_about() -> None:
    judge = Partial()
    [row] = judged(config(), verdicts(("same", "same")), judge)
    assert (row["preference"], row["status"], judge.history) == (1.5, "identical", [])


def test_a_judge_that_says_no_label_has_no_preference() -> None:
    [row] = judged(config(), verdicts(("bad", "good")), Partial(mass=0.2))
    assert (row["preference"], row["status"]) == (None, "unreadable")


@pytest.mark.parametrize(("text", "share"), [
    ("Both are fine.\nBetter: second", 1.0), ("**Better:** first", 0.0), ("Better: neither", 0.5),
    ("Better: the first", 0.0),
    ("<think>Better: first</think>\nBetter: second", 1.0), ("Better: first\nNo.\nBetter: second", 1.0), ("I like it.", None),
    ("The better answer has more", None), ("The second answer is better. First, it is more complete", None),
    ("**Better:** *second*", 1.0), ("Better answer: second", 1.0), ("Which is better, first or second? I think", None),
    ("> Better: first", 0.0), ("Better : The Second.", 1.0), ("Better: both", 0.5), ("", None),
])  # fmt: skip
def test_what_a_judge_wrote(text: str, share: float | None) -> None:
    """The last word counts, thoughts do not, and what says nothing is no draw."""
    assert share_of_second(text) == share


def test_texts_in_both_orders() -> None:
    """A judge that always writes "second" has no preference for a model, and one that writes nothing none at all."""
    [row] = judged(config(mode="text"), verdicts(("bad", "good")), Partial(script=["Better: second"]))
    assert row["preference"] == 1.5 and (row["shown_second"], row["shown_first"]) == (1.0, 0.0)
    assert len(row["raw_completion"]) == 2
    [row] = judged(config(mode="text"), verdicts(("bad", "good")), Partial(script=["Hm."]))
    assert (row["preference"], row["status"]) == (None, "unreadable")


def outputs(run: Run, name: str, *instructions: str, generator: str = "") -> Any:
    rows = [{"id": f"{name}{i}", "instruction": text, "output": f"{name} {i}", "generator": generator or name}
            for i, text in enumerate(instructions)]  # fmt: skip
    return rows_in(run, rows, OUTPUT, name).path


def test_outputs_are_matched_by_prompt(run: Run) -> None:
    """In whatever order they stand, and one that is asked twice is matched twice."""
    pairing = Pairing(reference=outputs(run, "base", "a", "b", "b"), model=outputs(run, "mine", "b", "a", "b"))
    found = [(row["instruction"], row["output_1"], row["output_2"]) for row in paired(pairing)]
    assert found == [("a", "base 0", "mine 1"), ("b", "base 1", "mine 0"), ("b", "base 2", "mine 2")]


def test_prompts_that_do_not_match_are_refused(run: Run) -> None:
    """Elsewhere the merge goes empty, and the rate is no number."""
    pairing = Pairing(reference=outputs(run, "base", "a", "b"), model=outputs(run, "mine", "a", "c", "d"))
    with pytest.raises(UsageFault, match=r"of 2 of base 1 are not among the 3 of mine, and 2 the other way"):
        list(paired(pairing))


def test_a_model_is_not_compared_with_itself(run: Run) -> None:
    pairing = Pairing(reference=outputs(run, "base", "a"), model=outputs(run, "again", "a", generator="base"))
    with pytest.raises(UsageFault, match="both files are of base"):
        list(paired(pairing))


def test_rates_say_who_judged_and_what_is_missing() -> None:
    """A figure without its judge and its n can be compared with nothing."""
    rows = [
        {"instruction": f"q{i}", "output_1": "x" * 9, "output_2": "y" * (i + 1), "generator_1": "base", "generator_2": model,
         "annotator": "judge", "preference": preference, "status": "ok" if preference else "unreadable",
         "shown_second": 0.9, "shown_first": 0.1 if i == 0 else 0.9}
        for model, told in (("one", [2.0, 1.0, 1.5, 2.0, None]), ("two", [2.0, 2.0, 1.5, 2.0, 2.0]))
        for i, preference in enumerate(told)
    ]  # fmt: skip
    found = {(row["metric"], row["model"], row["part"]): row for row in rates([rows])}
    raw = found["win_rate", "one", "raw"]
    assert (raw["value"], raw["n"], raw["judge"], raw["against"]) == (0.625, 4, "judge", "base")
    assert found["win_rate", "one", "whole wins"]["value"] == 0.625
    assert [found["verdicts", "one", part]["value"] for part in ("won", "lost", "drawn", "without")] == [2, 1, 1, 1]
    assert [found["win_rate", "one", f"all without {way}"]["value"] for way in ("lost", "won")] == [0.5, 0.7]
    assert found["order_flips", "one", ""]["value"] == pytest.approx(0.2)
    change = found["win_rate_change", "two", "base"]
    assert (change["value"], change["n"], change["against"], change["judge"]) == (0.25, 4, "one", "judge")
    assert change["note"] == "1 better, 0 worse, 3 equal; 2 without the other"


def arena(*votes: tuple[str, str, float, str]) -> list[Row]:
    """Votes of people: (first model, second model, preference, who)."""
    blank = {"output_1": "a", "output_2": "bb", "status": "ok", "shown_second": None, "shown_first": None}
    return [{**blank, "instruction": f"q{i}", "generator_1": one, "generator_2": two, "preference": p, "annotator": who}
            for i, (one, two, p, who) in enumerate(votes)]  # fmt: skip


def test_sides_of_an_arena_say_nothing() -> None:
    """The same two models on either side are one comparison, of many people one judge."""
    votes = [("x", "y", 2.0, f"judge{i}") if i % 2 else ("y", "x", 1.0, f"judge{i}") for i in range(20)]
    found = [row for row in rates([arena(*votes)]) if row["metric"] == "win_rate" and row["part"] == "raw"]
    assert [(row["model"], row["against"], row["n"], row["judge"]) for row in found] == [("x", "y", 20, "20 annotators")]
    assert found[0]["value"] == 0.0


def test_a_thousand_votes_by_a_thousand_people_are_read_at_once() -> None:
    """Each group was compared with each other one."""
    votes = [
        (f"m{i % 9}", f"m{(i * 7 + 1) % 10}", 1.0 + i % 2, f"judge{i}") for i in range(2000) if i % 9 != (i * 7 + 1) % 10
    ]
    assert len(list(rates([arena(*votes)]))) < 3000


def test_two_files_of_one_model_are_refused() -> None:
    """Merged, they would be one model with twice as many prompts."""
    rows = arena(("base", "outputs", 2.0, "judge"))
    with pytest.raises(UsageFault, match="two sets of verdicts are of outputs against base by judge"):
        list(rates([rows, rows]))


def test_votes_without_a_prompt_are_not_paired() -> None:
    """The first of one file has nothing to do with the first of another."""
    rows = [*arena(("base", "one", 2.0, "j")), *arena(("base", "two", 1.0, "j"))]
    for row in rows:
        row["instruction"] = None
    found = [row for row in rates([rows]) if row["metric"] == "win_rate_change"]
    assert [(row["value"], row["n"]) for row in found] == [(None, 0)]
