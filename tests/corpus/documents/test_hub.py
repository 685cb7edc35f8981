"""Data sets by name, here a folder in the place of the hub: the same library opens both."""

import json
from pathlib import Path

import pytest

from humpback.corpus.documents import hub
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.errors import UsageFault

pytest.importorskip("datasets")
# The library alone takes seconds to load.
pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    for split, shards in (("train", 3), ("test", 1)):
        for shard in range(shards):
            lines = [json.dumps({"content": f"{split} {shard} {n}", "n": n}) for n in range(4)]
            (tmp_path / "set" / f"{split}-{shard}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "set"


def test_a_data_set_shard_by_shard(folder: Path) -> None:
    """Each shard is read on its own; `train` is read where no split is named; every row has its id."""
    columns = {"text": "content", "id": "n"}
    found = sources([f"hf:{folder}"], columns)
    assert [(row["kind"], row["start"], row["end"]) for row in found] == [("hub", n, n + 1) for n in range(3)]
    rows = list(read(DocumentsConfig(columns=columns), found))
    assert [row["text"] for row in rows] == [f"train {shard} {n}" for shard in range(3) for n in range(4)]
    assert len({row["id"] for row in rows}) == 12
    assert rows[0]["url"] == f"hf:{folder}:train#0"


def test_a_split_by_name(folder: Path) -> None:
    """`:test` is another set of rows, with other ids."""
    [source] = sources([f"hf:{folder}:test"])
    assert source["path"] == f"hf:{folder}:test"
    assert source["file"] != sources([f"hf:{folder}"])[0]["file"]


@pytest.mark.parametrize(
    ("ending", "columns", "said"),
    [
        (":nope", {}, "no split 'nope', but: test, train"),
        ("/gone", {}, "is not there"),
        ("", {"text": "body"}, "no column 'body'"),
    ],
)
def test_what_a_data_set_does_not_have(folder: Path, ending: str, columns: dict[str, str], said: str) -> None:
    """A mistyped set, split or column is told with what there is."""
    with pytest.raises(UsageFault, match=said):
        sources([f"hf:{folder}{ending}"], columns)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hf:owner/name", ("owner/name", None, None)),
        ("hf:name:train", ("name", None, "train")),
        ("hf:owner/name/en:test", ("owner/name", "en", "test")),
        ("hf:./a/b/c/d:x", ("./a/b/c/d", None, "x")),
    ],
)
def test_names(text: str, name: tuple[str, str | None, str | None]) -> None:
    """Owner, name, configuration and split as the hub shows them."""
    assert tuple(hub.parsed(text)) == name


def test_files_on_the_hub_are_files() -> None:
    """`hf://` is fsspec's, with a path to a file."""
    assert hub.sources("hf://datasets/owner/name/a.jsonl") is None
