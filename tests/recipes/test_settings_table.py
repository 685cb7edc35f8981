"""Every setting of every recipe: changed, the plan differs or the rows are equal."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from changes import other, settings_of, value_of
from recipes.effects import NO_EFFECT, REFUSED, Effects

from humpback import recipes
from humpback.config import PACE, build, nested, planned
from humpback.train.config import HardwareConfig

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Another value is none by itself where it stands against a second setting.
BESIDE = {"augment.max_pairs": nested("augment.candidates", 5)}


@pytest.mark.parametrize("recipe", recipes.names())
def test_a_setting_is_in_the_plan_of_the_run_or_is_pace_alone(recipe: str) -> None:
    """What changed rows and was in no plan was found out by the figures that it spoiled: optimizer, precision, guards."""
    kind = recipes.load(recipe).Settings
    for leaf, field in settings_of(kind):
        start = build(kind, [BESIDE.get(leaf, {})])
        now = build(kind, [BESIDE.get(leaf, {}), nested(leaf, other(leaf, field, value_of(start, leaf, field)))])
        assert now != start, leaf
        assert (planned(now) == planned(start)) is (PACE in field.metadata), leaf


def test_what_is_pace_alone_is_of_the_machine() -> None:
    """A mark at the wrong setting is a fault that nothing else finds: `PACE` is what a person vouches for."""
    marked = {leaf for name in recipes.names() for leaf, field in settings_of(recipes.load(name).Settings)
              if PACE in field.metadata}  # fmt: skip
    assert marked == {f"hardware.{name}" for name in HardwareConfig.model_fields}


@pytest.fixture(scope="session")
def effects(tmp_path_factory: pytest.TempPathFactory) -> Effects:
    return Effects(tmp_path_factory.mktemp("effects"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("recipe", [name for name in recipes.names() if name != "demo"])
def test_a_setting_is_in_the_plan_of_a_dataset_or_changes_nothing(effects: Effects, recipe: str) -> None:
    """A setting that is accepted and ignored gives figures that are told as those of another experiment."""
    found = effects.of(recipe)
    assert not {leaf: where for leaf, where in found.items() if where.startswith("fault")}
    without = {leaf for leaf, where in found.items() if not where}
    assert without == effects.paces(recipe) | {leaf for told in NO_EFFECT.get(recipe, {}).values() for leaf in told}
    assert (REFUSED in found.values()) is ("run" in found or recipe in ("self_instruct", "codec"))


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("settings_table")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_table_in_the_docs_is_what_comes_of_trying(effects: Effects, table: ModuleType) -> None:
    """A table that is typed by hand says what was meant."""
    assert table.PAGE.read_text(encoding="utf-8") == table.page(effects), "type: python scripts/settings_table.py"
