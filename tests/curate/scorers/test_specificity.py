"""Generic instructions are told from specific ones, by the backward model and by retrieval."""

import random
from collections.abc import Sequence

import pytest

from humpback.curate.specificity import NO_TEXT, BackwardLikelihood, Retrieval, negatives
from humpback.errors import LMError, RoleMismatch
from humpback.lm import LM
from humpback.lm.echo import Echo
from humpback.prompts.backward import BackwardConfig
from humpback.prompts.forward import TagConfig

TEXTS = {
    "How do I sharpen a blade on a stone?": "To sharpen a blade, hold it on the stone at a low angle.",
    "How do I know that jam sets?": "Jam sets when a drop of jam stays put on a cold plate.",
    "Why does the tide rise twice a day?": "The tide rises twice in a day since the moon pulls.",
    "How do I oil a bicycle chain?": "Oil a bicycle chain drop by drop, then wipe the chain.",
    "How is sourdough bread baked?": "Sourdough bread is baked hot, in a covered pot.",
}
GENERIC = "Could you write something interesting please?"


class Asked(Echo):
    """Echo that keeps what it was asked log-probabilities for."""

    def __init__(self, context: int = 4096, role: str = "") -> None:
        super().__init__(context=context)
        self.calls: list[list[tuple[str, str]]] = []
        self.role = role

    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        self.calls.append(list(zip(prompts, targets, strict=True)))
        return super().logprob(prompts, targets)


class Mute(Echo):
    """A server that gives no log-probabilities."""

    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        raise LMError("the server gives no log-probabilities")


def rows(pairs: dict[str, str] = TEXTS) -> list[dict]:
    return [{"id": f"p{i}", "instruction": x, "response": y} for i, (x, y) in enumerate(pairs.items())]


def backward(lm: Echo, given: list[dict], **config: object) -> list[dict]:
    return list(BackwardLikelihood(BackwardConfig(prompt="trained", **config), TagConfig())(given, lm))  # type: ignore[arg-type]


def retrieval(lm: LM, given: list[dict], **config: int) -> list[dict]:
    return list(Retrieval(TagConfig(), 200, **config)(given, lm))


def test_a_generic_instruction_is_the_least_specific() -> None:
    """By its likelihood alone a generic question outranks every specific one."""
    given = [*rows(), {"id": "g", "instruction": GENERIC, "response": "Jam sets when a drop of jam stays put."}]
    *specific, generic = (row["specificity"] for row in backward(Echo(), given))
    assert all(value > generic for value in specific)


@pytest.mark.parametrize("prompt", ["trained", "prompted"])
def test_specificity_is_the_difference_of_the_two_prompts(prompt: str) -> None:
    """The text, or its heading, left in the prompt without a text would make everything look generic."""
    lm = Asked()
    given = [{**row, "header_path": ["Ripe berries"]} for row in rows()]
    config = BackwardConfig(prompt=prompt, context="heading")  # type: ignore[arg-type]
    out = list(BackwardLikelihood(config, TagConfig())(given, lm))
    with_text, without = lm.calls
    for row, (shown, x), (blank, same) in zip(out, with_text, without, strict=True):
        assert row["response"] in shown and "Ripe berries" in shown and x == same == row["instruction"]
        assert NO_TEXT in blank and row["response"] not in blank and "Ripe berries" not in blank
        read, bare = (Echo().logprob([prompt_], [x])[0] for prompt_ in (shown, blank))
        assert read and bare
        assert row["backward_logprob"] == pytest.approx(sum(read) / len(read))
        assert row["specificity"] == pytest.approx(sum(read) / len(read) - sum(bare) / len(bare))
        assert row["backward_status"] == "ok"


def test_an_instruction_without_a_text_is_asked_once() -> None:
    """Half of all the cost of this score, where many texts have got the same question."""
    lm = Asked()
    backward(lm, [{"id": str(i), "instruction": GENERIC, "response": y} for i, y in enumerate(TEXTS.values())])
    assert [len(call) for call in lm.calls] == [5, 1]


def test_what_does_not_fit_is_null_with_its_status() -> None:
    """A zero would be the best log-probability of all."""
    given = [{"id": "long", "instruction": "Why?", "response": "word " * 100}, *rows()[:1]]
    long, short = backward(Asked(context=90), given)
    assert (long["backward_logprob"], long["specificity"], long["backward_status"]) == (None, None, "prompt_too_long")
    assert short["backward_status"] == "ok"
    mute = backward(Mute(), rows())
    assert {row["backward_status"] for row in mute} == {"no_logprobs"} and mute[0]["specificity"] is None


def test_models_of_the_other_role_are_refused() -> None:
    """The forward model reads a backward prompt too, and its numbers look like numbers."""
    with pytest.raises(RoleMismatch):
        backward(Asked(role="forward"), rows())
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
        def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
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


def test_the_model_that_ships_reads_both(embedded: LM) -> None:
    """Real tokens: an instruction of its own text is likelier than that of the next one."""
    own = backward(embedded, rows())  # type: ignore[arg-type]
    answers = list(TEXTS.values())
    swapped = backward(embedded, rows(dict(zip(TEXTS, answers[1:] + answers[:1], strict=True))))  # type: ignore[arg-type]
    assert sum(a["specificity"] > b["specificity"] for a, b in zip(own, swapped, strict=True)) >= 4
