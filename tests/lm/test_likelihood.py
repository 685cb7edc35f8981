"""Likelihood gain, IFD and mutual information."""

from collections.abc import Sequence

import pytest

from humpback.lm import LM
from humpback.lm.echo import Echo
from humpback.lm.likelihood import Likelihood, gains, likelihoods, mean_nll
from humpback.prompts.forward import forward_prompt

TAG = "Answer with knowledge from web search."
KNIFE = "Hold the blade at a low angle and draw it over the stone, ten strokes on each side."
BFLOAT16 = 0.02  # nats per token: its rounding came to 0.003 here
JAM = "Boil the berries with sugar until a drop of the jam sets on a cold plate."
PAIRS = [("How do I sharpen a blade on a stone?", KNIFE), ("How do I know that jam sets?", JAM), ("Explain tides.", JAM)]


class Counting(Echo):
    """Echo that counts how often it is called for log-probabilities, and for what."""

    def __init__(self, context: int = 4096) -> None:
        super().__init__(context=context)
        self.calls: list[list[tuple[str, str]]] = []

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.calls.append(list(zip(prompts, targets, strict=True)))
        return super().logprob(prompts, targets, ended)


def test_ifd_is_one_minus_the_gain_over_the_bare_answer() -> None:
    """A ratio of perplexities, or one turned upside down, would still look like a number between 0 and 2."""
    for each in likelihoods(PAIRS, Echo(), TAG, 100):
        assert each.bare and each.gain is not None
        assert each.ifd == pytest.approx(1 - each.gain / each.bare)
        assert (each.ifd > 1) == (each.gain < 0)


@pytest.mark.parametrize(
    ("likelihood", "gain", "ifd"),
    [
        (Likelihood(1.0, 2.0, 10), 1.0, 0.5),
        (Likelihood(3.0, 2.0, 10), -1.0, 1.5),
        (Likelihood(0.0, 0.0, 3), 0.0, None),
        (Likelihood(None, 2.0, 3), None, None),
        (Likelihood(1.0, None, 3), None, None),
    ],
)
def test_what_cannot_be_had_is_null(likelihood: Likelihood, gain: float, ifd: float) -> None:
    """A zero or a NaN in place of a null would be ranked as a measurement."""
    assert (likelihood.gain, likelihood.ifd) == (gain, ifd)


def test_two_calls_and_equal_bare_answers_once() -> None:
    """Several instructions per text would pay for the same bare answer again and again."""
    lm = Counting()
    likelihoods(PAIRS, lm, TAG, 100)
    assert [len(call) for call in lm.calls] == [3, 2]
    assert {prompt for prompt, _ in lm.calls[1]} == {forward_prompt("", TAG)}


def test_answers_are_clipped_before_either_call() -> None:
    """A bare answer longer than the given one would compare two different texts."""
    lm = Counting()
    (one,) = likelihoods(PAIRS[:1], lm, TAG, 5)
    assert one.tokens == 5
    assert {target for call in lm.calls for _, target in call} == {"Hold the blade at a"}


def test_a_pair_that_does_not_fit_is_null_and_keeps_its_place() -> None:
    """A skipped pair would shift every score after it by one."""
    long = "word " * 60
    read = likelihoods([(long, JAM), PAIRS[1]], Counting(context=40), TAG, 100)
    assert read[0].given is None and read[0].gain is None and read[0].bare is not None
    assert read[1] == likelihoods([PAIRS[1]], Counting(context=40), TAG, 100)[0]


def test_gains_and_mean_nll_are_the_same_numbers() -> None:
    """Two computations of one quantity drift apart."""
    read = likelihoods(PAIRS, Echo(), TAG, 100)
    assert gains(PAIRS, Echo(), TAG, 100) == [each.gain for each in read]
    asked = [forward_prompt(instruction, TAG) for instruction, _ in PAIRS]
    assert mean_nll(asked, [answer for _, answer in PAIRS], Echo()) == [each.given for each in read]


def test_no_pairs_no_calls_fail() -> None:
    """An empty window must not reach a model that cannot batch nothing."""
    assert likelihoods([], Echo(), TAG, 10) == []


def test_a_pair_scores_the_same_alone_and_in_a_batch(embedded: LM) -> None:
    """Padding that leaks into attention would make a score depend on its neighbours."""
    together = likelihoods(PAIRS, embedded, TAG, 64)
    for pair, batched in zip(PAIRS, together, strict=True):
        (alone,) = likelihoods([pair], embedded, TAG, 64)
        assert alone.tokens == batched.tokens
        assert alone.given == pytest.approx(batched.given, abs=BFLOAT16)
        assert alone.bare == pytest.approx(batched.bare, abs=BFLOAT16)
