"""What the loss falls on, the schedule's end, and the model that is saved."""

import json
from pathlib import Path

import pytest

from humpback import lm as language_models
from humpback import store
from humpback.errors import TrainingFailed
from humpback.methods.backtranslate import Example, TagConfig
from humpback.progress import Progress
from humpback.train.config import SftConfig
from humpback.train.data import tokens
from humpback.train.job import Job
from humpback.train.sft import train

pytest.importorskip("trl")
SEED = [
    {
        "id": f"p{i}",
        "instruction": f"How do I oil chain number {i}?",
        "response": f"Put {i} drops on each link.",
        "source": "seed",
    }
    for i in range(12)
]


def test_loss_falls_on_the_target_and_its_end_token_only(embedded) -> None:  # type: ignore[no-untyped-def]
    """A hard-coded offset of -2 masked whole rows elsewhere."""
    made = tokens(Example("How?", "So."), embedded.tokenizer, 100)
    learnt = [token for token, label in zip(made["input_ids"], made["labels"], strict=True) if label != -100]
    assert embedded.tokenizer.decode(learnt) == "So.<|im_end|>"


def test_a_cut_target_is_not_taught_to_end(embedded) -> None:  # type: ignore[no-untyped-def]
    """A clipped answer with an end token teaches to stop in mid-sentence."""
    made = tokens(Example("How?", "So it is", ended=False), embedded.tokenizer, 100)
    assert made["input_ids"][-1] != embedded.tokenizer.eos_token_id


def test_a_prompt_without_room_for_its_target_is_no_example(embedded) -> None:  # type: ignore[no-untyped-def]
    """A row that is masked whole trains on nothing and says nothing."""
    assert tokens(Example("word " * 50, "So."), embedded.tokenizer, 20) is None


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    config = SftConfig(lr=1e-3, lr_end=9e-6, batch=4, passes=2, max_tokens=200)
    train(folder, Job(role="forward", base_name="embedded", sft=config), SEED, Progress(quiet=True))
    return folder


def test_the_schedule_is_linear_and_ends_at_lr_end(trained: Path) -> None:
    """A floor used as a multiplier let the rate decay to 9e-11."""
    rates = [entry["learning_rate"] for entry in store.read_json(trained / "training.json")["log"]]
    steps = len(rates)
    assert rates == pytest.approx([9e-6 + (1e-3 - 9e-6) * (1 - step / steps) for step in range(steps)], rel=1e-3)


def test_the_saved_model_opens_with_role_template_and_end_tokens(trained: Path) -> None:
    """A model without its template is asked under another one; without its role, for the wrong thing."""
    lm = language_models.open(f"transformers:{trained}")
    assert lm.role == "forward" and lm.tokenizer.chat_template and lm.tokenizer.eos_token_id in lm.ends
    assert json.loads((trained / "humpback.json").read_text())["base"] == "embedded"


def test_training_lowers_the_loss_on_what_it_saw(trained: Path, embedded) -> None:  # type: ignore[no-untyped-def]
    """A trainer that trains another copy of the weights than it saves would pass every other test."""
    from humpback.evaluate.held_out import forward_nll

    lm = language_models.open(f"transformers:{trained}")
    before, after = (sum(forward_nll(SEED, model, TagConfig(), 50)) for model in (embedded, lm))
    assert after < before * 0.8


def test_a_training_that_fails_says_where_its_log_is(tmp_path: Path) -> None:
    """The child's traceback belongs into a file, its last line into the error."""
    rows = [{**row, "instruction": "word " * 300} for row in SEED]
    with pytest.raises(TrainingFailed) as caught:
        job = Job(role="forward", base_name="embedded", sft=SftConfig(max_tokens=50))
        train(tmp_path, job, rows, Progress(True))
    assert "prompt longer than sft.max_tokens" in caught.value.fact and "train.log" in caught.value.hint
