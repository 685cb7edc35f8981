"""Settings as they are shown: YAML that is a working --config file, in which each value has its reason."""

from pathlib import Path

import pytest

from humpback import config, recipes
from humpback.config import build, leaves, shown
from humpback.settings_text import as_yaml

NAMES = recipes.names()


@pytest.mark.parametrize("name", NAMES)
def test_the_shown_settings_are_yaml_that_gives_the_same_settings(name: str, tmp_path: Path) -> None:
    """`humpback recipes show X > my.yaml` must be a working --config file, with all settings or with those often changed."""
    kind = recipes.load(name).Settings
    for every in (False, True):
        path = tmp_path / f"{every}.yaml"
        path.write_text(as_yaml(kind(), {}, every))
        assert build(kind, [config.from_yaml(path)]) == kind()


def test_few_are_shown_unless_all_are_asked_for() -> None:
    """243 settings are read by nobody."""
    kind = recipes.load("humpback").Settings
    few, every = (as_yaml(kind(), {}, all_).splitlines() for all_ in (False, True))
    assert len([mark for _, mark in shown(kind) if mark.often]) <= 30
    assert len(few) < 50 < len(every)


def test_where_a_value_comes_from_is_told() -> None:
    """A value that a model recommends looks like the default of the recipe."""
    kind = recipes.load("humpback").Settings
    told = as_yaml(kind(), {"sft.lr": "recommended by embedded"}, every=True)
    assert any(line.startswith("  lr: 1e-05  # recommended by embedded; else 1e-05") for line in told.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_every_default_has_its_reason(name: str) -> None:
    """A number without a source is a number nobody can defend."""
    kind = recipes.load(name).Settings
    bare = [line for line in as_yaml(kind(), {}, every=True).splitlines() if "#" not in line]
    assert len(bare) <= len(list(leaves(kind().model_dump()))) * 0.25, bare
