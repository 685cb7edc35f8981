"""A run that has read its pages, for others to take over."""

from pathlib import Path

import pytest
from rehearsed import read_pages


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return read_pages(tmp_path_factory.mktemp("pages") / "run")
