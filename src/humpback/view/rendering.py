"""Templates, and how cells are written in them."""

from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader

from humpback.report.section import Cell
from humpback.report.unseen import words
from humpback.report.writing import written


class Templates:
    """Everything that is shown is escaped; `token` is what pages of ours know and others do not."""

    def __init__(self, token: str) -> None:
        self._environment = Environment(
            loader=PackageLoader("humpback", "view"), autoescape=True, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters.update(cell=cell, words=words, web=web)
        self._environment.globals.update(token=token)

    def show(self, name: str, **given: Any) -> str:
        return self._environment.get_template(f"{name}.html.jinja").render(page=name, **given)


def cell(value: Any) -> str:
    """A value of a row as text."""
    known: Cell = value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else written(known) if isinstance(value, bool | int | float) else str(value)


def web(url: str | None) -> str | None:
    """An address that a browser may be sent to; None of every other, which is text."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
