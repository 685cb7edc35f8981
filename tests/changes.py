"""Every setting of a recipe with another valid value: from its type and its bounds, and by hand where these do not tell."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from humpback.config import Config, Planned, group_of
from humpback.lm.spec import parse
from humpback.recipes.demo import MATERIAL


def settings_of(kind: type[Config], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """(dotted name, field) of every leaf of `kind`; where a group of settings may be unset, of those in it."""
    for name, field in kind.model_fields.items():
        group = group_of(field)
        yield from settings_of(group, f"{path}{name}.") if group else [(f"{path}{name}", field)]


# Where type and bounds do not tell what is valid: by the end of the dotted name.
BY_HAND: dict[str, Any] = {
    "backward.language": "de", "backward.examples": [["How?", "So."]],
    "rubric": "rubric-axes-v1", "curate.by": "ifd", "lr_end": 1e-7, "columns": {"text": "body"},
    "script_scale": {"han": 3.0}, "contamination.against": [str(MATERIAL / "seed.jsonl")],
    "relevance.embedding": str(parse("embedded").folder), "relevance.entailment": str(parse("embedded").folder),
    "hardware.launch": "two_cpu", "languages": ["en", "de"], "combine": ["score", "gain"], "scorers": ["gain", "ifd"],
    "licenses": ["CC-BY-*"],
    "answer_languages": {"de": "Deutsch"}, "translators": {"de": "echo"},
    "drift.embedding": str(parse("embedded").folder), "drift.entailment": str(parse("embedded").folder),
    "pivot.routes": [{"through": "Dutch", "there": "echo"}],
    "base": f"transformers:{parse('embedded').folder}",
}  # fmt: skip


def other(leaf: str, field: FieldInfo, value: Any, files: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """Another valid value of the setting `leaf` than `value`; `files` are those of settings that name files."""
    known = [given for end, given in {**BY_HAND, **files}.items() if leaf == end or leaf.endswith(f".{end}")]
    return known[0] if known else changed(field, value)


def changed(field: FieldInfo, value: Any) -> Any:
    """Another value than `value` that `field` allows, by its type and its bounds."""
    kind, bounds = _kind(field.annotation), {type(mark).__name__.casefold(): mark for mark in field.metadata}
    if get_origin(kind) is Literal:
        return next(each for each in get_args(kind) if each != value)
    if kind is bool:
        return not value
    if kind in (int, float):
        return _number(kind, value, bounds)
    if get_origin(kind) is tuple:
        return _several(get_args(kind), list(value))
    if kind is str:
        is_model = any(isinstance(mark, Planned) for mark in field.metadata)
        return ("embedded" if value == "echo" else "echo") if is_model else f"{value or ''} other".strip()
    raise LookupError(f"no other value of {kind}")


def _kind(annotation: Any) -> Any:
    """The type without what may stand around it: marks, and that it may be unset."""
    known = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is Annotated:
        return _kind(known[0])
    return _kind(known[0]) if type(None) in get_args(annotation) else annotation


def _number(kind: type, value: Any, bounds: dict[str, Any]) -> Any:
    """A little more, or where that is too much a little less; where it was unset 3, or a half."""
    if value is None:
        return 3 if kind is int else 0.5
    most = [getattr(bounds[name], name) for name in ("le", "lt") if name in bounds]
    more = value + 1 if kind is int else value * 1.25 or 0.25
    if not most or more < most[0]:
        return more
    return value - 1 if kind is int else value * 0.75


def _several(kinds: tuple[Any, ...], value: list[Any]) -> list[Any]:
    """Without the last, or where there is one, with another in its place; a pair of numbers with a larger second one."""
    kind = _kind(kinds[0])
    if any(isinstance(mark, Planned) for mark in getattr(kinds[0], "__metadata__", ())):
        return [*value, "echo"]
    if len(kinds) == 2 and kinds[1] is not Ellipsis:
        return [value[0], value[1] * 1.01]
    if len(value) > 1:
        return value[:-1]
    if get_origin(kind) is Literal:
        return [next(each for each in get_args(kind) if each not in value)]
    return [*value, kind(7)]


def value_of(settings: Config, leaf: str, field: FieldInfo) -> Any:
    """The value of the leaf; where the group that it is in is unset its default."""
    found: Any = settings
    for part in leaf.split("."):
        if found is None:
            return field.default
        found = getattr(found, part)
    return found
