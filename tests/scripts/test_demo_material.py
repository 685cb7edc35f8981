"""The demo's material: whole, original in form, and built as it says."""

import json
import subprocess
import sys
from pathlib import Path

from humpback.recipes.demo import MATERIAL

ROOT = Path(__file__).parents[2]


def test_the_archive_is_what_the_script_builds(tmp_path: Path) -> None:
    """An archive that nobody can rebuild cannot be corrected."""
    script = ROOT / "scripts" / "build_demo_warc.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "pages.warc.gz")], check=True)
    assert (tmp_path / "pages.warc.gz").read_bytes() == (MATERIAL / "pages.warc.gz").read_bytes()


def test_the_seed_is_varied_and_whole() -> None:
    """A seed of one kind of question teaches one kind of question."""
    rows = [json.loads(line) for line in (MATERIAL / "seed.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 120 and len({row["id"] for row in rows}) == len(rows) == len({row["instruction"] for row in rows})
    assert all(row["response"].strip() and len(row["header_path"]) == 2 for row in rows)
    assert len({row["instruction"].split()[0] for row in rows}) >= 20


def test_there_are_at_least_forty_pages() -> None:
    """The funnel of a handful of pages shows nothing."""
    assert len(list((ROOT / "scripts" / "demo_pages").glob("*.html"))) >= 40
