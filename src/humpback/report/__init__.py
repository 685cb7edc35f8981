"""What a run has to tell: sections, found by their files, shown by one renderer each for terminal, HTML and JSON.

To add a section, write `sections/NAME.py` with `PLACE` and `sections(found)`; a metric needs none to be shown.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from humpback.run import Run

PAGE = "report.html"


def show(folder: Path, as_json: bool = False) -> None:
    """Print all that the run in `folder` has so far, for people or as one JSON document."""
    from humpback.report import as_json as machines
    from humpback.report import terminal
    from humpback.report.composed import composed

    report = composed(folder)
    (machines.show if as_json else terminal.show)(report)


def write_report(folder: Path) -> Path:
    """Write RUN/report.html and return its path; a run that is not finished is reported as far as it is."""
    from humpback import store
    from humpback.report import html
    from humpback.report.composed import composed

    store.write_bytes(folder / PAGE, html.page(composed(folder)).encode())
    return folder / PAGE


def report(run: "Run") -> Path:
    """Write the report of the run that a recipe has come to the end of."""
    return write_report(run.folder)
