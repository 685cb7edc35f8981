"""Generic instructions are told from specific ones, by the backward model."""

from collections.abc import Sequence

import pytest

from humpback.curate.scorers.specificity import NO_TEXT, BackwardStage, backward_likelihood
from humpback.errors import LMError, RoleMismatch
from humpback.lm import LM
from humpback.lm.echo import Echo
from humpback.prompts.backward import BackwardConfig

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

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.calls.append(list(zip(prompts, targets, strict=True)))
        return super().logprob(prompts, targets, ended)


class Mute(Echo):
    """A server that gives no log-probabilities."""

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        raise LMError("the server gives no log-probabilities")


def rows(pairs: dict[str, str] = TEXTS) -> list[dict]:
    return [{"id": f"p{i}", "instruction": x, "response": y} for i, (x, y) in enumerate(pairs.items())]


def backward(lm: Echo, given: list[dict], **config: object) -> list[dict]:
    stage = BackwardStage(backward=BackwardConfig(prompt="trained", **config))  # type: ignore[arg-type]
    return list(backward_likelihood(stage, given, lm))  # type: ignore[arg-type]


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
    config = BackwardStage(backward=BackwardConfig(prompt=prompt, context="heading"))  # type: ignore[arg-type]
    out = list(backward_likelihood(config, given, lm))
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


def test_the_model_that_ships_reads_both(embedded: LM) -> None:
    """Real tokens: an instruction of its own text is likelier than that of the next one."""
    own = backward(embedded, rows())  # type: ignore[arg-type]
    answers = list(TEXTS.values())
    swapped = backward(embedded, rows(dict(zip(TEXTS, answers[1:] + answers[:1], strict=True))))  # type: ignore[arg-type]
    assert sum(a["specificity"] > b["specificity"] for a, b in zip(own, swapped, strict=True)) >= 4
