"""Which of several drawn instructions stays."""

import pytest

from humpback.lm import Completion
from humpback.methods.candidates import best, candidate, columns, every_clean, merged, shared_terms


def drawn(text: str, logprob: float | None = None, guard: str | None = None, times: int = 1, **more: float) -> dict:
    made = candidate(Completion(text, "stop", 3, logprob), cleaned=False)
    return {**made, "guard": guard, "drawn": times, **more}


def texts(candidates: list[dict]) -> list[str]:
    return [c["instruction"] for c in candidates]


def test_equal_candidates_are_one_and_counted() -> None:
    """Four copies in the list hide that the model said one thing four times."""
    once = merged([drawn("a"), drawn("b"), drawn("a"), drawn("a")])
    assert [(c["instruction"], c["drawn"]) for c in once] == [("a", 3), ("b", 1)]


def test_of_equal_texts_the_finished_one_stays() -> None:
    """One that ran into the limit would be dropped as runaway, although another draw ended there."""
    cut = {**drawn("a", -0.1), "finish": "length"}
    assert merged([cut, drawn("a", -0.9)])[0] == {**drawn("a", -0.9), "drawn": 2}


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([drawn("a", -0.9), drawn("b", -0.2)], "b"),
        ([drawn("a", -0.9), drawn("b", -0.2, "empty")], "a"),
        ([drawn("a", -0.9, "empty"), drawn("b", -0.2, "too_short")], "b"),
        ([drawn("a", -0.5), drawn("b", -0.5, times=2)], "b"),
        ([drawn("a"), drawn("b")], "a"),
        ([drawn("a", guard="empty"), drawn("b"), drawn("c")], "b"),
        ([drawn("a"), drawn("b", times=3), drawn("c", times=2)], "b"),
        ([drawn("a", None), drawn("b", -7.0)], "b"),
        ([drawn("a", float("-inf")), drawn("b", -7.0)], "b"),
    ],
)
def test_the_likeliest_clean_one_stays(candidates: list[dict], expected: str) -> None:
    """A missing log-probability must not count as certainty, and a fault never wins over a clean one."""
    assert texts(best(candidates, "logprob", 1)) == [expected]


def test_what_decided_is_told() -> None:
    """Choosing by the number of draws, for want of likelihoods, must not look like choosing by likelihood."""
    assert columns(drawn("a"))["chosen_by"] == "drawn"
    assert columns(drawn("a", -1.0))["chosen_by"] == "likelihood"
    assert columns(drawn("a", -1.0, round_trip=-0.5))["chosen_by"] == "round_trip"


def test_others_are_kept_only_if_clean_and_different() -> None:
    """Two wordings of one question are one pair twice."""
    asked = [
        drawn("How do I oil a bicycle chain?", -0.1),
        drawn("How can I oil a bicycle chain?", -0.2),
        drawn("Compare disc brakes with rim brakes.", -0.3),
        drawn("Name three tools for truing wheels.", -0.01, "too_short"),
    ]
    assert texts(best(asked, "logprob", 4)) == [asked[0]["instruction"], asked[2]["instruction"]]


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("oil the chain", "Oil the CHAIN, please", 1.0),
        ("oil the chain", "true a wheel", 0.0),
        ("如何给自行车链条上油", "如何给自行车链条清洗", 0.8),
        ("", "oil", 1.0),
    ],
)
def test_shared_terms_in_every_script(one: str, other: str, share: float) -> None:
    """Where no blanks part words, two wordings would share none and both stay."""
    assert shared_terms(one, other) == pytest.approx(share)


def test_a_log_probability_of_reasoning_is_none_of_the_instructions() -> None:
    """The mean over a thousand tokens of thought would rank instructions by the thoughts."""
    thought = Completion("<think>" + "so " * 50 + "</think>How do I oil a chain?", "stop", 60, -0.2)
    labelled = Completion("Question: How do I oil a chain?", "stop", 9, -0.2)
    assert candidate(thought, cleaned=True)["logprob"] is None
    assert candidate(labelled, cleaned=True)["logprob"] == -0.2
    assert candidate(labelled, cleaned=True)["instruction"] == "How do I oil a chain?"


def test_where_curation_chooses_each_clean_candidate_is_a_pair() -> None:
    """Ids of pairs must differ, and a text all of whose candidates fail a guard must still fall with its reason."""
    base = {"parent": "s"}
    made = list(every_clean(base, [drawn("a", -0.1), drawn("b", -0.2, "empty"), drawn("c", -0.3)]))
    assert [(each["instruction"], each["chosen_by"]) for each in made] == [("a", "curation"), ("c", "curation")]
    assert len({each["id"] for each in made}) == 2 and {each["parent"] for each in made} == {"s"}
    assert [each["instruction"] for each in every_clean(base, [drawn("b", -0.2, "empty")])] == ["b"]
