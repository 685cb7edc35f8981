"""Nucleus sampling, by the head of the vocabulary where that is enough."""

import pytest

torch = pytest.importorskip("torch")

from humpback.lm import Sampling  # noqa: E402
from humpback.lm.transformers import draws  # noqa: E402

ROWS, VOCABULARY = 40, 900


def logits(sharpness: float, ties: bool) -> "torch.Tensor":
    made = torch.randn(ROWS, VOCABULARY, generator=torch.Generator().manual_seed(1)) * sharpness
    return made.round() if ties else made


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("sharpness", "top_p"), [(8.0, 0.9), (3.0, 0.5), (0.1, 0.9), (2.0, 1.0)])
def test_the_head_gives_what_the_whole_vocabulary_gives(
    monkeypatch: pytest.MonkeyPatch, sharpness: float, top_p: float, ties: bool
) -> None:
    """A nucleus that reaches beyond the head, or ends among equally likely tokens, was cut there."""
    sampling = Sampling(temperature=0.7, top_p=top_p, max_new_tokens=1)
    made = []
    for head in (16, VOCABULARY):
        monkeypatch.setattr(draws, "HEAD", head)
        made.append(draws.Draws(range(ROWS), sampling, "cpu").next(logits(sharpness, ties), [], 0))
    assert torch.equal(made[0][0], made[1][0]) and torch.equal(made[0][1], made[1][1])
