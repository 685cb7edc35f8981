"""The viewer on a run of a million rows: how long each view takes, and how much memory its process holds.

    .venv/bin/python benchmarks/view.py [--rows 1000000] [--folder FOLDER]

Makes a run with as many segments and as many pairs, drawn from a vocabulary by the law of words (Zipf), some 700
characters each, in shards as every run has them. FOLDER keeps it for the next time (1 GB). The server runs in a process
of its own; times are those of requests over the loopback, pages whole. What is made once, tables and index, is told apart.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _bench import say, table

from humpback.config import Config
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT, Row
from humpback.stage import Stage

PORT, TRIES, BOUND = 8791, 15, 0.3
WORDS, PER_TEXT = 60_000, 110


class Made(Config):
    """How many rows, of which kind."""

    rows: int
    kind: str


def rows(config: Made) -> Iterator[Row]:
    """Rows with texts of drawn words; pair i is made of segment i."""
    random = np.random.default_rng(1)
    names = np.array([f"w{i:x}" if i > 400 else f"the{i}" for i in range(WORDS)])
    for first in range(0, config.rows, 1000):
        drawn = names[np.minimum(random.zipf(1.3, size=(1000, PER_TEXT)), WORDS) - 1]
        scores = random.normal(3, 1, size=(1000, 2))
        for i in range(min(1000, config.rows - first)):
            number, text = first + i, " ".join(drawn[i])
            own = {
                "url": f"https://site{number % 5000}.example/{number}",
                "header_path": ["Heading", f"Part {number % 97}"],
                "lang": "en",
            }
            if config.kind == "segments":
                yield {"id": f"s{number}", "parent": f"d{number // 3}", "text": text, "n_chars": len(text), **own}
            else:
                told = {"logprob": float(-abs(scores[i, 0])), "source": "web", "label": int(scores[i, 1] > 3)}
                asked = " ".join(drawn[i, :9]) + "?"
                yield {"id": f"p{number}", "parent": f"s{number}", "instruction": asked, "response": text, **told, **own}


def as_they_are(_: Config, rows: Iterator[Row]) -> Iterator[Row]:
    yield from rows


def run_of(folder: Path, count: int) -> Path:
    if not (folder / "run.json").is_file():
        say(f"making a run of 2 x {count} rows in {folder}")
    with Run(folder, "benchmark", Made(rows=count, kind="all")) as run:
        for kind, columns in (("segments", SEGMENT), ("pairs", PAIR)):
            made = run.put(f"{kind}-made", Stage("made", columns, rows, Made(rows=count, kind=kind)), kind="files")
            run.map(kind, Stage("sharded", columns, as_they_are, scope="dataset"), made, kind=kind)
    return folder


def asked(path: str) -> float:
    started = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}") as answer:
        answer.read()
    return time.perf_counter() - started


def memory(process: int) -> int:
    """The most memory that the process has held, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def until_indexed(path: str) -> float:
    started = time.perf_counter()
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}") as answer:
            if b"The index is being made" not in answer.read():
                return time.perf_counter() - started
        time.sleep(1)


def views(count: int) -> dict[str, Callable[[int], str]]:
    """What is looked at, each time elsewhere."""
    random = np.random.default_rng(2)
    places = random.integers(0, count, size=1000).tolist()
    quoted = urllib.parse.quote
    return {
        "overview": lambda _: "/",
        "first page of pairs": lambda i: f"/rows/4?page={1 + i % 3}",
        "a page far in": lambda i: f"/rows/4?page={1 + places[i] // 50}",
        "filtered by a number": lambda i: f"/rows/4?c=logprob&s=%3E&v=-{0.1 + i / 100}",
        "filtered by a site": lambda i: f"/rows/4?c=url&s=has&v=site{places[i] % 5000}.",
        "sorted by a number": lambda i: f"/rows/4?order=logprob{'&down=1' if i % 2 else ''}",
        "searched, a rare word": lambda i: f"/rows/4?q=w{40_000 + places[i] % 20_000:x}",
        "searched, two words": lambda i: f"/rows/4?q={quoted(f'the{5 + i} w{500 + i:x}')}",
        "searched and filtered": lambda i: f"/rows/4?q=w{900 + i:x}&c=label&s=%3D&v=1",
        "one row with its lineage": lambda i: f"/row/4/{places[i]}",
        "the next pair to label": lambda i: f"/label/4?who=reader{i}",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the run is made, and kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = run_of(given.folder or Path(work) / "run", given.rows)
        command = [sys.executable, "-m", "humpback.cli", "view", str(folder), "--port", str(PORT)]
        server = subprocess.Popen(
            command, env={**os.environ, "XDG_CACHE_HOME": str(Path(work) / "cache")}, stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            server.stdout.readline()
            once = {"table of pairs, made once": asked("/rows/4"), "table of segments, made once": asked("/rows/2")}
            asked("/rows/2?dropped=1"), asked("/rows/4?dropped=1")
            once["index of pairs, made once beside the viewer"] = until_indexed("/rows/4?q=the5")
            shown: list[tuple[Any, ...]] = [(name, f"{seconds:.1f} s", "", "") for name, seconds in once.items()]
            missed = []
            for name, path in views(given.rows).items():
                asked(path(TRIES))
                times = [asked(path(i)) for i in range(TRIES)]
                missed += [name] if median(times) > BOUND else []
                shown.append(
                    (name, f"{1000 * median(times):.0f} ms", f"{1000 * min(times):.0f}", f"{1000 * max(times):.0f}")
                )
            table((f"{given.rows:,} pairs", "median", "least", "most"), shown)
            peak = memory(server.pid)
            print(f"  most memory of the server: {peak} MB (target <= 1000)")
            print(f"  over {1000 * BOUND:.0f} ms: {', '.join(missed) or 'none'}")
            print(json.dumps({"rows": given.rows, "missed": missed, "peak_mb": peak}))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
