"""What a long run says while it works: one line per stage with rate and time left, on stderr.

On a terminal the line is live; elsewhere it is printed when a stage ends and every ten seconds in between.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Meter:
    """Counts `done` of `total` units and prints the line that belongs to them."""

    def __init__(self, label: str, total: int, unit: str, quiet: bool) -> None:
        self.label, self.total, self.unit, self.quiet = label, total, unit, quiet
        self.done = 0
        self.note = ""
        self._answers = 0
        self.started = self._printed = time.monotonic()
        self.live = sys.stderr.isatty()

    def advance(self, count: int = 1, note: str = "") -> None:
        self.done += count
        self.note = note or self.note
        now = time.monotonic()
        if now - self._printed > (0.2 if self.live else 10):
            self._printed = now
            self._print(self._line(now))

    def answers(self, count: int) -> None:
        """A language model gave so many more: what moves while a window of rows is in work."""
        self._answers += count
        self.advance(0, f"{self._answers} answers")

    def _line(self, now: float) -> str:
        seconds = max(now - self.started, 1e-6)
        rate = self.done / seconds
        left = f", {(self.total - self.done) / rate:.0f} s left" if 0 < self.done < self.total else ""
        note = f", {self.note}" if self.note else ""
        return f"{self.label:<22} {self.done}/{self.total} {self.unit}, {rate:.4g}/s{left}{note}"

    def _print(self, line: str, end: bool = False) -> None:
        if self.quiet:
            return
        if self.live:
            sys.stderr.write(f"\r\x1b[K{line[:160]}" + ("\n" if end else ""))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def close(self, summary: str) -> None:
        seconds = time.monotonic() - self.started
        self._print(f"{self.label:<22} {summary} ({seconds:.1f} s)", end=True)


class Progress:
    """Opens one meter per stage; `quiet` says nothing (tests, libraries)."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    @contextmanager
    def meter(self, label: str, total: int, unit: str) -> Iterator[Meter]:
        yield Meter(label, total, unit, self.quiet)

    def say(self, line: str) -> None:
        if not self.quiet:
            sys.stderr.write(line + "\n")
