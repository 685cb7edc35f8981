"""The corpus of the recipe, whole: every step of it on the demo's pages."""

import json
from pathlib import Path

import pytest

from humpback import store
from humpback.config import build
from humpback.corpus.pages import CorpusSettings, segments
from humpback.errors import UsageFault
from humpback.run import Run
from humpback.store import Dataset

PAGES = str(Path(__file__).parents[2] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz")


def cut(folder: Path, **layer: object) -> Dataset:
    settings = build(CorpusSettings, [{"inputs": [PAGES], **layer}])
    with Run(folder, "corpus", settings) as run:
        return segments(run, settings, 1)


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return cut(tmp_path_factory.mktemp("all") / "run")


def test_segments_say_where_they_come_from(all_of_it: Dataset) -> None:
    """Training data whose page nobody can find again cannot be checked, nor taken back."""
    rows = list(all_of_it.rows())
    assert len(rows) > 150
    for row in rows:
        assert (
            row["url"]
            and row["header_path"]
            and row["warc"] == "pages.warc.gz"
            and row["offset"] is not None
            and row["date"]
        )
        assert row["lang"] == "en" and 600 <= row["n_chars"] <= 3000 and 0 <= row["link_share"] < 0.5


def test_caps_apply_only_where_they_are_set(all_of_it: Dataset, tmp_path: Path) -> None:
    """A page of fifty segments outweighs fifty pages of one."""
    assert not store.find(all_of_it.path.parent, of="capped")
    capped = cut(tmp_path / "run", caps={"per_page": 2})
    pages = [row["parent"] for row in capped.rows(["parent"])]
    assert max(map(pages.count, pages)) == 2 and len(pages) < len(all_of_it)


@pytest.mark.parametrize("mode", ["report", "drop"])
def test_what_a_benchmark_holds_is_reported_first_and_dropped_on_demand(
    all_of_it: Dataset, tmp_path: Path, mode: str
) -> None:
    """A segment that is the reference of an evaluation teaches the test."""
    held = next(iter(all_of_it.rows()))
    benchmark = tmp_path / "benchmark.jsonl"
    benchmark.write_text(json.dumps({"instruction": "Explain it to me.", "output": held["text"]}) + "\n")
    rows = {
        row["id"]: row for row in cut(tmp_path / "run", contamination={"against": [str(benchmark)], "mode": mode}).rows()
    }
    if mode == "report":
        assert rows[held["id"]]["contamination"].startswith("benchmark.jsonl") and len(rows) == len(all_of_it)
    else:
        assert held["id"] not in rows and len(rows) == len(all_of_it) - 1
    assert sum(row["contamination"] is not None for row in rows.values()) == (mode == "report")


@pytest.mark.parametrize("unit", ["document", "paragraph"])
def test_other_units_come_through_the_same_steps(tmp_path: Path, unit: str) -> None:
    """The ablation of what a segment is needs nothing but a setting."""
    rows = list(cut(tmp_path / "run", segment={"unit": unit}, rules={"min_chars": 200, "max_chars": 9000}).rows())
    assert rows and all(row["parent_segment"] is None for row in rows)
    if unit == "document":
        assert len({row["parent"] for row in rows}) == len(rows)


def test_a_language_that_no_page_is_told_to_be_in(tmp_path: Path) -> None:
    """The corpus was read to its end, and nothing was left of it."""
    with pytest.raises(UsageFault, match="did you mean 'en'"):
        build(CorpusSettings, [{"languages": ["EN"]}])
