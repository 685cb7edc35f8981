"""What people say of pairs and of answers: a log that is only ever appended to, a line for each time that somebody says it.

A line is written whole, under a lock, and on the disk before the browser is told so: two tabs, a crash or a full disk lose
nothing that was said. The last line of a person on a thing counts; the others stay.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GRADES = ("good", "partly", "bad")
WHY = ("wrong topic", "not answered", "part", "needs the text", "ungrammatical", "clumsy", "no request")
SIDES = ("left", "right", "neither")
LOG = "log.jsonl"


class Labels:
    """The log in `folder`, which is made with the first line."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOG
        self._lock = threading.Lock()

    def add(self, *lines: dict[str, Any]) -> None:
        """Append lines, with the time; raises `OSError` where they could not be, and then nothing of them is there."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        data = "".join(json.dumps({**line, "at": at}, ensure_ascii=False) + "\n" for line in lines).encode()
        self.path.parent.mkdir(exist_ok=True)
        with self._lock:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                before = os.fstat(handle).st_size
                _append(handle, data, before)
            finally:
                os.close(handle)

    def lines(self) -> Iterator[dict[str, Any]]:
        """All that was said, oldest first. A line that was cut by a crash of the machine is passed over."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            for line in file:
                try:
                    said = json.loads(line)
                except ValueError:
                    continue
                if isinstance(said, dict):
                    yield said

    def latest(self, kind: str) -> list[dict[str, Any]]:
        """The last that each person said of each thing of a kind, pair or answers. A thing is known by its id and by what
        was asked, since a run that is made anew may have other rows under the same ids.
        """
        own = (line for line in self.lines() if line.get("kind") == kind)
        return list({(line.get("id"), line.get("who"), line.get("instruction")): line for line in own}.values())


def _append(handle: int, data: bytes, before: int) -> None:
    try:
        # A line that was cut before ours must not swallow it.
        if before and os.pread(handle, 1, before - 1) != b"\n":
            data = b"\n" + data
        left = data
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, before)
        raise
