"""What the trainer computes beside a plain loss. That the loss is TRL's own is shown in `test_correct.py`."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
import torch
from train import checks
from train.families import OUTSIDE, family, trainer
from trl import SFTTrainer

pytestmark = pytest.mark.filterwarnings(*OUTSIDE)


def test_a_router_is_balanced(tmp_path: Path) -> None:
    """Without its own loss a router sends all tokens to few experts."""
    tiny = family("qwen3-moe")
    made = checks.examples(checks.FORWARD, tiny.tokenizer)[:2]
    worker = trainer(tiny, made, tmp_path, {})
    batch = worker.data_collator([dict(each) for each in made])
    whole = float(worker.compute_loss(tiny.model, dict(batch)).detach())
    worker.aux_loss_enabled = False
    plain = float(worker.compute_loss(tiny.model, dict(batch)).detach())
    assert whole > plain + 0.05


def test_the_logits_of_prompts_are_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are what fills the memory: a vocabulary of 150,000 and a prompt of 1,500 tokens take a gigabyte."""
    tiny = family("llama")
    made = checks.examples(checks.FORWARD, tiny.tokenizer)[:3]
    worker = trainer(tiny, made, tmp_path, {})
    batch = worker.data_collator([dict(each) for each in made])
    shapes: list[Any] = []
    hook = tiny.model.get_output_embeddings().register_forward_hook(lambda *given: shapes.append(given[2].shape))
    monkeypatch.setattr(SFTTrainer, "compute_loss", None)
    worker.compute_loss(tiny.model, dict(batch)).backward()
    hook.remove()
    assert shapes == [torch.Size([1, sum(len(checks.learnt(each)) for each in made), len(tiny.tokenizer)])]


def test_a_batch_without_targets_is_no_error(tmp_path: Path) -> None:
    """A device can be given a part of a batch in which nothing is learnt; the others wait for its gradient."""
    tiny = family("llama")
    made = checks.examples(checks.FORWARD, tiny.tokenizer)[:1]
    worker = trainer(tiny, made, tmp_path, {})
    batch = worker.data_collator([dict(each) for each in made])
    batch["labels"][:] = -100
    loss = worker.compute_loss(tiny.model, batch, num_items_in_batch=torch.tensor(5))
    loss.backward()
    assert float(loss.detach()) == 0
