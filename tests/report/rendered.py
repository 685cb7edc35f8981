"""A report as each renderer shows it, for tests."""

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from humpback.report import html
from humpback.report.as_json import document
from humpback.report.composed import Report, composed
from humpback.report.section import Section
from humpback.report.terminal import Printer


def terminal(report: Report, width: int = 132) -> str:
    text = io.StringIO()
    Printer(Console(file=text, width=width, highlight=False, markup=False, emoji=False)).report(report)
    return text.getvalue()


def page(report: Report) -> str:
    return html.page(report)


def machine(report: Report) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(document(report))
    return loaded


def of(*sections: Section, folder: Path = Path("nowhere")) -> Report:
    """A report of sections that a test makes up."""
    return Report("name", "recipe", folder, (), sections)


def titles(folder: Path) -> list[str]:
    return [section.key for section in composed(folder).sections]


def section(folder: Path, key: str) -> Section:
    return next(each for each in composed(folder).sections if each.key == key)


def printed(function: Callable[[], object]) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        function()
    return text.getvalue()
