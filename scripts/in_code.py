"""What no object tells and is read off the source, for scripts/reference.py: names of metrics, settings of a check."""

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# What makes metric rows: the first argument is the name.
MAKERS = {"metric", "mean_of", "paired_change", "share_of", "auc_of", "auc_row"}


def names_in(scope: ast.AST) -> dict[str, list[str]]:
    """The strings that names stand for: constants, and loops over tuples of strings, or of tuples that begin with one."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            _bind(found, node.targets[0], [node.value])
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple | ast.List):
            _bind(found, node.target, node.iter.elts)
    return found


def _bind(found: dict[str, list[str]], target: ast.expr, values: list[ast.expr]) -> None:
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    for i, part in enumerate(parts):
        own = [value.elts[i] if isinstance(value, ast.Tuple) and i < len(value.elts) else value for value in values]
        texts = [each.value for each in own if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if isinstance(part, ast.Name) and texts:
            found[part.id] = texts


def named(argument: ast.expr, known: dict[str, list[str]]) -> list[str]:
    """What a metric is called, as far as it can be read off the source."""
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    if isinstance(argument, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in argument.values)]
    return known.get(argument.id, []) if isinstance(argument, ast.Name) else []


def calls(scope: ast.AST, makers: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers and node.args:
            yield node


def unit_of(call: ast.Call) -> str:
    unit = next((each.value for each in call.keywords if each.arg == "unit"), None)
    return f" ({unit.value})" if isinstance(unit, ast.Constant) else ""


def metrics_of(path: Path) -> Iterator[str]:
    """A line for each function of a module that makes metric rows: their names and units, and what it says of them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    first_of = {each.name: each.args.args[0].arg for each in functions if each.args.args}
    # Those that are given the name of the metric are makers too.
    own = {each.name for each in functions for call in calls(each, MAKERS)
           if isinstance(call.args[0], ast.Name) and call.args[0].id == first_of.get(each.name)}  # fmt: skip
    constants = names_in(ast.Module([node for node in tree.body if isinstance(node, ast.Assign)], []))
    for function in functions:
        known = {**constants, **names_in(function)}
        made = [(name, unit_of(call)) for call in calls(function, MAKERS | own) for name in named(call.args[0], known)]
        told = " ".join((ast.get_docstring(function) or "").split())
        names = ", ".join(dict.fromkeys(f"`{name}`{unit}" for name, unit in made))
        if names:
            yield f"- {names}" + (f"\n  {told}" if told else "")


def settings_read(check: Callable[..., Any]) -> list[str]:
    """The attributes of `config` that a function reads."""
    read = (node for node in ast.walk(ast.parse(inspect.getsource(check))) if isinstance(node, ast.Attribute))
    return list(dict.fromkeys(each.attr for each in read if isinstance(each.value, ast.Name) and each.value.id == "config"))
