"""What many tests share: a run folder with its own settings, rows made short, the models that ship."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from made import TestSettings

from humpback import lm as language_models
from humpback.lm import LM
from humpback.run import Run

# Two threads of a small model on two cores are slower than one, and tests must not depend on the machine's load.
os.environ.setdefault("OMP_NUM_THREADS", "2")
# Drawn anew each time, or with a limit by the clock, a test fails by luck. To look for more: --hypothesis-profile=default
settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same")
DATA = Path(os.environ.get("HUMPBACK_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run(tmp_path / "run", "test", TestSettings()) as opened:
        yield opened


@pytest.fixture(scope="session")
def embedded() -> LM:
    pytest.importorskip("torch")
    return language_models.open("embedded")


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"there is no outside data in {DATA}; set HUMPBACK_DATA")
    return DATA
