"""An instruction that fits finds its own answer among others."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from humpback.curate.scorers.retrieval_rank import RetrievalStage, negatives
from humpback.curate.scorers.retrieval_rank import retrieval as stage
from humpback.errors import LMError, RoleMismatch
from humpback.lm import LM
from humpback.lm.echo import Echo

TEXTS = {
    "How do I sharpen a blade on a stone?": "To sharpen a blade, hold it on the stone at a low angle.",
    "How do I know that jam sets?": "Jam sets when a drop of jam stays put on a cold plate.",
    "Why does the tide rise twice a day?": "The tide rises twice in a day since the moon pulls.",
    "How do I oil a bicycle chain?": "Oil a bicycle chain drop by drop, then wipe the chain.",
    "How is sourdough bread baked?": "Sourdough bread is baked hot, in a covered pot.",
}


class Asked(Echo):
    """Echo that keeps what it was asked log-probabilities for."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self.calls: list[list[tuple[str, str]]] = []
        self.role = role

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.calls.append(list(zip(prompts, targets, strict=True)))
        return super().logprob(prompts, targets, ended)


class Mute(Echo):
    """A server that gives no log-probabilities."""

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        raise LMError("the server gives no log-probabilities")


def rows(pairs: dict[str, str] = TEXTS) -> list[dict]:
    return [{"id": f"p{i}", "instruction": x, "response": y} for i, (x, y) in enumerate(pairs.items())]


def retrieval(lm: LM, given: list[dict], **config: int) -> list[Any]:
    return list(stage(RetrievalStage(max_tokens=200, **config), given, lm))


def test_a_model_of_the_other_role_is_refused() -> None:
    """The backward model reads a forward prompt too, and its numbers look like numbers."""
    with pytest.raises(RoleMismatch):
        retrieval(Asked(role="backward"), rows())


def test_a_fitting_instruction_finds_its_answer_and_a_swapped_one_does_not() -> None:
    """Pairs that were mixed up are fluent on both sides; only another answer shows it."""
    fit = retrieval(Echo(), rows(), negatives=4)
    assert [(row["retrieval_rank"], row["retrieval_of"], row["retrieval_status"]) for row in fit] == [(1, 5, "ok")] * 5
    answers = list(TEXTS.values())
    swapped = retrieval(Echo(), rows(dict(zip(TEXTS, answers[1:] + answers[:1], strict=True))), negatives=4)
    assert all(row["retrieval_rank"] > 1 for row in swapped)


def test_a_tie_counts_against_the_pair() -> None:
    """A model that gains nothing from any instruction would put every answer first."""

    class Flat(Echo):
        def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
            return [[-1.0] * 5 for _ in targets]

    assert [row["retrieval_rank"] for row in retrieval(Flat(), rows(), negatives=3)] == [4] * 5


def test_each_bare_answer_is_asked_once_per_window() -> None:
    """K other answers for each of n rows would ask n x K times for what are n numbers."""
    lm = Asked()
    retrieval(lm, rows(), negatives=3)
    assert [len(call) for call in lm.calls] == [5, 5, 5, 5, 5]
    assert all(len({target for _, target in call}) == 5 for call in lm.calls[:2])


@pytest.mark.parametrize(
    ("given", "lm", "status"),
    [
        (rows()[:1], Echo(), "alone"),
        (rows({"a?": "same text", "b?": "same text"}), Echo(), "alone"),
        (rows({"a " * 50: "one text", "b?": "another"})[:1] + rows({"x?": "z", "b?": "another"})[1:], Echo(context=40),
         "prompt_too_long"),
        (rows(), Mute(), "no_logprobs"),
    ],
)  # fmt: skip
def test_a_rank_that_cannot_be_had_is_null(given: list[dict], lm: LM, status: str) -> None:
    """First of one is not first."""
    out = retrieval(lm, given)[0]
    assert (out["retrieval_rank"], out["retrieval_of"], out["retrieval_status"]) == (None, None, status)


def test_negatives_follow_from_ids_and_never_hold_the_own_text() -> None:
    """A rank that depends on the order of the rows changes when a run is resumed; an equal text is no wrong answer."""
    ids = [f"r{i}" for i in range(40)]
    texts = [f"text {i % 25}" for i in range(40)]
    found = negatives(ids, texts, 7, seed=3)
    for i, others in enumerate(found):
        assert len(others) == 7 and len({texts[j] for j in others}) == 7
        assert texts[i] not in {texts[j] for j in others}
    order = random.Random(1).sample(range(40), 40)
    shuffled = negatives([ids[i] for i in order], [texts[i] for i in order], 7, seed=3)
    for place, i in enumerate(order):
        assert [texts[order[j]] for j in shuffled[place]] == [texts[j] for j in found[i]]
    assert found != negatives(ids, texts, 7, seed=4)


def test_fewer_others_than_asked_for() -> None:
    """The last window of a dataset may be small, and a rank says among how many."""
    assert [len(others) for others in negatives(["a", "b", "c"], ["x", "y", "x"], 7, 0)] == [1, 1, 1]
    assert negatives([], [], 7, 0) == []
    assert {row["retrieval_of"] for row in retrieval(Echo(), rows())} == {5}
