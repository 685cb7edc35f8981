"""What training on the seed has gained a pair, by two models whose losses are known."""

import math

import pytest

from humpback.curate.scorers.gain import LikelihoodStage
from humpback.curate.scorers.seed_gain import base_likelihood, seed_gain
from humpback.errors import RoleMismatch
from humpback.lm.echo import Echo
from humpback.prompts.forward import TagConfig

TAGS = TagConfig()
ROWS = [
    {"id": "a", "instruction": "How do I oil a chain?", "response": "Put a drop on each link."},
    {"id": "b", "instruction": "What is rust?", "response": "Iron that has met water and air for a long time."},
]


class Known(Echo):
    """Gives every token of a target the same loss, and notes what it was asked."""

    def __init__(self, loss: float, role: str = "") -> None:
        super().__init__()
        self.loss, self.role, self.asked = loss, role, []

    def logprob(self, prompts, targets, ended=False):  # type: ignore[no-untyped-def]
        self.asked += list(zip(prompts, targets, strict=True))
        return [[-self.loss] * len(target.split()) for target in targets]


def measured(base: Known, forward: Known, width: int = 256) -> list[dict]:
    config = LikelihoodStage(tags=TAGS, max_tokens=width)
    rows = list(base_likelihood(config, ROWS, base))
    return list(seed_gain(config, rows, forward))  # type: ignore[arg-type]


def test_it_is_what_the_base_lost_and_the_trained_model_does_not() -> None:
    """A sign turned round would keep just the pairs that are least like human ones."""
    made = measured(Known(3.0), Known(2.5))
    assert [row["seed_gain"] for row in made] == pytest.approx([0.5, 0.5])
    assert [row["base_nll"] for row in made] == pytest.approx([3.0, 3.0])


def test_both_models_are_asked_the_same() -> None:
    """With another tag or another clipping, the difference would be that of the questions."""
    base, forward = Known(3.0), Known(2.5)
    measured(base, forward, width=5)
    assert base.asked == forward.asked and len(base.asked) == len(ROWS)
    assert all(TAGS.web in prompt and TAGS.seed not in prompt for prompt, _ in base.asked)


def test_what_cannot_be_measured_is_null_and_not_lost() -> None:
    """A prompt that does not fit must reach the selection, which drops it as unscored."""

    class TooShort(Known):
        def logprob(self, prompts, targets, ended=False):  # type: ignore[no-untyped-def]
            return [None, *super().logprob(prompts[1:], targets[1:])]

    made = measured(TooShort(3.0), Known(2.5))
    assert [row["seed_gain"] for row in made] == [None, pytest.approx(0.5)]
    assert not any(row["seed_gain"] is not None and math.isnan(row["seed_gain"]) for row in made)


def test_a_backward_model_is_refused() -> None:
    """Its likelihoods are of instructions: the difference would be noise."""
    with pytest.raises(RoleMismatch):
        measured(Known(3.0), Known(2.5, role="backward"))
