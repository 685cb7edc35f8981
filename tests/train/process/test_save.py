"""Adapters and the model that they are merged into."""

import json
from pathlib import Path
from typing import Any

import pytest

from humpback.lm.embedded import EMBEDDED
from humpback.train.config import SftConfig
from humpback.train.training import SETTINGS, Training

pytest.importorskip("trl")
from train.families import data_in, train_here

# peft 0.21 asks transformers by a name that 5.23 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
SEED = [
    {
        "id": f"p{i}",
        "instruction": f"How do I oil chain number {i}?",
        "response": f"Put {i} drops on each link.",
        "source": "seed",
    }
    for i in range(8)
]
TEXT = "How do I oil chain number 3? Put 3 drops on each link."


@pytest.fixture(scope="module", params=["lora", "qlora"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    if request.param == "qlora":
        pytest.importorskip("bitsandbytes", reason="pip install 'humpback[qlora]'")
    folder = tmp_path_factory.mktemp(request.param)
    sft = SftConfig.model_validate(
        {"method": request.param, "lora": {"rank": 8, "alpha": 16}, "lr": 5e-3, "lr_end": 5e-3, "batch": 8, "steps": 4,
         "max_tokens": 96, "dropout": 0.0, "precision": "fp32"}
    )  # fmt: skip
    data = data_in(tmp_path_factory.mktemp("rows"), SEED)
    return request.param, train_here(Training(role="forward", base="embedded", data=data, sft=sft), folder)


def opened(path: Path, **more: Any) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, **more).eval()


def logits(model: Any) -> Any:
    import torch
    from transformers import AutoTokenizer

    with torch.no_grad():
        return model(**AutoTokenizer.from_pretrained(EMBEDDED)(TEXT, return_tensors="pt")).logits


def test_adapters_learn(trained: tuple[str, Path]) -> None:
    """Adapters whose gradient is cut off train without an error."""
    log = json.loads((trained[1] / "training.json").read_text())["log"]
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]


def test_the_merged_model_answers_as_the_adapter_over_what_it_was_trained_on(trained: tuple[str, Path]) -> None:
    """Merged into another base than the one under the adapter, or rounded before the sum, it is not what was trained."""
    from peft import PeftModel

    from humpback.train.process.load import load

    method, folder = trained
    made = Training(**json.loads((folder / SETTINGS).read_text()))
    base = load(made.model_copy(update={"sft": made.sft.model_copy(update={"packing": "none"})}))[0].eval()
    before = logits(base)
    adapter = logits(PeftModel.from_pretrained(base, folder / "adapter").eval())
    merged = logits(opened(folder))
    moved = float((adapter - before).abs().max())
    # What is left is the rounding of the saved weights to bfloat16.
    assert float((merged - adapter).abs().max()) < 0.02 * moved, method


def test_nothing_but_linear_layers_has_changed(trained: tuple[str, Path]) -> None:
    """Norms or embeddings that went through other precisions come out changed."""
    import torch
    from safetensors.torch import load_file

    base, merged = load_file(EMBEDDED / "model.safetensors"), load_file(trained[1] / "model.safetensors")
    changed = {name for name in base if not torch.equal(base[name], merged[name])}
    assert base.keys() == merged.keys() and {each.dtype for each in merged.values()} == {torch.bfloat16}
    assert changed == {name for name in base if "_proj." in name}


def test_the_merged_model_opens_in_plain_transformers(trained: tuple[str, Path]) -> None:
    """A config that still speaks of 4 bits or adapters asks for packages that its reader may not have."""
    _, folder = trained
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config and config["dtype"] == "bfloat16"
    from transformers import AutoTokenizer

    assert type(opened(folder)).__name__ == "Qwen3ForCausalLM" and AutoTokenizer.from_pretrained(folder).chat_template
