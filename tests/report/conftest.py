"""Runs that are made once and only read."""

from collections.abc import Callable
from pathlib import Path

import measurements
import pytest
import worlds
from worlds import World


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a run of `worlds.WORLDS`, or of "unseen", whose measurements no section knows."""
    known: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in known:
            place = tmp_path_factory.mktemp(name) / name
            known[name] = unseen(place) if name == "unseen" else worlds.WORLDS[name](place)
        return known[name]

    return folder


def unseen(folder: Path) -> Path:
    with World(folder, "humpback") as world:
        world.metrics("novel", measurements.unseen(), of="novel_thing")
    return folder
