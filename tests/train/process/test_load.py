"""What is trained and what is frozen, in which precision."""

import pytest

from humpback.train.config import SftConfig
from humpback.train.training import Training

pytest.importorskip("trl")
# peft 0.21 asks transformers by a name that 5.23 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
ROWS = [list(range(100, 120)), list(range(200, 230))]


def training(method: str, **more: object) -> Training:
    sft = SftConfig.model_validate({"method": method, "lora": {"rank": 4, "alpha": 8}, **more})
    return Training(role="forward", base="embedded", data=(), sft=sft)


@pytest.fixture(params=["lora", "qlora"])
def frozen(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """A base with adapters, as the training process makes it: probed, then adapted."""
    if request.param == "qlora":
        pytest.importorskip("bitsandbytes", reason="pip install 'humpback[qlora]'")
    from humpback.train.process.child import check_packing
    from humpback.train.process.load import adapted, load

    wanted = training(request.param)
    model, _ = load(wanted)
    check_packing(wanted.sft, model, [{"input_ids": row, "labels": row} for row in ROWS])
    return adapted(model, wanted.sft)


def test_adapters_stand_on_every_linear_layer_but_the_head(frozen) -> None:  # type: ignore[no-untyped-def]
    """Adapters on attention alone learn less; on the head they untie it from the embeddings."""
    import torch

    learnt = {name for name, weight in frozen.named_parameters() if weight.requires_grad}
    assert (
        len(learnt) == 2 * 7 * 6 and all(".lora_" in name for name in learnt) and not any("head" in name for name in learnt)
    )
    assert {weight.dtype for weight in frozen.parameters() if weight.requires_grad} == {torch.float32}


def test_every_adapter_learns_after_the_probe(frozen) -> None:  # type: ignore[no-untyped-def]
    """bitsandbytes repacks weights that were used outside training, and passes no gradient on through them."""
    import torch

    frozen.train()
    ids = torch.tensor([ROWS[0]])
    frozen(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    still = [
        name
        for name, weight in frozen.named_parameters()
        if "lora_B" in name and not (weight.grad is not None and weight.grad.any())
    ]
    assert not still


def test_the_seed_decides_the_adapters_first_values() -> None:
    """Adapters drawn before the seed is set make two runs of one plan differ."""
    import torch

    from humpback.train.process.load import adapted, load

    def first(seed: int) -> torch.Tensor:
        wanted = training("lora", seed=seed)
        model = adapted(load(wanted)[0], wanted.sft)
        return next(weight for name, weight in model.named_parameters() if "lora_A" in name)

    assert torch.equal(first(1), first(1)) and not torch.equal(first(1), first(2))


def test_dropout_reaches_the_layers() -> None:
    """Set in the config alone, after the layers were made from it, it changes nothing."""
    from humpback.train.process.load import load

    model, _ = load(training("full", dropout=0.25))
    assert {each.attention_dropout for each in model.modules() if hasattr(each, "attention_dropout")} == {0.25}
