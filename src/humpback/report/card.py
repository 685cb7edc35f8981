"""The card of an exported data set, as hubs show it: what is in it, from where, how it was made, under which licences."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import yaml

from humpback import store
from humpback.corpus.documents.document import Unread
from humpback.corpus.tables import records_of, table_sources
from humpback.report.reading import Reading
from humpback.report.section import Table
from humpback.report.sections import funnel
from humpback.report.writing import written
from humpback.schema import Row
from humpback.text.sites import site

SITES = 25
_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"),
)  # fmt: skip
# As SPDX writes them.
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
# What a row is, by its fields.
_PAIR = (
    "The responses stand on web pages, and a model wrote the instructions that they answer (unless `source` says otherwise)."
)
_PREFERENCE = "A row has a prompt and two completions, of which `chosen` is preferred; `by` says by whom."
LIMITS = """
What models wrote and judged was not read by anybody as a whole. Names of people and postal addresses are not redacted. What
pages state of their licence is told as they state it, and was checked by nobody. What stands on pages is as they have it,
with whatever is wrong or dated in it.
""".strip()


def write_card(run: Path, out: Path, format_: str) -> Path:
    """Write README.md beside the exported file `out`, and return its path."""
    found = (each for source in table_sources(str(out)) for each in records_of(source))
    rows = [each[1] for each in found if not isinstance(each, Unread)]
    path = out.with_name("README.md")
    store.write_bytes(path, card(run, rows, out.name, format_).encode())
    return path


def card(run: Path, rows: Sequence[Row], file: str, format_: str) -> str:
    """Markdown with the front matter that hubs read, of the exported `rows` in `file`."""
    found = Reading(run)
    licences = Counter(str(row.get("license") or "none stated") for row in rows)
    known = [name.lower() for name in licences if _IDENTIFIER.fullmatch(name)]
    front = {
        "pretty_name": found.name,
        "license": known[0] if len(licences) == len(known) == 1 else "other",
        "language": sorted({str(row["lang"]) for row in rows if row.get("lang")}) or ["en"],
        "size_categories": [next((name for most, name in _SIZES if len(rows) < most), "n>10M")],
        "task_categories": ["text-generation"],
        "tags": ["instruction-backtranslation", "humpback", "synthetic"],
        "configs": [{"config_name": "default", "data_files": file}],
    }
    sites = Counter(filter(None, (site(row.get("url")) for row in rows)))
    opted = Counter(sign for row in rows for sign in row.get("opt_out") or ())
    base = f" on {found.settings['base']}" if found.settings.get("base") else ""
    preferred = all("chosen" in row for row in rows)
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n\n# {found.name}",
        f"{len(rows):,} rows in the format `{format_}`, made by humpback {version('humpback')} with the recipe "
        f"`{found.recipe}`{base}. {_PREFERENCE if preferred else _PAIR}",
        "## Where it comes from" if sites else "",
        _counted("site", sites.most_common(SITES), f"and {len(sites) - SITES:,} more sites" if len(sites) > SITES else ""),
        "## Licences, as the pages state them",
        _counted("licence", licences.most_common()),
        _counted("opted out of such use, by", opted.most_common()),
        "## How it was made",
        *(_table(body) for section in funnel.sections(found) for body in section.bodies if isinstance(body, Table)),
        "## What it is not",
        LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counted(name: str, counts: Iterable[tuple[str, int]], rest: str = "") -> str:
    lines = [f"| {_cell(each)} | {count:,} |" for each, count in counts]
    return "\n".join([f"| {name} | rows |", "|---|---:|", *lines, *([f"| {rest} | |"] if rest else [])]) if lines else ""


def _table(shown: Table) -> str:
    """A table of the report without its bars."""
    kept = [i for i, name in enumerate(shown.columns) if name and name != "rows/s"]
    rows = [[_cell(written(row[i])) for i in kept] for row in shown.rows]
    lines = ["| " + " | ".join(shown.columns[i] for i in kept) + " |", "|" + "---|" * len(kept)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _cell(text: str) -> str:
    """Text of strangers in a table of Markdown: no markup, no new cell, no new line."""
    plain = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>|#!" else char for char in plain)
