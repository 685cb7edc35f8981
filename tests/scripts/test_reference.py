"""The reference in docs is what the code says."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("reference")


def test_every_page_is_as_the_code_is(reference: ModuleType) -> None:
    """Defaults were typed by hand into tables once, 62 rows of them, and nobody looked whether they still held."""
    assert reference.stale() == [], "type: python scripts/reference.py"


def test_a_page_that_is_not_is_told(reference: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that finds nothing is no proof that there is nothing."""
    monkeypatch.setattr(reference, "PAGES", tmp_path)
    for path in SCRIPTS.parent.glob("docs/reference/*.md"):
        (tmp_path / path.name).write_text(path.read_text().replace("`curate.k`** | `4.5`", "`curate.k`** | `4.0`"))
    assert reference.stale() == ["settings.md"]
