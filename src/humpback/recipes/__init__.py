"""Recipes: each module here is one, with a `Settings` class and a function `recipe(run, settings)` that is the program.

Those in `verbs/` are of one stage, and commands of their own: their settings say which of them are typed as arguments.
"""

import ast
import importlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from humpback.errors import UsageFault

HERE = Path(__file__).parent
Layer = tuple[str, Mapping[str, Any]]


def names() -> list[str]:
    """The names of all recipes, verbs among them."""
    return sorted([*(p.stem for p in HERE.glob("*.py") if p.stem != "__init__"), *verb_names()])


def verb_names() -> list[str]:
    """The names of the recipes that are commands of their own."""
    return sorted(p.stem for p in (HERE / "verbs").glob("*.py") if p.stem != "__init__")


def about(name: str) -> list[str]:
    """The lines of a recipe's docstring, read without loading it: what it does, and an example."""
    path = HERE / "verbs" / f"{name}.py" if name in verb_names() else HERE / f"{name}.py"
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()


def load(name: str) -> ModuleType:
    """The recipe `name`; raises `UsageFault` if there is none."""
    if name not in names():
        raise UsageFault(f"there is no recipe {name!r}", f"choose one of: {', '.join(names())}")
    return importlib.import_module(f"humpback.recipes.{'verbs.' if name in verb_names() else ''}{name}")


def resolve(kind: Any, given: Sequence[Layer], presets: Iterable[str] = ()) -> tuple[Any, dict[str, str]]:
    """The settings of `kind`, and where each leaf that is not the default came from.

    Over the class's own values lie those that the model named in them recommends, those of the run that they start from,
    `presets`, and the layers `given` (what each is called, nested values), later ones over earlier ones.
    """
    from humpback.config import build, known, leaves, merge, shown
    from humpback.lm.spec import recommended
    from humpback.train.presets import layers as preset_layers

    wanted: Mapping[str, Any] = {}
    for _, layer in given:
        wanted = merge(wanted, layer)
    below: list[Layer] = []
    for leaf, mark in shown(kind):
        named = str(wanted.get(leaf) or kind.model_fields[leaf].default or "") if mark.layer in ("recommends", "run") else ""
        if named and mark.layer == "recommends":
            below.insert(0, (f"recommended by {named}", known(kind, recommended(named))))
        if named and mark.layer == "run":
            below.append((f"the run {named}", settings_of(Path(named), kind)))
    below += [(name, known(kind, layer)) for name, layer in preset_layers(presets)]
    useless = next((name for name, layer in below if name.startswith("preset ") and not layer), None)
    if useless:
        raise UsageFault(f"the {useless} sets nothing that this recipe has", f"leave out --{useless}")
    layers = [*below, *given]
    origin = {leaf: source for source, layer in layers for leaf, _ in leaves(layer)}
    return build(kind, [layer for _, layer in layers]), origin


def limit(kind: Any, recipe: str) -> str:
    """The setting of `kind` that --limit sets; raises `UsageFault` if there is none."""
    from humpback.config import shown

    found = next((leaf for leaf, mark in shown(kind) if mark.layer == "limit"), None)
    if found is None:
        raise UsageFault(f"the recipe {recipe} draws no segments that --limit could limit", "leave out --limit")
    return found


def settings_of(run: Path, kind: Any) -> dict[str, Any]:
    """The settings of the run in the folder `run`, as far as `kind` takes them over; raises `UsageFault` if it is none."""
    from humpback.config import taken_over
    from humpback.run import RUN_FILE
    from humpback.store import read_json

    if not (run / RUN_FILE).is_file():
        raise UsageFault(f"{run} is not the folder of a run: it has no {RUN_FILE}", "give the folder after --out of a run")
    made: dict[str, Any] = read_json(run / RUN_FILE)["config"]
    return {name: value for name, value in made.items() if name in taken_over(kind)}
