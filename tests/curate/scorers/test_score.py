"""The stage that judges: every pair with all measures, and an unreadable judge found out early."""

from collections.abc import Sequence
from typing import Any

import pytest

from humpback.curate.judge import JudgeConfig, JudgeUnreadable
from humpback.curate.scorers.score import FIRST_ASKED, JudgeStage, judged
from humpback.errors import LMError
from humpback.lm import Completion, Sampling
from humpback.lm.echo import Echo

PAIR = {"instruction": "How do I oil a chain?", "response": "Oil the chain with a drop on each link."}
TEXT, MULTI = JudgeConfig(mode="text"), JudgeConfig(mode="multi", samples=4)


def rows(count: int) -> list[dict[str, Any]]:
    return [{**PAIR, "id": f"p{i}", "response": f"{PAIR['response']} {i}"} for i in range(count)]


def scored(lm: Any, count: int, judge: JudgeConfig | None = None) -> list[Any]:
    return list(judged(JudgeStage(max_tokens=100, round=1, judge=judge or JudgeConfig()), rows(count), lm))


class Writes(Echo):
    """Writes one text, whatever it is asked, and decides nothing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.history += prompts
        return [Completion(self.text, "stop", 3, -1.0) for _ in prompts]

    def decide(self, states: Any, questions: Any) -> Any:
        raise LMError("cannot")


class Chat(Echo):
    """A server that gives no log-probabilities."""

    retryable = False

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        raise LMError("no log-probabilities here", "", retryable=self.retryable)


@pytest.mark.parametrize("config", [JudgeConfig(), TEXT, MULTI])
def test_every_pair_gets_a_row_with_all_measures(config: JudgeConfig) -> None:
    """A threshold may be changed later only if all scores were kept."""
    made = scored(Echo(["Score: 3"]), 5, config)
    assert [row["id"] for row in made] == [row["id"] for row in rows(5)]
    assert all(row["score"] is not None and row["gain"] is not None and row["ifd"] is not None for row in made)
    assert {(row["round"], row["judge"], row["mode"]) for row in made} == {(1, "echo", config.mode)}
    assert len({frozenset(row) for row in made}) == 1


def test_a_model_without_log_probabilities_keeps_its_scores() -> None:
    """A chat server can judge; that it gives no likelihoods must not cost the scores."""
    assert all(row["score"] is not None and row["gain"] is None and row["status"] == "ok" for row in scored(Chat(), 3))


def test_what_may_succeed_later_is_raised() -> None:
    """A server that is down for a minute must not leave a column of nulls."""
    lm = Chat()
    lm.retryable = True
    with pytest.raises(LMError):
        scored(lm, 3)


def test_an_unreadable_judge_is_found_out_before_the_rest_is_paid_for() -> None:
    """Scoring took 271 GPU-hours elsewhere before anybody saw that half of it could not be read."""
    lm = Writes("Hm.")
    with pytest.raises(JudgeUnreadable):
        scored(lm, 250, TEXT)
    assert len(lm.history) == FIRST_ASKED
    good = Writes("Score: 4")
    assert len(scored(good, 250, TEXT)) == 250 and len(good.history) == 250
