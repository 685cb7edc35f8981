"""Presets are what they say they are, and every value says where it comes from."""

from typing import Any

import pytest

from humpback.config import build, leaves
from humpback.errors import UsageFault
from humpback.lm.spec import recommended
from humpback.recipes import humpback
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.presets import GIB, PRESETS, described, layers, memory, sources

CARDS = [name for name, each in PRESETS.items() if each.fits]


def settings(*names: str, over: dict[str, Any] | None = None) -> Any:
    """As the command line makes them: the base's recommendation below the presets, --set above."""
    below = recommended("embedded")
    return build(humpback.Settings, [below, *(layer for _, layer in layers(names)), over or {}])


def test_paper_is_the_paper_also_over_what_the_base_recommends() -> None:
    """A reproduction under the rate that some base likes is none."""
    made = settings("paper")
    assert made.backward_sft is None
    assert made.sft == SftConfig(
        method="full", lr=1e-5, lr_end=9e-6, schedule="linear", warmup=0.0, batch=None, passes=None, steps=None,
        weight_decay=0.1, dropout=0.1, max_tokens=2048, betas=(0.9, 0.95), clip=1.0, seed=42,
    )  # fmt: skip


def test_paper_resets_every_leaf_of_the_fine_tuning() -> None:
    """A setting added later, and recommended by a base, would slip into the reproduction."""
    assert set(PRESETS["paper"].values) == {f"sft.{leaf}" for leaf, _ in leaves(SftConfig().model_dump())} | {"backward_sft"}


@pytest.mark.parametrize("name", PRESETS)
def test_every_value_is_that_of_a_setting_and_has_a_source(name: str) -> None:
    """A preset with a mistyped name, or a number that nobody can check."""
    known = dict(leaves(humpback.Settings().model_dump()))
    for leaf, (value, source) in PRESETS[name].values.items():
        assert leaf in known and source.strip() and not source.isspace()
        assert dict(leaves(settings(name).model_dump())).get(leaf) == value or leaf == "backward_sft"
    assert PRESETS[name].about


def test_the_later_preset_and_set_win() -> None:
    """`--preset modern --preset gpu24` is modern on that card; what is typed out wins over both."""
    made = settings("modern", "gpu24", over={"sft": {"lr": 1e-4}})
    assert (made.sft.method, made.sft.schedule, made.sft.lr, made.hardware.micro_batch) == ("lora", "cosine", 1e-4, 2)
    told = sources(["modern", "gpu24"])
    assert told["sft.lr"].startswith("preset gpu24: LoRA Without Regret") and told["sft.clip"].startswith("preset modern: ")


def test_what_the_backward_model_does_not_set_is_as_the_forward_ones() -> None:
    """The base recommends rates for its backward model: fp32 for a processor, or packing=none for a model that cannot be
    packed, did not reach it, and the backward training was slow, or refused."""
    made = settings("cpu", over={"sft": {"packing": "none"}})
    assert (made.backward_sft.precision, made.backward_sft.packing) == ("fp32", "none")
    assert (made.backward_sft.lr, made.backward_sft.lora) == (3e-5, made.sft.lora) and made.sft.lr == 6e-4
    own = settings(over={"sft": {"packing": "none"}, "backward_sft": {"packing": "batch"}})
    assert (own.sft.packing, own.backward_sft.packing) == ("none", "batch")
    assert build(humpback.Settings, [made.model_dump(mode="json")]) == made


def test_an_unknown_preset_names_the_nearest() -> None:
    """Nobody remembers whether it was gpu24 or gpu_24."""
    with pytest.raises(UsageFault) as caught:
        layers(["gpu_24"])
    assert "'gpu24'" in caught.value.hint


@pytest.mark.parametrize("name", CARDS)
def test_what_is_said_to_fit_leaves_room_on_its_card(name: str) -> None:
    """By the calculation, a tenth of the card is left for what it leaves out (fragments, the driver)."""
    fits = PRESETS[name].fits
    assert fits is not None
    size, card = fits
    made = settings("modern", name)
    assert sum(memory(size, made.sft, made.hardware).values()) < 0.9 * card * 1e9
    assert any(line.startswith(name) and size.name in line and "calculated, not run" in line for line in described())


def test_the_memory_of_full_fine_tuning_is_sixteen_bytes_a_weight() -> None:
    """Weights of 4, gradients of 4 and two moments of 4 bytes; a Qwen3-4B has 4.02 billion weights."""
    fits = PRESETS["gpu80"].fits
    assert fits is not None
    parts = memory(fits[0], SftConfig(), HardwareConfig(micro_batch=1))
    whole = parts["weights"] + parts["gradients"] + parts["optimizer"]
    assert whole == pytest.approx(16 * 4.02e9, rel=0.01)
    adapters = memory(fits[0], SftConfig(method="qlora"), HardwareConfig(micro_batch=1))
    assert adapters["weights"] < 3.5 * GIB and adapters["optimizer"] < 0.05 * parts["optimizer"]
