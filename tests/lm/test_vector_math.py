"""The first call of a vector function is made by one thread."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch
from lm.tiny import ARCHITECTURES, tiny
from torch.utils._python_dispatch import TorchDispatchMode

import humpback
from humpback.lm import Sampling
from humpback.lm.transformers.vector_math import FUNCTIONS, settle_vector_math

# What torch computes by MKL where it can (aten/src/ATen/cpu/vml.h).
VECTOR = {
    "acos", "asin", "atan", "cos", "cosh", "erf", "erfc", "erfinv", "exp", "expm1", "lgamma", "log", "log10", "log1p",
    "log2", "sin", "sinh", "sqrt", "tan", "tanh",
}  # fmt: skip
FIRST = """
import sys, torch
from torch.utils._python_dispatch import TorchDispatchMode
seen = {}
class First(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, given=(), named=None):
        out = function(*given, **(named or {}))
        if torch.is_tensor(out):
            seen.setdefault(function._schema.name.removeprefix("aten::"), out.numel())
        return out
with First():
    from humpback import lm
    lm.open_here("embedded").generate(["What is a leek?"], lm.Sampling(max_new_tokens=2), [0])
assert seen["cos"] == seen["sin"] == seen["exp"] == 1, seen
"""


class Called(TorchDispatchMode):
    """Keeps the name of each function and the largest number of values that it was called for."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[str, int] = {}

    def __torch_dispatch__(self, function, types, given=(), named=None):  # type: ignore[no-untyped-def]
        out = function(*given, **(named or {}))
        name = function._schema.name.removeprefix("aten::").rstrip("_")
        if torch.is_tensor(out):
            self.sizes[name] = max(self.sizes.get(name, 0), out.numel())
        return out


def test_each_function_is_called_for_a_single_value() -> None:
    """Two threads that make the first call together get three digits: three processes of 85 began with wrong positions."""
    with Called() as called:
        settle_vector_math()
    assert {name: called.sizes[name] for name in FUNCTIONS} == dict.fromkeys(FUNCTIONS, 1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_models_call_no_other_vector_function(name: str) -> None:
    """A function that was forgotten is called first by two threads."""
    lm = tiny(name).lm()
    with Called() as called:
        lm.generate(["What is a leek?"], Sampling(max_new_tokens=2), [0])
    assert called.sizes and called.sizes.keys() & VECTOR <= set(FUNCTIONS)


def test_a_model_that_is_opened_has_them_settled(tmp_path: Path) -> None:
    """In a process of its own, as the first call is made once."""
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_door_to_a_model_settles_them() -> None:
    """A process that opens its model in another way makes the first calls with all its threads."""
    source = Path(humpback.__file__).parent
    texts = {path.relative_to(source).as_posix(): path.read_text("utf-8") for path in source.rglob("*.py")}
    opened = {name for name, text in texts.items() if re.search(r"AutoModel\w*\.from_pretrained|getattr\(sentence_tr", text)}
    settled = {name for name, text in texts.items() if re.search(r"^    settle_vector_math\(\)$", text, re.MULTILINE)}
    # The training's process settles them before it opens or saves; what is unpacked is written down and not asked.
    others = {"train/process/load.py", "train/process/save.py", "lm/transformers/unpack.py"}
    assert opened - settled == others and "train/process/child.py" in settled
