"""A recipe's settings as YAML with comments: what each is, and where its default comes from."""

import json
from collections.abc import Mapping

from humpback.config import Config, Shown, shown


def as_yaml(value: Config, sources: Mapping[str, str], every: bool = False) -> str:
    """The settings that people change (`every`: all), each with its description; valid YAML for `--config`.

    `sources` says by dotted name where values come from that are not the class's own.
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
            summary = " ".join((type(own).__doc__ or "").split()).partition(". ")[0].rstrip(".")
            made += [f"{indent}{name}:  # {summary}", *inner] if inner else []
        elif wanted is None or leaf in wanted:
            by = f"{sources[leaf]}; else {_written(field.default)}" if leaf in sources else ""
            about = field.description or next((mark.help for mark in field.metadata if isinstance(mark, Shown)), "")
            told = ": ".join(filter(None, (by, about)))
            made.append(f"{indent}{name}: {_written(own)}" + (f"  # {told}" if told else ""))
    return made


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
