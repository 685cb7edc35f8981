"""Likelihood gain, IFD and mutual information."""

from collections.abc import Sequence

import pytest

from humpback.errors import LMError
from humpback.lm import LM
from humpback.lm.echo import Echo
from humpback.lm.likelihood import Likelihood, gains, likelihoods, mean_nll, worst_sentence
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


def test_the_end_is_asked_in_the_same_call_and_is_no_part_of_the_gain() -> None:
    """Asked by itself it would be a third reading, and counted in it would make short answers gain."""
    lm = Counting()
    cut = "Hold the blade at a low angle and draw it over"
    whole, short = likelihoods([PAIRS[0], (PAIRS[0][0], cut)], lm, TAG, 100)
    assert len(lm.calls) == 2 and whole.end is not None and short.end is not None and whole.end > short.end
    assert whole.given == mean_nll([forward_prompt(PAIRS[0][0], TAG)], [KNIFE], Echo())[0]


def test_a_clipped_answer_has_no_end() -> None:
    """Where it was clipped is no end that the model was ever to expect: long answers would all look cut off."""
    assert likelihoods(PAIRS[:1], Echo(), TAG, 5)[0].end is None


def test_a_model_that_tells_no_ends_and_no_tokens_still_has_gains() -> None:
    """A server scores given texts, and says nothing of what ends them."""

    class Server(Echo):
        def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
            if ended:
                raise LMError("no ends")
            return super().logprob(prompts, targets)

        def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
            return None

    for here, there in zip(likelihoods(PAIRS, Server(), TAG, 100), likelihoods(PAIRS, Echo(), TAG, 100), strict=True):
        assert (here.gain, here.ifd, here.end, here.worst) == (there.gain, there.ifd, None, None)


def test_the_worst_sentence_is_the_stranger() -> None:
    """In the mean over a whole answer one sentence of advertising is lost."""
    advert = "Save twenty percent today, and subscribe to our newsletter for more offers like this."
    instruction = f"Tell me this: {KNIFE} {JAM}"
    whole, spoilt = likelihoods(
        [(instruction, f"{KNIFE}\n{JAM}"), (instruction, f"{KNIFE}\n{advert}\n{JAM}")], Echo(), TAG, 100
    )
    assert (
        whole.worst is not None
        and spoilt.worst is not None
        and whole.worst - spoilt.worst > 1 > (whole.gain or 0) - (spoilt.gain or 0)
    )


@pytest.mark.parametrize(
    ("sentences", "worst"),
    [
        ([(0, 12), (12, 24)], 0.0),
        ([(0, 12), (12, 16), (16, 24)], 0.0),
        ([(0, 18), (18, 24)], 0.5),
        ([(0, 4)], 1.0),
        ([(0, 12), (12, 12)], 1.0),
        ([], None),
    ],
    ids=["two", "a short one with the next", "the last with the one before", "a short one alone", "an empty one", "none"],
)
def test_short_sentences_are_read_with_their_neighbours(sentences: list[tuple[int, int]], worst: float | None) -> None:
    """The gain of one word is mostly noise, and the lowest of many such would be noise alone."""
    given, bare = [0.0] * 24, [-1.0] * 12 + [0.0] * 12
    assert worst_sentence(given, bare, list(range(1, 25)), sentences) == worst
    assert worst_sentence(given, bare, [], sentences) is None and worst_sentence(None, bare, [], sentences) is None


def test_what_is_likely_anyhow_is_less_strange_than_what_nobody_expects() -> None:
    """Common phrases gain as little as adverts: what tells them apart is how likely they are where they stand."""
    common, advert = ([-1.0] * 20, [-1.0] * 20), ([-4.0] * 20, [-4.0] * 20)
    [one, other] = [worst_sentence(given, bare, list(range(1, 21)), [(0, 20)]) for given, bare in (common, advert)]
    assert one is not None and other is not None and one > other
