"""A recipe's settings as YAML with comments: what each is, and where its default comes from."""

import json
from collections.abc import Mapping

from humpback.config import Config


def as_yaml(kind: type[Config]) -> str:
    """Every setting of `kind` with its default and its description; valid YAML for `--config`."""
    return as_yaml_of(kind(), {})


def as_yaml_of(value: Config, sources: Mapping[str, str], within: str = "") -> str:
    """Like `as_yaml`, for values of which some are not the defaults: `sources` says by dotted name where they come from.

    `within`: the dotted name of `value` itself, with a dot at its end.
    """
    return "\n".join(line for name in type(value).model_fields for line in _lines(value, name, sources, within))


def _lines(outer: Config, name: str, sources: Mapping[str, str], within: str) -> list[str]:
    value, leaf, indent = getattr(outer, name), f"{within}{name}", "  " * within.count(".")
    if isinstance(value, Config):
        summary = (type(value).__doc__ or "").splitlines()[0]
        return [f"{indent}{name}:  # {summary}", as_yaml_of(value, sources, f"{leaf}.")]
    told = sources.get(leaf) or type(outer).model_fields[name].description
    shown = json.dumps(value, ensure_ascii=False)
    return [f"{indent}{name}: {shown}" + (f"  # {told}" if told else "")]
