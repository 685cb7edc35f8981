"""The training process in the process of the tests, which has loaded its libraries already; and models that it trained."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest


@contextmanager
def in_this_process() -> Iterator[pytest.MonkeyPatch]:
    """Inside, `train` calls the child's `main` instead of starting it."""
    from humpback.train import sft
    from humpback.train.process import child

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "die_with_parent", lambda parent: None)
        patch.setattr(sft, "_run_child", lambda folder, job, progress: child.main(folder, 0))
        yield patch


@pytest.fixture
def trained_here() -> Iterator[pytest.MonkeyPatch]:
    with in_this_process() as patch:
        yield patch


@pytest.fixture(scope="session")
def by_heart(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """(name of an architecture, whether ends are learnt) -> the folder of a model that knows four answers by heart."""
    pytest.importorskip("trl")
    from train.families import FOUR, family

    from humpback.methods.backtranslate import Example
    from humpback.progress import Progress
    from humpback.train import sft
    from humpback.train.config import HardwareConfig, SftConfig
    from humpback.train.job import Job
    from humpback.train.process import data

    @cache
    def train(name: str, ended: bool = True) -> Path:
        folder = tmp_path_factory.mktemp(name)
        base = family(name, "eager").save(tmp_path_factory.mktemp(f"{name}-base"))
        config = SftConfig(
            lr=1e-2, lr_end=1e-3, steps=36, batch=4, dropout=0, weight_decay=0, max_tokens=200, precision="fp32"
        )
        hardware = HardwareConfig(checkpoint_steps=0)
        job = Job(role="forward", base_name=f"transformers:{base}", sft=config, hardware=hardware)
        real = data.tokens
        with in_this_process() as patch:
            if not ended:
                patch.setattr(data, "tokens", lambda e, *rest: real(Example(e.prompt, e.completion, False), *rest))
            sft.train(folder, job, FOUR, Progress(quiet=True))
        return folder

    return train
