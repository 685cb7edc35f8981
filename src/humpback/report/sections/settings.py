"""All settings of the run."""

import json
from collections.abc import Iterator

from humpback.report.reading import Reading
from humpback.report.section import Code, Section, Table

PLACE = 900


def sections(found: Reading) -> Iterator[Section]:
    """Always there."""
    rows = tuple((Code(leaf), Code(json.dumps(value, ensure_ascii=False))) for leaf, value in found.settings.items())
    yield Section("settings", f"Settings ({len(rows)})", "", (Table(("setting", "value"), rows),), folded=True)
