"""Typed configuration: class defaults, then what the base model recommends, then a YAML file, then `--set a.b=c`.

Unknown keys are refused with the nearest known name. `digest` and `differences` compare plans leaf by leaf.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from humpback.errors import UsageFault


class Config(BaseModel):
    """Base of every recipe's settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


C = TypeVar("C", bound=Config)


def build(kind: type[C], layers: list[Mapping[str, Any]]) -> C:
    """`kind` from nested `layers`, later ones over earlier ones; raises `UsageFault` naming the leaf that is wrong."""
    # The class's own values come first as a layer: an outer class may have changed the defaults of a nested one.
    merged = {name: _plain(value.default) for name, value in kind.model_fields.items() if not value.is_required()}
    for layer in layers:
        merged = merge(merged, layer)
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        raise UsageFault(*_explain(kind, error)) from None


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


def merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(low)
    for key, value in high.items():
        below = out.get(key)
        out[key] = merge(below, value) if isinstance(value, Mapping) and isinstance(below, Mapping) else value
    return out


def _explain(kind: type[Config], error: ValidationError) -> tuple[str, str]:
    first = error.errors()[0]
    leaf = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = [name for name, _ in leaves(kind.model_construct().model_dump())]
        near = difflib.get_close_matches(leaf, known, n=1, cutoff=0.4)
        return f"there is no setting {leaf!r}", f"did you mean {near[0]!r}?" if near else "see: humpback recipes show NAME"
    return f"the setting {leaf!r} has the value {first['input']!r}: {first['msg']}", "see: humpback recipes show NAME"


def from_yaml(path: Path) -> dict[str, Any]:
    """The settings in the YAML file `path`."""
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageFault(f"cannot read the settings {path}: {error.strerror}", "check the path after --config") from None
    except yaml.YAMLError as error:
        raise UsageFault(f"{path} is not YAML: {str(error).splitlines()[0]}", "see: humpback recipes show NAME") from None
    if not isinstance(loaded or {}, dict):
        raise UsageFault(f"{path} holds {type(loaded).__name__}, not settings", "see: humpback recipes show NAME")
    settings: dict[str, Any] = loaded or {}
    return settings


def from_assignment(text: str) -> dict[str, Any]:
    """`a.b=c` as {"a": {"b": c}}, with c read as YAML."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageFault(f"--set {text!r} has no name=value", "type it as: --set curate.k=4.5")
    try:
        parsed: Any = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UsageFault(f"--set {text!r}: the value is not YAML", 'quote it: --set \'name=["a", "b"]\'') from None
    *outer, last = name.strip().split(".")
    nested: dict[str, Any] = {last: parsed}
    for part in reversed(outer):
        nested = {part: nested}
    return nested


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of every leaf of a nested mapping; lists are leaves."""
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from leaves(below, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def digest(value: Any) -> str:
    """sha256 over the canonical JSON of `value`."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def differences(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """(leaf, old value, new value) wherever two nested mappings differ; a missing leaf is None."""
    before, after = dict(leaves(old)), dict(leaves(json.loads(json.dumps(new))))
    return [(leaf, before.get(leaf), after.get(leaf)) for leaf in {**before, **after} if before.get(leaf) != after.get(leaf)]
