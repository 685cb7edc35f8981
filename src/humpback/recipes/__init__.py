"""Recipes: each module here is one, with a `Settings` class and a function `recipe(run, settings)` that is the program."""

import importlib
from pathlib import Path
from types import ModuleType

from humpback.errors import UsageFault


def names() -> list[str]:
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))


def load(name: str) -> ModuleType:
    """The recipe `name`; raises `UsageFault` if there is none."""
    if name not in names():
        raise UsageFault(f"there is no recipe {name!r}", f"choose one of: {', '.join(names())}")
    return importlib.import_module(f"humpback.recipes.{name}")
