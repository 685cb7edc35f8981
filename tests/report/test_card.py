"""The card of an exported data set: what a hub shows of it, and what it must not let strangers write there."""

from pathlib import Path

import yaml
from made import TestSettings, rows_in

from humpback.report.card import card
from humpback.run import Run
from humpback.schema import SEGMENT

ROW = {"id": "a", "instruction": "Why?", "url": "https://www.a.example/1", "license": "CC-BY-4.0", "lang": "en"}


def made(folder: Path, *rows: dict) -> str:
    with Run(folder, "t", TestSettings()) as run:
        rows_in(run, [{"id": "s"}], SEGMENT, "segments", kind="segments")
    return card(folder, rows, "train.jsonl", "messages")


def test_what_a_hub_reads(tmp_path: Path) -> None:
    """Licence, language, size and the file: without them a hub shows no table, and nobody may use it."""
    text = made(tmp_path / "mine", ROW, {**ROW, "id": "b", "opt_out": ["noai"]})
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["license"] == "cc-by-4.0" and front["language"] == ["en"] and front["size_categories"] == ["n<1K"]
    assert front["configs"] == [{"config_name": "default", "data_files": "train.jsonl"}]
    assert "| a.example | 2 |" in text and "| CC-BY-4.0 | 2 |" in text and "| noai | 1 |" in text and "recipe `t`" in text


def test_several_licences_are_no_licence(tmp_path: Path) -> None:
    """One that is stated for some must not be claimed for all."""
    text = made(tmp_path / "mine", ROW, {**ROW, "license": None})
    assert yaml.safe_load(text.split("---\n")[1])["license"] == "other" and "| none stated | 1 |" in text


def test_names_of_strangers_are_text(tmp_path: Path) -> None:
    """A licence that a page states is shown on a page of a hub."""
    text = made(tmp_path / "mine", {**ROW, "license": "<img src=x onerror=alert(1)>|[x](https://evil.example)\n# Title"})
    front, line = yaml.safe_load(text.split("---\n")[1]), next(line for line in text.splitlines() if "onerror" in line)
    assert front["license"] == "other"
    assert "\\<img" in line and "\\|" in line and "\\[x\\]" in line and line.count(" | ") == 1


def test_preferences_are_not_called_pairs_of_pages(tmp_path: Path) -> None:
    """Of answers that models gave, none stands on a page."""
    row = {"prompt": [], "chosen": [], "rejected": [], "by": "judge"}
    text = made(tmp_path / "mine", row)
    assert "`chosen` is preferred" in text and "stand on web pages" not in text and "Where it comes from" not in text
