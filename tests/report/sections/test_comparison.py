"""Scorers compared."""

from collections.abc import Callable
from pathlib import Path

import measurements
import pytest
from report.rendered import section, titles
from worlds import World

from humpback.evaluate import comparison
from humpback.report.section import Counts, Figure, Table, Text
from humpback.report.writing import written

Made = Callable[[str], Path]


def test_the_best_is_told_with_how_sure_it_is(made: Made) -> None:
    """The best of two that are the same is drawn by lot, and must be told so."""
    by_damage, by_labels, quality, damage = section(made("sweep"), "comparison").bodies
    assert isinstance(by_damage, Text) and isinstance(by_labels, Text)
    told = "".join(map(written, by_damage.parts))
    assert told.startswith("Best on damage that no guard catches: combined, AUC 0.8") and "standard errors" in told
    assert "not told apart from none" in "".join(map(written, by_labels.parts))
    assert isinstance(quality, Table) and quality.rows[-1][0] == "a random choice"
    assert isinstance(damage, Table) and damage.columns == (
        "scorer",
        "shuffled",
        "generic",
        "truncated",
        "advert inserted",
        "copied",
    )


def test_what_each_keeps_and_costs(made: Made) -> None:
    """And what the others fell for, the most first."""
    [table] = section(made("sweep"), "kept").bodies
    assert isinstance(table, Table)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    fell = row["falls out for"]
    assert (
        isinstance(fell, Counts)
        and fell.of == (("below_share", 90), ("near_duplicate_instruction", 9))
        and len(fell.rows) == 2
    )
    assert [getattr(row[name], "value", None) for name in ("kept", "s per 1,000")] == [9.0, 30.0]


def test_any_two_are_compared_once(made: Made) -> None:
    """Spearman above the diagonal, Jaccard below it, nothing on it."""
    [table] = section(made("sweep"), "agreement-of-scorers").bodies
    assert isinstance(table, Table)
    for i, row in enumerate(table.rows):
        metrics = [cell.row.metric if isinstance(cell, Figure) and cell.row else None for cell in row[1:]]
        assert metrics == ["overlap"] * i + [None] + ["spearman"] * (len(table.rows) - i - 1)


@pytest.mark.parametrize("names", [["score"], ["score", "gain"]])
def test_what_says_nothing_is_told_to(tmp_path: Path, names: list[str]) -> None:
    """Without seed and labels nothing says which ranks best."""
    rows = [row for name in names for row in comparison.kept_rows(name, None, 9, 108, {})]
    with World(tmp_path / "a", "sweep") as world:
        world.metrics("comparison", rows, of="comparison")
    [told] = section(tmp_path / "a", "comparison").bodies
    assert isinstance(told, Text) and "Nothing says which scorer ranks best" in str(told.parts)
    assert ("agreement-of-scorers" in titles(tmp_path / "a")) is (len(names) > 1)


def test_selections_are_held_against_the_seed(made: Made) -> None:
    """Folded: a table of ten columns is for who asks for it."""
    shown = section(made("sweep"), "kept-likeness")
    [table] = shown.bodies
    assert shown.folded and isinstance(table, Table) and len(table.rows) == 2 * len(measurements.SCORERS)
