"""Typed configuration: class defaults, then what the base model recommends, then a YAML file, then `--set a.b=c`.

Unknown keys are refused with the nearest known name. `planned` says how settings stand in a plan, and nobody else does: a
setting is in it unless its type says that it cannot change rows (`PACE`), and what it names (a file, a model, a dataset) is
in it by its content (`Planned`). `digest` and `differences` compare plans leaf by leaf.
"""

import difflib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from humpback.errors import UsageFault


class Config(BaseModel):
    """Base of all settings, of recipes and of single stages: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def reads(self) -> Mapping[str, Any]:
        """What rows depend on beside the values of the settings (prompts, lists that ship), by name, as digests."""
        return {}


class Empty(Config):
    """The settings of a stage that has none."""


@dataclass(frozen=True)
class Planned:
    """In `Annotated[...]`: the setting stands in a plan by what `by` makes of its value, the content that it names."""

    by: Callable[[Any], Any]


class Pace:
    """In `Annotated[...]`: the setting changes how fast or how dear the work is, and never its rows: it is in no plan."""


PACE = Pace()


@dataclass(frozen=True)
class Shown:
    """In `Annotated[...]`: how a setting meets the one who types. Nothing about rows follows from it.

    `often`: one of those that people change, which `recipes show` prints. `place`: of a verb, `argument` or `option`, with
    `help` in a few words; --limit sets the setting that is the `limit`. `layer`: its value names what other settings default
    to, a model that `recommends` them or a `run` that was made with them.
    """

    often: bool = False
    place: str = ""
    help: str = ""
    layer: str = ""


OFTEN = Shown(often=True)


def shown(kind: "type[Config]", path: str = "") -> Iterator[tuple[str, Shown]]:
    """(dotted name, how it is shown) of each setting of `kind` that says so, those of nested settings too."""
    for name, each in kind.model_fields.items():
        yield from ((f"{path}{name}", mark) for mark in each.metadata if isinstance(mark, Shown))
        group = group_of(each)
        if group:
            yield from shown(group, f"{path}{name}.")


def group_of(field: FieldInfo) -> "type[Config] | None":
    """The class of the settings that the field is a group of; None for a single setting, which a list of groups is."""
    several = get_origin(field.annotation) in (tuple, list, dict)
    parts = () if several else (field.annotation, *get_args(field.annotation))
    return next((part for part in parts if isinstance(part, type) and issubclass(part, Config)), None)


def known(kind: "type[Config]", layer: Mapping[str, Any]) -> dict[str, Any]:
    """What `kind` has of the nested settings in `layer`."""
    made: dict[str, Any] = {}
    for name, value in layer.items():
        if name in kind.model_fields:
            group = group_of(kind.model_fields[name])
            made[name] = known(group, value) if group and isinstance(value, Mapping) else value
    return made


def taken_over(kind: "type[Config]") -> set[str]:
    """The settings of `kind` that are those of the run which it starts from: all that it has from classes which name none.

    What the class that names one adds, and those after it, is its own business.
    """
    naming = {leaf for leaf, mark in shown(kind) if mark.layer == "run"}
    before = next(each for each in kind.__mro__ if issubclass(each, Config) and naming.isdisjoint(each.model_fields))
    return set(before.model_fields)


def planned(value: Any) -> Any:
    """`value` as it stands in a plan, ready for JSON."""
    if isinstance(value, Config):
        marks = {name: [*each.metadata, *_inside(each.annotation)] for name, each in type(value).model_fields.items()}
        made = {
            name: _by_content(getattr(value, name), next((mark for mark in own if isinstance(mark, Planned)), None))
            for name, own in marks.items()
            if PACE not in own
        }
        beside = dict(value.reads())
        return {**made, **({"reads": planned(beside)} if beside else {})}
    if isinstance(value, Mapping):
        return {str(key): planned(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [planned(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return planned(asdict(value))
    return str(value) if isinstance(value, Path) else value


def _inside(annotation: Any) -> Iterator[Any]:
    """The marks inside a tuple's, an optional's or a mapping's type."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from _inside(part)


def _by_content(value: Any, mark: Planned | None) -> Any:
    if mark is None or value in (None, ""):
        return planned(value)
    if isinstance(value, tuple | list):
        return [_by_content(each, mark) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _by_content(each, mark) for key, each in value.items()}
    return planned(mark.by(value))


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
    return nested(name.strip(), parsed)


def nested(leaf: str, value: Any) -> dict[str, Any]:
    """`value` under the dotted name `leaf`: a.b as {"a": {"b": value}}."""
    made = value
    for part in reversed(leaf.split(".")):
        made = {part: made}
    out: dict[str, Any] = made
    return out


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
