"""A recipe's settings as YAML with comments: what each is, and where its default comes from."""

import json
from collections.abc import Mapping

from humpback.config import Config, shown


def as_yaml(value: Config, sources: Mapping[str, str], every: bool = False) -> str:
    """The settings that people change (`every`: all), each with its description; valid YAML for `--config`.

    `sources` says by dotted name where values come from that are not the defaults.
    """
    often = {leaf for leaf, mark in shown(type(value)) if mark.often or mark.place}
    return "\n".join(_lines(value, sources, "", None if every or not often else often))


def _lines(value: Config, sources: Mapping[str, str], within: str, wanted: set[str] | None) -> list[str]:
    made: list[str] = []
    indent = "  " * within.count(".")
    for name, field in type(value).model_fields.items():
        leaf, own = f"{within}{name}", getattr(value, name)
        if isinstance(own, Config):
            inner = _lines(own, sources, f"{leaf}.", wanted)
            summary = (type(own).__doc__ or "").splitlines()[0]
            made += [f"{indent}{name}:  # {summary}", *inner] if inner else []
        elif wanted is None or leaf in wanted:
            told = sources.get(leaf) or field.description
            shown_ = json.dumps(own, ensure_ascii=False, default=str)
            made.append(f"{indent}{name}: {shown_}" + (f"  # {told}" if told else ""))
    return made
