"""Which models are packed, and which are refused. That packing changes nothing is shown in `test_correct.py`."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
import torch
from train import checks
from train.families import ARCHITECTURES, UNPACKED, family

from humpback.train.config import SftConfig
from humpback.train.process import child, data, packing
from humpback.train.process.load import load
from humpback.train.training import Training


def refusal(name: str, **sft: Any) -> str:
    """What `check_packing` says of the architecture; empty where it lets it pass."""
    tiny = family(name)
    try:
        child.check_packing(SftConfig(**sft), tiny.model, checks.examples(checks.FORWARD, tiny.tokenizer))
    except SystemExit as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_models_of_plain_attention_are_packed(name: str) -> None:
    """A check that refuses sound models costs everybody half of the speed."""
    assert refusal(name) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mamba", "in one row with another, the logits of an example move by"),
        ("lfm2", "can't keep packed sequences apart"),
        ("gemma2", "away from those of the model's own attention"),
        ("gpt-oss", "away from those of the model's own attention"),
    ],
)
def test_other_models_are_refused_and_told_what_to_set(name: str, why: str) -> None:
    """A recurrence carries one example into the next; capped scores and sinks that are left out train another model."""
    said = refusal(name)
    assert why in said and said.endswith("set sft.packing=none")


@pytest.mark.parametrize("name", UNPACKED)
def test_unpacked_they_may_be_trained(name: str, tmp_path: Path) -> None:
    """What is refused packed must be left a way; some of these have no attention but their own."""
    assert refusal(name, packing="none") == ""
    base = family(name, "eager").save(tmp_path)
    model, _ = load(Training(role="forward", base=f"transformers:{base}", data=(), sft=SftConfig(packing="none")))
    assert model.config._attn_implementation in ("sdpa", "eager")


def test_the_probe_leaves_the_model_as_it_was() -> None:
    """A model that is left in evaluation trains without dropout, one that is left in its own attention across examples."""
    tiny = family("llama")
    tiny.model.train()
    made = [each["input_ids"] for each in checks.examples(checks.FORWARD, tiny.tokenizer)]
    moved = packing.probe(tiny.model, made)
    assert tiny.model.training and tiny.model.config._attn_implementation == packing.ATTENTION
    assert moved.leak == 0 and moved.error < packing.ALLOWED.error


def test_the_probe_sees_a_small_leak() -> None:
    """One layer of many that forgets the boundary moves the logits a little, and every example learns from another."""
    real = packing.packed_attention

    def leaky(module: Any, *states: Any, cu_seq_lens_q: Any = None, **more: Any) -> Any:
        bounds = None if module.layer_idx == 0 else cu_seq_lens_q
        return real(module, *states, cu_seq_lens_q=bounds, **more)

    packing.AttentionInterface.register(packing.ATTENTION, leaky)
    try:
        assert "in one row with another" in refusal("llama")
    finally:
        packing.AttentionInterface.register(packing.ATTENTION, real)


def test_rows_are_filled_and_hold_whole_examples() -> None:
    """A packer that cuts examples trains on ends without beginnings."""
    tiny = family("llama")
    sft = SftConfig(packing="rows", max_tokens=300)
    made = checks.examples(checks.FORWARD.model_copy(update={"sft": sft}), tiny.tokenizer)
    rows = child.dataset(sft, made)
    assert len(rows) < len(made) and all(len(ids) <= 300 for ids in rows["input_ids"])
    split = [
        part.tolist()
        for ids, lengths in zip(rows["input_ids"], rows["seq_lengths"], strict=True)
        for part in torch.tensor(ids).split(lengths)
    ]
    assert sorted(split) == sorted(each["input_ids"] for each in made)
    assert sum(label != data.IGNORED for labels in rows["labels"] for label in labels) == sum(
        len(checks.learnt(each)) for each in made
    )
