"""Who judged and wrote, and whether that is self-alignment."""

from dataclasses import replace
from typing import Any

import pytest

from humpback.report import who
from humpback.report.gather import Round

ROW = {"judge": "transformers:forward-0", "relevance": 0.4, "embedding_rank": 1, "entailment": None}
ROUND = Round(1, {"by": "score"}, None, [ROW], frozenset(), {}, [], [], [])


@pytest.mark.parametrize(
    ("config", "number", "words", "outside"),
    [
        ({"judge_lm": ""}, 1, "judged by transformers:forward-0 (M_0, the model in training)", False),
        ({}, 2, "judged by transformers:forward-0 (M_1, the model in training)", False),
        ({"lm": "echo"}, 0, "judged by transformers:forward-0", False),
        (
            {"teach": {"share": 0.2}},
            1,
            "(M_0, the model in training, taught to judge by 20% of its training examples)",
            False,
        ),
        ({"judge_lm": "x"}, 1, "forward-0, not by the model in training: this is no self-alignment", True),
    ],
)
def test_the_judge_is_named(config: dict[str, Any], number: int, words: str, outside: bool) -> None:
    """An outside judge that goes unsaid makes a claim of self-alignment that is not so."""
    said = who.judge(config, replace(ROUND, number=number))
    assert words in str(said) and said.outside is outside


def test_the_judge_may_be_older_than_the_round_before() -> None:
    """M_1 was refused, so M_0 judged round 2; and "M_1, the model in training" would be another's scores."""
    found = replace(ROUND, number=2, competence=[{"metric": "judge_valid", "model": "M_0"}])
    assert "(M_0, the model in training)" in str(who.judge({}, found))


def test_a_judge_that_scored_nothing_yet_is_named_by_the_settings() -> None:
    """A run that stopped after the competence was measured has no scored pair to read the name from."""
    empty = replace(ROUND, scored=[])
    assert str(who.judge({}, empty)) == "judged by M_0, the model in training"
    assert "judged by openai:x, not" in str(who.judge({"judge_lm": "openai:x"}, empty))


@pytest.mark.parametrize(
    ("by", "combined", "outside"),
    [
        ("score", [], False),
        ("relevance", [], True),
        ("combined", ["score", "embedding_rank"], True),
        ("combined", ["gain"], False),
    ],
)
def test_outside_scorers_are_named_and_those_that_select_are_marked(by: str, combined: list[str], outside: bool) -> None:
    """Selecting by an outside model is no self-alignment either, even where the judge is one's own."""
    config = {"relevance": {"embedding": "org/e", "entailment": None}, "combine": combined}
    [said] = who.others(config, replace(ROUND, plan={"by": by}))
    assert "relevance and embedding rank by the outside model org/e" in str(said) and said.outside is outside
    assert ("no self-alignment" in str(said)) is outside


def test_a_prompted_backward_model_is_named() -> None:
    """Of `humpback score` it is a scorer alone, and wrote nothing."""
    assert "written by openai:x" in str(who.writer({"corpus": {}, "backward_lm": "openai:x"}))
    assert who.writer({"corpus": {}, "backward_lm": ""}) is who.writer({"backward_lm": "openai:x"}) is None
