"""Models that were trained here, for checks of what was saved."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def by_heart(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """(name of an architecture, whether ends are learnt, what makes the base) -> the folder of a model that knows four
    answers by heart."""
    pytest.importorskip("trl")
    from train.families import FOUR, Family, data_in, family, train_here

    from humpback.prompts.forward import Example
    from humpback.train.config import HardwareConfig, SftConfig
    from humpback.train.process import data
    from humpback.train.training import Training

    sft = {"lr": 1e-2, "lr_end": 1e-3, "steps": 36, "batch": 4, "dropout": 0, "weight_decay": 0, "max_tokens": 200}

    eager = partial(family, attention="eager")

    @cache
    def train(name: str, ended: bool = True, make: Callable[[str], Family] = eager) -> Path:
        folder = tmp_path_factory.mktemp(name)
        base = make(name).save(tmp_path_factory.mktemp(f"{name}-base"))
        wanted = Training(
            role="forward", base=f"transformers:{base}", data=data_in(tmp_path_factory.mktemp("rows"), FOUR),
            sft=SftConfig.model_validate({**sft, "precision": "fp32"}), hardware=HardwareConfig(checkpoint_steps=0),
        )  # fmt: skip
        real = data.tokens
        with pytest.MonkeyPatch.context() as patch:
            if not ended:
                patch.setattr(data, "tokens", lambda e, *rest: real(Example(e.prompt, e.completion, False), *rest))
            return train_here(wanted, folder)

    return train
