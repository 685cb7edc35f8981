"""What the trainer computes beside a plain loss. That the loss is TRL's own is shown in `test_correct.py`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
import torch
from train import checks
from train.families import OUTSIDE, PLAIN, data_in, family, seed_rows, train_here, trainer
from trl import SFTTrainer

from humpback import lm as language_models
from humpback.curate.rubric import PREDICATES
from humpback.curate.teach import TeachConfig, lessons
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.process import data
from humpback.train.process import trainer as trainers
from humpback.train.process.data import Tokens
from humpback.train.process.load import adapted
from humpback.train.training import Training

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


# Weights. Made by hand: two pairs of 4 and 2 targets, and two decisions of a label and an end.

SHARE = 0.5
LENGTHS = [(7, 4, False), (5, 2, False), (9, 2, True), (6, 2, True)]


def by_hand() -> list[Tokens]:
    """The examples, of ids that say nothing; their two labels together weigh as much as all the rest, 8 tokens."""
    made = []
    for n, (prompt, target, lesson) in enumerate(LENGTHS):
        ids = [(7 * n + 3 * i) % 90 + 100 for i in range(prompt + target)]
        made.append(({"input_ids": ids, "labels": [data.IGNORED] * prompt + ids[prompt:]}, lesson))
    pairs, lessons = ([each for each, lesson in made if lesson == wanted] for wanted in (False, True))
    return data.weighed(pairs, lessons, SHARE)


def loss_by_hand(model: Any, made: list[Tokens]) -> Any:
    """Of one example after the other: labels weigh 4, all else 1."""
    total, weights = torch.zeros(()), 0.0
    for each, (prompt, target, lesson) in zip(made, LENGTHS, strict=True):
        ids = torch.tensor([each["input_ids"]])
        likely = torch.log_softmax(model(input_ids=ids).logits[0].float(), -1)
        for place in range(prompt, prompt + target):
            weight = 4.0 if lesson and place == prompt else 1.0
            total, weights = total - weight * likely[place - 1, ids[0, place]], weights + weight
    assert weights == 16
    return total / weights


def test_the_labels_of_lessons_have_their_share_of_the_loss() -> None:
    """A label is one token among hundreds: unweighed it is half a percent of the loss, however many lessons there are."""
    for share in (0.1, 0.5, 0.9):
        pairs, lessons = [{"labels": [-100] * 9 + [5] * 400}] * 3, [{"labels": [-100] * 300 + [7, 2]}] * 2
        made = data.weighed(pairs, lessons, share)
        labels = sum(each["weights"][300] for each in made[3:])
        assert labels / sum(sum(each["weights"]) for each in made) == pytest.approx(share)
        assert [each["weights"][-1] for each in made] == [1.0] * 5 and not any(any(e["weights"][:9]) for e in made)


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("packing", ["none", "batch", "rows"])
def test_weights_stand_beside_their_targets(
    packing: str, large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A weight that is shifted by one, or by the padding, falls on an end or on nothing."""
    if large:
        monkeypatch.setattr(trainers, "LOGIT_BYTES", 0)
    tiny = family("llama")
    worker = trainer(tiny, by_hand(), tmp_path, {"packing": packing, "max_tokens": 24, "batch": 4})
    rows = list(worker.train_dataset)
    batch = worker.data_collator(rows)
    assert len(rows) == (2 if packing == "rows" else 4) and batch["weights"].sum() == 16
    wanted = loss_by_hand(tiny.model, by_hand())
    theirs = checks.gradients(tiny.model, wanted)
    loss = worker.compute_loss(tiny.model, dict(batch))
    checks.close(loss, wanted)
    checks.same_gradients(checks.gradients(tiny.model, loss), theirs)
    half = worker.compute_loss(tiny.model, dict(batch), num_items_in_batch=torch.tensor(32.0))
    checks.close(2 * half, wanted)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("packing", ["none", "batch"])
def test_weights_are_the_same_in_one_batch_and_in_four(packing: str, method: str, tmp_path: Path) -> None:
    """Divided by its own weights, a micro-batch of one lesson would count as much as one of a long answer."""
    ends, losses = [], []
    for micro in (1, 4):
        tiny = family("llama")
        sft = {"steps": 2, "lr": 0.3, "lr_end": 0.2, "packing": packing, "method": method, "lora": {"rank": 4}}
        tiny = replace(tiny, model=adapted(tiny.model, SftConfig.model_validate({**PLAIN, **sft})))
        first = float(loss_by_hand(tiny.model, by_hand()).detach())
        worker = trainer(tiny, by_hand(), tmp_path / str(micro), sft, micro_batch=micro)
        worker.train()
        assert worker.state.log_history[0]["loss"] == pytest.approx(first, rel=1e-4)
        losses.append([entry["loss"] for entry in worker.state.log_history if "loss" in entry])
        ends.append({name: weight.detach() for name, weight in tiny.model.named_parameters() if weight.requires_grad})
    far = max(float((one - ends[1][name]).abs().max()) for name, one in ends[0].items())
    assert far < 1e-5 and losses[0] == pytest.approx(losses[1], rel=1e-4) and abs(losses[0][0] - losses[0][1]) > 1e-3


def test_the_balance_of_a_router_is_not_weighed(tmp_path: Path) -> None:
    """Its loss is one of the batch, and of no token."""
    tiny = family("qwen3-moe")
    worker = trainer(tiny, by_hand(), tmp_path, {"packing": "none"})
    batch = worker.data_collator(list(worker.train_dataset))
    both = [float(worker.compute_loss(tiny.model, dict(batch)).detach())]
    worker.aux_loss_enabled = False
    tiny.model.config.output_router_logits = False
    both.append(float(worker.compute_loss(tiny.model, dict(batch)).detach()))
    balance = float(
        tiny.model(**{**{k: v for k, v in batch.items() if k != "weights"}, "output_router_logits": True}).aux_loss.detach()
    )
    assert both[0] - both[1] == pytest.approx(worker.router_aux_loss_coef * balance, rel=1e-3)
    checks.close(torch.tensor(both[1]), loss_by_hand(tiny.model, by_hand()))


def test_without_lessons_nothing_is_weighed(tmp_path: Path) -> None:
    """A model trained before must come out the same, to the last bit."""
    tiny = family("llama")
    made = checks.examples(checks.FORWARD, tiny.tokenizer)[:3]
    worker = trainer(tiny, made, tmp_path, {})
    batch = worker.data_collator([dict(each) for each in made])
    assert "weights" not in batch and all(set(each) == {"input_ids", "labels"} for each in made)
    goal = torch.nn.functional.pad(batch["labels"][:, 1:], (0, 1), value=-100)
    places = (goal >= 0).any(0).nonzero().flatten()
    shown = {name: value for name, value in batch.items() if name != "labels"}
    logits = tiny.model(**shown, use_cache=False, logits_to_keep=places).logits
    plain = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), goal[:, places].flatten(), reduction="sum")
    assert torch.equal(worker.compute_loss(tiny.model, dict(batch)), plain / (goal >= 0).sum())


@pytest.mark.slow
def test_lessons_of_half_the_loss_move_decisions(tmp_path: Path) -> None:
    """As a share of the examples they moved none: the judge answered a question and its negation alike."""
    rows = [{**row, "response": row["response"][:60]} for row in seed_rows()[:6]]
    told = {}
    for share in (0.01, 0.5):
        sft = {**PLAIN, "optimizer": "adamw_torch", "lr": 1e-3, "lr_end": 1e-4, "batch": 12, "steps": 12, "max_tokens": 400}
        config = TeachConfig(share=share, rubric=PREDICATES)
        wanted = Training(
            role="forward", base="embedded", data=data_in(tmp_path / f"rows {share}", rows), teach=config,
            sft=SftConfig.model_validate(sft), hardware=HardwareConfig(checkpoint_steps=0),
        )  # fmt: skip
        lm = language_models.open(f"transformers:{train_here(wanted, tmp_path / str(share))}")
        learnt = lessons(rows, len(rows), config, wanted.sft.seed)
        likely = lm.logprob([each.prompt for each in learnt], [each.completion for each in learnt])
        told[share] = -sum(each[0] for each in likely if each) / len(learnt)
    assert told[0.5] < 0.1 < 0.2 < told[0.01]
