"""Steps and batch by the size of the data."""

import pytest

from humpback.config import planned
from humpback.errors import UsageFault
from humpback.train.config import PAPER_STEPS, HardwareConfig, SftConfig, batch_and_steps


@pytest.mark.parametrize(("n", "batch", "steps"), PAPER_STEPS)
def test_the_papers_table(n: int, batch: int, steps: int) -> None:
    """The sizes of table 18 must give its steps."""
    assert batch_and_steps(n, SftConfig()) == (batch, steps)


def test_passes_and_batch_can_be_given() -> None:
    """A setting that the table overrides would be a lie."""
    assert batch_and_steps(100, SftConfig(batch=4, passes=2)) == (4, 50)


def test_one_example_is_one_step() -> None:
    """Tiny seeds must not round to no training."""
    assert batch_and_steps(1, SftConfig(passes=0.1))[1] == 1


def test_a_rate_that_would_rise_is_refused_before_anything_is_made() -> None:
    """The trainer says so itself, after days of curation."""
    with pytest.raises(UsageFault) as caught:
        SftConfig(lr=1e-6)
    assert "sft.lr=1e-06" in caught.value.fact and "sft.lr_end=9e-06" in caught.value.fact
    assert SftConfig(lr=9e-6).lr_end == 9e-6


@pytest.mark.parametrize("changed", [{"optimizer": "sgd"}, {"precision": "fp32"}], ids=["optimizer", "precision"])
def test_what_changes_what_is_learnt_is_planned(changed: dict[str, str]) -> None:
    """Both stood under `hardware`, which is in no plan: sgd after adamw in the same folder gave the adamw model."""
    assert planned(SftConfig(**changed)) != planned(SftConfig())  # type: ignore[arg-type]


def test_the_machine_is_in_no_plan() -> None:
    """A finished run refused a smaller micro-batch, which docs/training.md says may change."""
    assert planned(HardwareConfig(micro_batch=1, launch="fsdp2", checkpoint_steps=1)) == {}
