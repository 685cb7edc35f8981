"""Measures of a selection, each a file."""

from pathlib import Path

import pytest
from made import rows_in

from humpback.config import digest, planned
from humpback.evaluate import selection
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.store import Dataset

MEASURE = """
from humpback.metrics import metric

COLUMNS = ("id", "url")


def measure(seed, kept, dropped, told):
    yield metric("sites_kept", value=float(len({row["url"] for row in kept})), n=len(kept), unit="sites", **told)
"""


@pytest.fixture
def sets(run: Run) -> tuple[Dataset, Dataset, Dataset]:
    """Seed, pool, and the half of the pool that was kept."""
    rows: list[Row] = [
        {"id": f"p{i}", "instruction": f"How do I oil chain {i}?", "response": f"With drop {i}.", "url": f"u{i % 3}"}
        for i in range(12)
    ]
    human = [{**row, "id": f"s{i}", "split": "train" if i % 2 else "test"} for i, row in enumerate(rows)]
    return rows_in(run, human, PAIR, "seed"), rows_in(run, rows, PAIR, "pool"), rows_in(run, rows[:6], PAIR, "chosen")


def test_a_new_file_is_a_new_metric(
    run: Run, sets: tuple[Dataset, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A metric that must be entered in a table, too, is forgotten there; a plan without it takes over old rows."""
    before = selection.of_selection(run, "before", *sets, model="M_0", round=1)
    folder = tmp_path / "measures"
    folder.mkdir()
    (folder / "sites.py").write_text(MEASURE)
    monkeypatch.setattr(selection, "__path__", [*selection.__path__, str(folder)])
    made = selection.of_selection(run, "after", *sets, model="M_0", round=1)
    [row] = [row for row in made.rows() if row["metric"] == "sites_kept"]
    assert (row["value"], row["n"], row["model"], row["round"]) == (3.0, 6, "M_0", 1)
    assert made.plan["config"] != before.plan["config"] and len(made) == len(before) + 1


def test_another_version_is_another_plan(sets: tuple[Dataset, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a measure that has been mended must not be taken over from before."""
    monkeypatch.setattr(selection, "__path__", [str(tmp_path)])
    seed, every, chosen = (each.path for each in sets)
    config = selection.Selection(seed=seed, every=every, chosen=chosen, model="M_0", round=1)
    (tmp_path / "of_a_version.py").write_text(MEASURE)
    first = digest(planned(config))
    monkeypatch.setattr(selection.measures()["of_a_version"], "VERSION", 2, raising=False)
    assert digest(planned(config)) != first and selection.columns() == ["id", "url"]


def test_it_is_found_by_what_it_is(run: Run, sets: tuple[Dataset, ...]) -> None:
    """A report that parses the folder's name shows the next one under no heading."""
    made = selection.of_selection(run, "likeness-1", *sets, model="M_0", round=1)
    [found] = run.find(kind="metrics", of="selection", round=1, model="M_0")
    assert found.path == made.path


def test_where_all_is_kept_nothing_is_compared(run: Run, sets: tuple[Dataset, ...]) -> None:
    """Kept and dropped are compared; of one of them alone nothing can be said."""
    seed, every, _ = sets
    assert len(selection.of_selection(run, "all", seed, every, every, model="M_0", round=1)) == 0


def test_held_out_pairs_are_no_seed_to_be_like(sets: tuple[Dataset, ...]) -> None:
    """The judge has not seen them."""
    assert {row["split"] for row in selection.human(sets[0].path)} == {"train"}
