"""Models that several files of this folder ask."""

import importlib.util
from collections.abc import Iterator

import pytest
from lm.servers import openai_lm

from humpback import lm as language_models
from humpback.lm import LM
from humpback.lm.embedded import EMBEDDED

__all__ = ["openai_lm"]


@pytest.fixture(scope="session")
def vllm_lm() -> Iterator[LM]:
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vllm is not installed here; it needs an environment of its own: make test-vllm")
    opened = language_models.open_here(f"vllm:{EMBEDDED}?kv_cache_gib=1")
    yield opened
    opened.close()
