"""Words in the texts of a run."""

from pathlib import Path

import pytest
from made import rows_in

from humpback.run import Run
from humpback.schema import PAIR
from humpback.view.search import Search, words
from humpback.view.tables import Table

TEXTS = [
    "How do I oil a chain?",
    "Oil the CHAIN, and wipe it.",
    "Käse aus der Käserei",
    "水を沸かす方法",
    "a_b foo-bar",
    'He said "oil"',
    "",
]


@pytest.fixture
def table(run: Run) -> Table:
    return Table(
        rows_in(run, [{"id": f"p{i}", "instruction": text, "response": f"answer {i}"} for i, text in enumerate(TEXTS)], PAIR)
    )


@pytest.fixture
def search(tmp_path: Path):
    made = Search(tmp_path / "cache")
    yield made
    made.close()


@pytest.mark.parametrize(("asked", "numbers"), [
    ("oil chain", [0, 1]), ("CHAIN wipe", [1]), ("käse", [2]), ("沸かす", [3]), ("水", [3]), ("a b", [4]), ("bar foo", [4]),
    ("answer 5", [5]), ("nothing such", []), ('"', []), ("oil AND NOT chain", []), ("oil*", [0, 1, 5]), ("text:oil", []),
    ("  ", []), ("NEAR(oil chain)", []),
])  # fmt: skip
def test_all_words_in_any_order(table: Table, search: Search, asked: str, numbers: list[int]) -> None:
    """Signs of the index's own language are no signs here."""
    search.wait(table)
    found, indexed = search.found(table, asked)
    assert found == numbers and indexed == len(TEXTS)


def test_an_index_that_was_broken_off_goes_on(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is indexed twice would be found twice, and what is passed over never."""
    monkeypatch.setattr("humpback.view.search._BATCH", 2)
    first = Search(tmp_path / "cache")
    count = 0
    real = Table.texts

    def breaks(self: Table):
        nonlocal count
        for each in real(self):
            count += 1
            if count == 6:
                first._closed.set()
            yield each

    monkeypatch.setattr(Table, "texts", breaks)
    first.wait(table)
    assert first.found(table, "answer")[1] == 4
    first.close()
    again = Search(tmp_path / "cache")
    again.wait(table)
    assert again.found(table, "answer") == (list(range(len(TEXTS))), len(TEXTS))
    again.close()


def test_words() -> None:
    assert list(words("Straße, ÉTÉ 10x_y ｆｕｌｌ")) == ["strasse", "été", "10x", "y", "full"]
    assert list(words("水を 沸かす")) == ["水", "を", "沸", "か", "す"]
