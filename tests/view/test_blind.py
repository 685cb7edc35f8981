"""Answers without names: the sides say nothing, and what is said of them comes back to the right model."""

import json

import pytest
from view.conftest import place_of

from humpback.metrics.kappa import agreement
from humpback.view import blind, labelling
from humpback.view.opened import Opened


def test_nothing_in_a_sheet_tells_who_wrote_what(answers: Opened) -> None:
    place = place_of(answers, "asked")
    sheet = [blind.shown(row) for row in labelling.asked(answers, place).rows()]
    assert all(set(row) == {"id", "instruction", "left", "right", "choice"} for row in sheet)
    lefts = [row["left"].startswith("outputs") for row in sheet]
    assert 0 < sum(lefts) < len(lefts)


def test_a_choice_is_turned_back(answers: Opened) -> None:
    """By whoever always takes the model's answer, the model has won every time; by whoever takes the left, some."""
    place = place_of(answers, "asked")
    rows = list(labelling.asked(answers, place).rows())
    for row in rows:
        side = "left" if blind.is_model_left(row["id"]) else "right"
        for who, choice in (("fan", side), ("lazy", "left"), ("none", "neither")):
            answers.labels.add(
                labelling.line_of(
                    answers, {"kind": "answers", "place": place, "id": row["id"], "who": who, "choice": choice}
                )
            )
    found = {each.who: each for each in labelling.results(answers, place)["tallies"]}
    assert (found["fan"].won, found["fan"].lost, found["fan"].rate) == (12, 0, 1.0)
    assert 0 < found["lazy"].won < 12 and found["lazy"].n == 12 and found["none"].tied == 12
    judge = found["the judge"]
    assert judge.n == 12 and {each[:2] for each in labelling.results(answers, place)["agreements"]} >= {("fan", "the judge")}


def test_a_sheet_goes_out_and_comes_back(answers: Opened) -> None:
    place = place_of(answers, "asked")
    sheet = [blind.shown(row) for row in labelling.asked(answers, place).rows()]
    # Web text has characters that some take for ends of lines.
    filled = [{**row, "left": "a\u2028b\x85c", "choice": "left" if i % 2 else ""} for i, row in enumerate(sheet)]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in filled)
    lines = labelling.lines_of_sheet(answers, place, "ann", text)
    assert [line["id"] for line in lines] == [row["id"] for row in filled if row["choice"]] and lines[0]["who"] == "ann"
    for wrong, said in (
        ({**filled[1], "choice": "mine"}, "line 1: a choice is one of"),
        ({"id": "x", "choice": "left"}, "no such row"),
        (3, "line 1"),
    ):
        with pytest.raises(ValueError, match=said):
            labelling.lines_of_sheet(answers, place, "ann", json.dumps(wrong))


@pytest.mark.parametrize(("first", "second", "kappa"), [
    ("aabb", "aabb", 1.0), ("aabb", "bbaa", -1.0), ("aabb", "abab", 0.0), ("aaaa", "aaaa", None),
])  # fmt: skip
def test_kappa(first: str, second: str, kappa: float | None) -> None:
    found = agreement(first, second)
    assert found is not None and found.kappa == (None if kappa is None else pytest.approx(kappa))


def test_kappa_is_that_of_a_library() -> None:
    """The figure of a formula that is written down once more."""
    from sklearn.metrics import cohen_kappa_score

    first, second = list("aabbbccaabcab" * 3), list("abbbaccacbcaa" * 3)
    found = agreement(first, second)
    assert found is not None and found.kappa == pytest.approx(cohen_kappa_score(first, second)) and found.n == 39
    assert agreement([], []) is None
