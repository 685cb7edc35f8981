"""Measurements on held-out pairs, on the fake."""

from humpback.evaluate.held_out import backward_quality, forward_nll, stop_rate
from humpback.lm import Sampling
from humpback.lm.echo import Echo
from humpback.prompts.backward import BackwardConfig
from humpback.prompts.forward import TagConfig

ROWS = [
    {
        "id": f"p{i}",
        "instruction": f"How do I oil chain {i}?",
        "response": f"Oil chain {i} with a drop.",
        "header_path": ["Chains"],
    }
    for i in range(4)
]
SHORT = Sampling(max_new_tokens=20)


def test_the_nll_of_each_pair_is_kept_apart() -> None:
    """Paired tests need the cases, not their mean."""
    assert len(forward_nll(ROWS, Echo(), TagConfig(), 50)) == 4


def test_the_stop_rate_counts_answers_that_end() -> None:
    """A model that never stops looks fine in its loss."""
    assert stop_rate(ROWS, Echo(), TagConfig(), SHORT, "M_0", None)["value"] == 1.0
    assert stop_rate(ROWS, Echo(), TagConfig(), Sampling(max_new_tokens=2), "M_0", None)["value"] == 0.0


def test_the_backward_model_is_measured_against_chance() -> None:
    """A ROUGE-L of 0.4 is nothing where any instruction scores 0.4."""
    rows = list(backward_quality(ROWS, Echo(), BackwardConfig(context="heading"), TagConfig(), SHORT))
    overlap = [row for row in rows if row["metric"] == "instruction_rouge_l"]
    assert [bool(row["note"]) for row in overlap] == [False, True] and all(row["n"] == 4 for row in rows)
