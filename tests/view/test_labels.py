"""What people say is never lost: by two tabs, a crash, or a full disk."""

import errno
import json
import os
import threading
from pathlib import Path

import pytest

from humpback.view.labels import Labels


def test_the_last_word_counts_and_all_stay(tmp_path: Path) -> None:
    labels = Labels(tmp_path / "labels")
    for grade in ("good", "bad"):
        labels.add({"kind": "pair", "id": "p", "who": "a", "grade": grade})
    labels.add({"kind": "pair", "id": "p", "who": "b", "grade": "partly"})
    assert [line["grade"] for line in labels.lines()] == ["good", "bad", "partly"]
    assert {line["who"]: line["grade"] for line in labels.latest("pair")} == {"a": "bad", "b": "partly"}
    assert labels.latest("answers") == [] and all(line["at"].endswith("Z") for line in labels.lines())


def test_two_tabs_at_once(tmp_path: Path) -> None:
    """Each of two processes, here two openings of the file, writes whole lines."""

    def say(who: str) -> None:
        own = Labels(tmp_path / "labels")
        for i in range(60):
            own.add({"kind": "pair", "id": f"p{i}", "who": who, "text": "x" * 5000})

    threads = [threading.Thread(target=say, args=(who,)) for who in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Labels(tmp_path / "labels").latest("pair")) == 180


def test_a_line_that_a_crash_cut_costs_itself_alone(tmp_path: Path) -> None:
    labels = Labels(tmp_path / "labels")
    labels.add({"kind": "pair", "id": "1", "who": "a"})
    with labels.path.open("ab") as file:
        file.write(b'{"kind": "pair", "id": "2", "wh')
    labels.add({"kind": "pair", "id": "3", "who": "a"})
    assert [line["id"] for line in labels.latest("pair")] == ["1", "3"]


def test_a_full_disk_leaves_nothing_of_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line would be taken for a cut one; the browser must be told, so that it can be said again."""
    labels = Labels(tmp_path / "labels")
    labels.add({"kind": "pair", "id": "1", "who": "a"})
    before, real, calls = labels.path.read_bytes(), os.write, []

    def full(handle: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[:7])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        labels.add({"kind": "pair", "id": "2", "who": "a"})
    assert labels.path.read_bytes() == before
    monkeypatch.setattr(os, "write", real)
    labels.add({"kind": "pair", "id": "2", "who": "a"})
    assert [json.loads(line)["id"] for line in labels.path.read_text().splitlines()] == ["1", "2"]
