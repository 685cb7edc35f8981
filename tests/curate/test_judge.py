"""Scores: read from the labels, or from what the judge wrote, or null with a reason."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from humpback.config import planned
from humpback.curate import judge as j
from humpback.curate.judge import JudgeConfig, gate, graded, reparse, verdict
from humpback.curate.rubric import rubric, rubric_digest
from humpback.errors import LMError, UsageFault
from humpback.lm import Answer, Completion, Question, Sampling, chat, decisions
from humpback.lm.echo import Echo
from humpback.prompts.judge import state
from humpback.recipes.demo import MATERIAL

PAIR = {"id": "p", "instruction": "How do I oil a chain?", "response": "Oil the chain with a drop on each link."}
TEXT, MULTI = JudgeConfig(mode="text"), JudgeConfig(mode="multi", samples=4)


def rows(count: int) -> list[dict[str, Any]]:
    return [{**PAIR, "id": f"p{i}", "response": f"{PAIR['response']} {i}"} for i in range(count)]


class Writes(Echo):
    """Writes `script` in turn, and decides that every text arrives at level `arrives`, with `mass` on the labels."""

    def __init__(self, script: Sequence[str], arrives: int = 3, mass: float | None = 0.9, finish: str = "stop") -> None:
        super().__init__()
        self.turns, self.arrives, self.mass, self.finish = list(script), arrives, mass, finish
        self.seeds: list[int] = []
        self.asked: list[tuple[str, Question]] = []

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.history += prompts
        self.seeds += seeds
        return [Completion(self.turns[i % len(self.turns)], self.finish, 3, -1.0) for i in range(len(prompts))]  # type: ignore[arg-type]

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        self.asked += [(s, q) for s in states for q in questions]
        one = tuple(float(i == self.arrives - 1) for i in range(5))
        return [[Answer(one, float(self.arrives), 1.0, self.mass) for _ in questions] for _ in states]


# Rubrics.


@pytest.mark.parametrize(("name", "levels"), [("rubric-v1", [5]), ("rubric-axes-v1", [5] * 3), ("rubric-grades-v1", [3])])
def test_shipped_rubrics_have_levels_without_numerals(name: str, levels: list[int]) -> None:
    """A level text that says "5 points" collides with the labels of some servers."""
    made = rubric(name)
    assert [len(q.options) for q in made] == levels and len({q.text for q in made}) == len(levels)


def test_a_rubric_of_ones_own(tmp_path: Path) -> None:
    """A file may hold several questions, and its text is part of the plan, since it can change under its name."""
    path = tmp_path / "own.txt"
    path.write_text("Is it good?\r\n- no\r\n- yes\r\n\r\n\r\nIs it kind?\r\n- no\r\n- yes\r\n", newline="")
    assert [(q.text, q.options) for q in rubric(str(path))] == [
        ("Is it good?", ("no", "yes")),
        ("Is it kind?", ("no", "yes")),
    ]
    before = rubric_digest(str(path))
    path.write_text("Is it good?\n- no\n- very")
    assert rubric_digest(str(path)) != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Good", "0 levels"),
        ("Good?\n- yes", "1 levels"),
        ("Good?" + "\n- a" * 11, "11 levels"),
        ("Good?\n- worth 1 point\n- b", "1 point"),
        ("Good?\n- a\n- b\n\nKind?\n- a\n- b\n- c", "2 and 3"),
        ("Good?\n\nKind?\n- a\n- b", "0 and 2"),
        ("", "no levels"),
        (None, "neither"),
        (b"\xff\xfe\x00", "neither"),
    ],
)
def test_a_broken_rubric_is_refused(tmp_path: Path, text: str | bytes | None, said: str) -> None:
    """A rubric read wrongly scores a whole corpus before anybody looks."""
    path = tmp_path / "own.txt"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageFault, match=said) as fault:
        rubric(str(path))
    assert fault.value.hint


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("expected", {"pair-v2", "decide-v2"}),
        ("text", {"pair-v2", "judge-text-v1", "judge-forced-v2", "decide-v2"}),
        ("multi", {"pair-v2", "judge-text-v1"}),
    ],
)
def test_a_plan_names_the_prompts_of_the_mode_and_the_rubric_by_its_text(tmp_path: Path, mode: str, shown: set[str]) -> None:
    """Scores of another rubric under the same name would be taken over for those of this one."""
    path, copy = tmp_path / "own.txt", tmp_path / "copy.txt"
    for each in (path, copy):
        each.write_text("Is it good?\n- no\n- yes")
    plans = [planned(JudgeConfig(mode=mode, rubric=str(each))) for each in (path, copy)]  # type: ignore[arg-type]
    path.write_text("Is it good?\n- no\n- very")
    assert set(plans[0]["reads"]) == shown and plans[0] == plans[1]
    assert planned(JudgeConfig(mode=mode, rubric=str(path))) != plans[0]  # type: ignore[arg-type]


# expected


@pytest.mark.parametrize(("mass", "status"), [(0.9, "ok"), (0.5, "ok"), (0.49, "undecided"), (None, "ok")])
def test_little_label_mass_leaves_a_pair_unscored(mass: float | None, status: str) -> None:
    """45 to 67 % of scores were lost in silence elsewhere; here they are counted as undecided. None: it is not told."""
    made = verdict([Answer((0, 0, 0, 0, 1.0), 5.0, 1.0, mass)], JudgeConfig())
    assert made["status"] == status and (made["score"] is None) == (status != "ok") and made["label_mass"] == mass


def test_a_pair_that_does_not_fit_is_told_apart() -> None:
    """Too long and undecided are different faults with different remedies."""
    assert verdict([Answer((), None, None, 0.0)], JudgeConfig())["status"] == "prompt_too_long"


def test_a_label_that_was_written_counts_without_probabilities() -> None:
    """A server that can only write its label still judges."""
    made = verdict([Answer((), 4.0, None, None, via="written")], JudgeConfig())
    assert (made["score"], made["level"], made["status"], made["via"]) == (4.0, 4, "ok", "written")


def test_several_questions_give_their_mean_and_the_weakest_decides() -> None:
    """A mean over the questions that happened to be answered compares pairs by different questions."""
    sure, unsure = Answer((0, 0, 0, 0, 1.0), 5.0, 1.0, 0.9), Answer((1.0, 0, 0, 0, 0), 1.0, 1.0, 0.2)
    both = verdict([sure, Answer((1.0, 0, 0, 0, 0), 1.0, 1.0, 0.9)], JudgeConfig())
    assert (both["score"], both["aspects"], both["status"]) == (3.0, [5.0, 1.0], "ok")
    assert verdict([sure, unsure], JudgeConfig())["score"] is None and verdict([sure], JudgeConfig())["aspects"] is None


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.2, 20, 60), (1.0, 200, 200)])
def test_a_share_of_the_pairs_is_asked_in_reverse(share: float, least: int, most: int) -> None:
    """Which pairs these are is a matter of their ids: drawn by place, a resumed run would score other pairs in other orders.
    And no score may depend on it, or pairs are compared on two scales.
    """
    pairs, config = rows(200), JudgeConfig(reverse=share)
    made = graded(pairs, Echo(), 100, config)
    assert least <= sum(each["order_gap"] is not None for each in made) <= most
    assert all((each["order_gap"] is None) == (each["order_flips"] is None) for each in made)
    assert graded(pairs[::-1], Echo(), 100, config) == made[::-1]
    alone = [each["score"] for each in graded(pairs, Echo(), 100, JudgeConfig(reverse=0))]
    assert share == 1 or [each["score"] for each in made] == alone


class Habit(Echo):
    """Says A whatever A is."""

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        said = [0.0, *[-99.0] * 4]
        return [[decisions.answer(q, said, *[said] * (q.orders != "forward")) for q in questions] for _ in states]


def test_a_habit_of_position_is_seen_in_the_share() -> None:
    """A judge that always says A puts every pair on the lowest level, and is sure of it; in both orders it knows nothing."""
    mean, first = (graded([PAIR, *rows(40)], Habit(), 100, JudgeConfig(reverse=share)) for share in (1, 0.3))
    assert {each["score"] for each in mean} == {3.0} and {each["score"] for each in first} == {1.0}
    told = {(each["order_gap"], each["order_flips"]) for each in first}
    assert told == {(None, None), (4.0, 1.0)} and {each["order_flips"] for each in mean} == {1.0}


def test_what_judging_reads_beside_the_pair(embedded) -> None:  # type: ignore[no-untyped-def]
    """The levels stood behind each pair, twice, and 3.8 tokens were read for one of the pair. They are read once, and what a
    pair costs is itself, its quotation and the line that asks for a label.
    """
    pairs = [json.loads(line) for line in (MATERIAL / "seed.jsonl").read_text(encoding="utf-8").splitlines()][:48]
    own = sum(len(chat.plain_ids(embedded.tokenizer, pair[name])) for pair in pairs for name in ("instruction", "response"))
    read = []
    for share in (0.0, 1.0):
        before = embedded.usage
        graded(pairs, embedded, 1536, JudgeConfig(reverse=share))
        read.append((embedded.usage - before).prompt_tokens)
    head = len(chat.plain_ids(embedded.tokenizer, decisions.prompt("", rubric()[0])))
    assert read[0] - head < 1.18 * own and read[0] < 1.25 * own and read[1] == pytest.approx(2 * read[0], abs=2)


def test_a_rubric_of_yes_and_no_is_on_the_papers_levels() -> None:
    """A threshold of 4.5 that no answer reaches keeps nothing; and a text cannot write the level of a predicate."""
    made = graded(rows(9), Echo(), 100, JudgeConfig(rubric="rubric-predicates-v1"))
    assert all(each["status"] == "ok" and 1 < each["score"] < 5 and len(each["aspects"]) == 3 for each in made)
    assert len({each["score"] for each in made}) == 9
    with pytest.raises(UsageFault, match=r"asks for yes or no, and judge\.mode=text"):
        graded(rows(1), Echo(), 100, JudgeConfig(rubric="rubric-predicates-v1", mode="text"))


def test_the_pair_is_shown_as_quoted_lines() -> None:
    """What a page writes must not be taken for the question."""
    shown, clipped = state("ask\nmore", "say", Echo().clip, 100)
    assert "\n> ask\n> more\n" in shown and shown.endswith("\n> say") and not clipped


def test_many_short_lines_do_not_outgrow_the_limit(embedded) -> None:  # type: ignore[no-untyped-def]
    """Each quoted line costs more tokens than the line: a poem within the limit would no longer fit the context."""
    shown, clipped = state("ask", "a\n" * 200, embedded.clip, 100)
    assert clipped and len(embedded.tokenizer.encode(shown)) < 100 + len(
        embedded.tokenizer.encode(state("ask", "", embedded.clip, 9)[0])
    )


# text


@pytest.mark.parametrize(
    ("text", "mass", "finish", "expected"),
    [
        ("Fine.\nScore: 4", 0.9, "stop", (4.0, "ok", [None])),
        ("Fine.", 0.9, "stop", (3.0, "forced", [3.0])),
        ("Score: 91", 0.9, "stop", (3.0, "forced", [3.0])),
        ("Fine.", None, "stop", (3.0, "forced", [3.0])),
        ("Fine.", 0.1, "stop", (None, "missing", [None])),
        ("Score: 91", 0.1, "stop", (None, "out_of_range", [None])),
        ("The answer", 0.1, "length", (None, "truncated", [None])),
    ],
)
def test_what_the_judge_wrote_or_where_it_arrives(text: str, mass: float | None, finish: str, expected: tuple) -> None:
    """An unreadable judgement is asked where it arrives, and only then lost, with its reason."""
    lm = Writes([text], mass=mass, finish=finish)
    [made] = graded([PAIR], lm, 100, TEXT)
    assert (made["score"], made["status"], made["forced"]) == expected and made["judgement"] == [text]
    assert bool(lm.asked) == (text != "Fine.\nScore: 4")


def test_the_retry_shows_the_pair_and_what_was_written() -> None:
    """A level without the reasoning is another judgement, not this one's."""
    lm = Writes(["It lacks detail."])
    graded([PAIR], lm, 100, TEXT)
    [(shown, question)] = lm.asked
    assert f"> {PAIR['response']}" in shown and shown.endswith("> It lacks detail.")
    assert question.text == "Which level does the judgement below arrive at?" and question.options == rubric()[0].options


def test_the_prompt_asks_for_the_reasoning_first() -> None:
    """A score before its reasoning is a guess with an excuse."""
    lm = Writes(["Score: 4"])
    graded([PAIR], lm, 100, TEXT)
    assert "1: It is incomplete" in lm.history[0] and "5: It is a perfect" in lm.history[0]
    assert lm.history[0].index("First write") < lm.history[0].index("last line")


def test_a_judge_that_cannot_decide_still_writes() -> None:
    """The retry must not cost the scores that can be read."""

    class NoDecide(Writes):
        def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
            raise LMError("cannot")

    made = graded(rows(2), NoDecide(["Score: 4", "Hm."]), 100, TEXT)
    assert [each["status"] for each in made] == ["ok", "missing"]


def test_a_pair_too_long_for_the_judge_has_no_text() -> None:
    """One long pair must not end the batch, nor be asked again by force."""
    lm = Echo(["Score: 4"], context=800)
    long = {**PAIR, "instruction": "word " * 900}
    made = graded([PAIR, long], lm, 100, TEXT)
    assert [each["status"] for each in made] == ["ok", "prompt_too_long"] and made[1]["judgement"] is None


def test_several_questions_are_each_written_about() -> None:
    """The texts of one question parsed as those of another give scores that look right."""
    axes = JudgeConfig(mode="text", rubric="rubric-axes-v1")
    [made] = graded([PAIR], Writes(["Score: 5", "Score: 1", "Score: 3"]), 100, axes)
    assert (made["score"], made["aspects"]) == (3.0, [5.0, 1.0, 3.0])
    [made] = graded([PAIR], Writes(["Score: 5", "Hm", "Score: 3"], mass=0.0), 100, axes)
    assert (made["score"], made["aspects"], made["status"]) == (None, None, "missing")


# multi


@pytest.mark.parametrize(
    ("script", "score", "status"),
    [
        (["Score: 4", "Score: 5", "Score: 4", "Score: 5"], 4.5, "ok"),
        (["Score: 4", "Score: 2", "no", "no"], 3.0, "ok"),
        (["Score: 4", "no", "no", "no"], None, "too_few_valid"),
    ],
)
def test_the_mean_of_the_valid_draws(script: list[str], score: float | None, status: str) -> None:
    """A mean over one draw of four would have its noise and look like four."""
    lm = Writes(script)
    [made] = graded([PAIR], lm, 100, MULTI)
    assert (made["score"], made["status"], made["judgement"]) == (score, status, script)
    assert len(set(lm.seeds)) == 4 and not lm.asked


def test_draws_belong_to_the_row_and_the_round() -> None:
    """A draw that depends on its batch changes when a run goes on; one that is the same each round hides its noise."""
    seeds = []
    for salt, ids in (("1", "ab"), ("1", "ba"), ("2", "ab")):
        lm = Writes(["Score: 4"])
        graded([{**PAIR, "id": each} for each in ids], lm, 100, MULTI, salt)
        seeds.append({each: lm.seeds[4 * i : 4 * i + 4] for i, each in enumerate(ids)})
    assert seeds[0] == seeds[1] != seeds[2]


# clipped responses


@pytest.mark.parametrize(("config", "score"), [(TEXT, 4.0), (MULTI, 4.0), (JudgeConfig(), 5.0)])
def test_a_clipped_response_is_not_perfect(config: JudgeConfig, score: float) -> None:
    """A judge that has not seen the end cannot know that there is no stray sentence; of an expectation it is recorded."""
    lm = Writes(["Score: 5"], arrives=5)
    [made] = graded([{**PAIR, "response": "word " * 200}], lm, 50, config)
    assert made["judged_clipped"] and made["score"] == score
    [whole] = graded([PAIR], lm, 50, config)
    assert not whole["judged_clipped"] and whole["score"] == 5.0


# Reading again


@pytest.mark.parametrize("config", [TEXT, MULTI, JudgeConfig(mode="text", rubric="rubric-axes-v1"), JudgeConfig()])
@pytest.mark.parametrize("mass", [0.9, 0.1])
def test_what_was_written_can_be_read_again_without_a_call(config: JudgeConfig, mass: float) -> None:
    """A better parser must not cost 271 GPU-hours again."""
    cases = [*rows(5), {**PAIR, "id": "long", "response": "word " * 200}]
    lm = Writes(["Score: 5", "Hm.", "Score: 91", "Score: 2/5", "**Score:** 4"], mass=mass, finish="length")
    for row in graded(cases, lm, 60, config):
        assert reparse({**row, "score": -1.0 if row["judgement"] else row["score"]}, config) == row


# How many answers are scores


@pytest.mark.parametrize(("valid", "warns"), [(100, False), (85, False), (84, True), (60, True)])
def test_the_gate_warns(valid: int, warns: bool) -> None:
    """A share that nobody sees falls until nothing is left."""
    told = gate(valid, 100, JudgeConfig(), "m")
    assert (told is not None) == warns and (not told or (str(valid) in told and "85%" in told))


def test_the_gate_stops() -> None:
    """What an unreadable judge selects is an accident; both values, and what to type."""
    with pytest.raises(j.JudgeUnreadable, match=r"59 of 100 .*60%") as stop:
        gate(59, 100, JudgeConfig(), "m")
    assert "--set" in stop.value.hint and gate(0, 0, JudgeConfig(), "m") is None
