"""The funnel: what each stage read, kept and dropped."""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section

from humpback.report.section import Bar, Counts, Table

Made = Callable[[str], Path]


def rows(folder: Path) -> dict[str, dict[str, object]]:
    [table] = section(folder, "funnel").bodies
    assert isinstance(table, Table)
    return {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_read_is_kept_and_dropped(made: Made) -> None:
    """In every line; the steps of a chain are lines of their own."""
    found = rows(made("loop"))
    assert all(row["read"] == row["kept"] + row["dropped"] for row in found.values())  # type: ignore[operator]
    assert found["documents"]["dropped for"] == Counts((("status", 2), ("empty_body", 1), ("not_html", 1)))
    assert found["candidates"]["rows made"] == 104 and found["pairs"][""] == Bar(76, 96)
    assert list(found)[:3] == ["seed", "documents", "candidates"]


def test_measurements_are_no_rows_of_the_funnel(made: Made) -> None:
    """Metric rows that "were read" make the funnel grow at its end; so do pairs that are damaged to be measured on."""
    found = rows(made("loop"))
    assert not {
        name for name in found if name.startswith(("competence", "injection", "likeness", "iteration", "dev-", "files"))
    }
    assert "scored-1" in found and "selected-2" in found
