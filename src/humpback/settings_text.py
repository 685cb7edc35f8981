"""A recipe's settings as YAML with comments: what each is, and where its default comes from."""

import json
from typing import Any

from humpback.config import Config


def as_yaml(kind: type[Config], indent: str = "") -> str:
    """Every setting of `kind` with its default and its description; valid YAML for `--config`."""
    default = kind()
    return "\n".join(line for name in kind.model_fields for line in _lines(kind, name, getattr(default, name), indent))


def _lines(kind: type[Config], name: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, Config):
        summary = (type(value).__doc__ or "").splitlines()[0]
        return [f"{indent}{name}:  # {summary}", as_yaml_of(value, indent + "  ")]
    told = kind.model_fields[name].description
    shown = json.dumps(value, ensure_ascii=False)
    return [f"{indent}{name}: {shown}" + (f"  # {told}" if told else "")]


def as_yaml_of(value: Config, indent: str) -> str:
    """Like `as_yaml`, for nested settings whose defaults the outer ones may have changed."""
    kind = type(value)
    return "\n".join(line for name in kind.model_fields for line in _lines(kind, name, getattr(value, name), indent))
