"""A whole training: the order of its examples, the schedule's end, what is said of it, and the model that is saved."""

import json
import random
from pathlib import Path
from typing import Literal

import pytest
from rehearsed import Said

from humpback import lm as language_models
from humpback import store
from humpback.errors import TrainingFailed
from humpback.prompts.forward import TagConfig
from humpback.train.config import SftConfig
from humpback.train.sft import train
from humpback.train.training import Training

pytest.importorskip("trl")
from datasets import Dataset
from train.families import data_in

from humpback.train.process.child import by_length, in_order

pytestmark = pytest.mark.timeout(300)
SEED = [
    {
        "id": f"p{i}",
        "instruction": f"How do I oil chain number {i}?",
        "response": f"Put {i} drops on each link.",
        "source": "seed",
    }
    for i in range(12)
]


SAID = Said()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    config = SftConfig(lr=1e-3, lr_end=9e-6, batch=4, passes=2, max_tokens=200)
    rows = [*SEED, {**SEED[0], "id": "long", "instruction": "word " * 300}]
    data = data_in(tmp_path_factory.mktemp("rows"), rows)
    train(Training(role="forward", base="embedded", data=data, sft=config), folder, SAID)
    return folder


@pytest.mark.slow
def test_the_schedule_is_linear_and_ends_at_lr_end(trained: Path) -> None:
    """A floor used as a multiplier let the rate decay to 9e-11."""
    rates = [entry["learning_rate"] for entry in store.read_json(trained / "training.json")["log"]]
    steps = len(rates)
    assert rates == pytest.approx([9e-6 + (1e-3 - 9e-6) * (1 - step / steps) for step in range(steps)], rel=1e-3)


@pytest.mark.slow
def test_the_saved_model_opens_with_role_template_and_end_tokens(trained: Path) -> None:
    """A model without its template is asked under another one; without its role, for the wrong thing."""
    lm = language_models.open(f"transformers:{trained}")
    assert lm.role == "forward" and lm.tokenizer.chat_template and lm.tokenizer.eos_token_id in lm.ends
    assert json.loads((trained / "humpback.json").read_text())["base"] == "embedded"


@pytest.mark.slow
def test_training_lowers_the_loss_on_what_it_saw(trained: Path, embedded) -> None:  # type: ignore[no-untyped-def]
    """A trainer that trains another copy of the weights than it saves would pass every other test."""
    from humpback.evaluate.held_out import forward_nll

    lm = language_models.open(f"transformers:{trained}")
    before, after = (sum(forward_nll(SEED, model, TagConfig(), 50)) for model in (embedded, lm))
    assert after < before * 0.8


@pytest.mark.slow
def test_what_was_left_out_is_said(trained: Path) -> None:
    """A pair whose prompt fills the length is no example; lost in silence, nobody looks for it."""
    facts = store.read_json(trained / "training.json")
    assert (facts["examples"], facts["too_long"]) == (12, 1)
    assert any("1 of 13 examples left out" in line and "sft.max_tokens" in line for line in SAID.lines)


@pytest.mark.slow
def test_a_training_that_fails_says_where_its_log_is(tmp_path: Path) -> None:
    """The child's traceback belongs into a file, its last line into the error."""
    data = data_in(tmp_path / "rows", [{**row, "instruction": "word " * 300} for row in SEED])
    with pytest.raises(TrainingFailed) as caught:
        train(Training(role="forward", base="embedded", data=data, sft=SftConfig(max_tokens=50)), tmp_path, SAID)
    assert "prompt longer than sft.max_tokens" in caught.value.fact and "train.log" in caught.value.hint


@pytest.mark.parametrize("packing", ["none", "batch"])
def test_every_step_is_whole_and_every_example_is_learnt_as_often(packing: Literal["none", "batch"]) -> None:
    """A last step that is smaller cannot be shared: two devices filled it up with examples from the beginning."""
    rows = Dataset.from_list([{"input_ids": [number] * (1 + number % 5)} for number in range(10)])
    ordered = in_order(rows, 4, 5, SftConfig(packing=packing))
    numbers = [ids[0] for ids in ordered["input_ids"]]
    assert len(numbers) == 20 and sorted(numbers[:10]) == sorted(numbers[10:]) == list(range(10))
    again = in_order(rows, 4, 5, SftConfig(packing=packing, seed=1))
    assert [ids[0] for ids in again["input_ids"]] != numbers


def test_padded_examples_of_like_length_stand_together() -> None:
    """One answer of a thousand tokens among short ones makes a batch that is padding."""
    lengths = list(range(100))
    drawn = random.Random(1).sample(lengths, 100)
    steps = [by_length(drawn, lengths, 5)[at : at + 5] for at in range(0, 100, 5)]
    assert sorted(number for step in steps for number in step) == lengths
    assert sum(max(step) - min(step) for step in steps) < 20 * 25 and steps[0] != sorted(lengths)[-5:]
