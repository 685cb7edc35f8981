"""Time, memory and recall of the duplicate search: python benchmarks/dedup.py DATA --segments 1000000

DATA is a folder of JSONL files (.jsonl or .jsonl.gz) with `text`. Segments of about 1,500 characters are put together from
its lines; some are copies of an earlier one, whole or with some of their words changed. Rows stream by: what is measured is
what the search itself holds. Recall is counted over the planted pairs by their true Jaccard similarity.
"""

import argparse
import gzip
import json
import random
import resource
import time
from collections import Counter, deque
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from humpback.schema import Row
from humpback.stage import Drop
from humpback.text.near_duplicates import DedupConfig, shingles, unique

CHARS = 1_500
COPIES, CHANGED = 0.02, 0.08
RECENT = 2_000


def lines(folder: Path) -> list[str]:
    """Lines of prose in all files of `folder`."""
    found = []
    for path in sorted(folder.glob("*.jsonl*")):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            found += [line for record in file for line in json.loads(record)["text"].split("\n") if 80 < len(line) < 800]
    return found


def segments(material: list[str], count: int, planted: dict[str, float]) -> Iterator[Row]:
    """`count` rows; `planted` is filled with the true Jaccard of each row that was made from an earlier one."""
    draw = random.Random(0)
    recent: deque[str] = deque(maxlen=RECENT)
    for number in range(count):
        row = {"id": f"{number:024x}"}
        chance = draw.random()
        if chance < COPIES + CHANGED and len(recent) == RECENT:
            original = draw.choice(recent)
            text = original if chance < COPIES else change(original, draw)
            planted[row["id"]] = jaccard(original, text)
        else:
            text = compose(material, draw)
            recent.append(text)
        yield {**row, "text": text}


def compose(material: list[str], draw: random.Random) -> str:
    parts: list[str] = []
    while sum(map(len, parts)) < CHARS - 100:
        parts.append(draw.choice(material))
    return "\n\n".join(parts)


def change(text: str, draw: random.Random) -> str:
    """Up to one run of five words in seven has a new word: a Jaccard similarity from 0.5 to 1."""
    words = text.split(" ")
    for _ in range(draw.randint(1, max(1, len(words) // 14))):
        words[draw.randrange(len(words))] = f"new{draw.randrange(10**6)}"
    return " ".join(words)


def jaccard(one: str, other: str) -> float:
    a, b = (set(found.tolist()) for found in shingles([one, other], DedupConfig().shingle).sets)
    return len(a & b) / len(a | b)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--segments", type=int, default=100_000)
    arguments = parser.parse_args()
    material = lines(arguments.data)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    making, planted, dropped = [0.0], {}, {}
    reasons: Counter[str] = Counter()
    started = time.perf_counter()
    for outcome in unique(DedupConfig(), timed(segments(material, arguments.segments, planted), making)):
        reasons[outcome.reason if isinstance(outcome, Drop) else "kept"] += 1
        if isinstance(outcome, Drop):
            dropped[outcome.row["id"]] = outcome.reason
    seconds = time.perf_counter() - started - making[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{arguments.segments} segments: {dict(reasons)}")
    print(f"{seconds:.1f} s, {seconds / arguments.segments * 1e6:.0f} us each (making them: {making[0]:.1f} s)")
    print(f"peak {peak:.0f} MB, of which the material {base:.0f} MB")
    report(planted, dropped)


def timed(rows: Iterator[Row], seconds: list[float]) -> Iterator[Row]:
    """`rows`, with the time that making them takes added to `seconds`."""
    while True:
        started = time.perf_counter()
        row = next(rows, None)
        seconds[0] += time.perf_counter() - started
        if row is None:
            return
        yield row


def report(planted: dict[str, float], dropped: dict[str, Any]) -> None:
    for low, high in pairwise((0.5, 0.7, 0.75, 0.8, 0.82, 0.85, 0.9, 1.0, 1.1)):
        inside = [row for row, value in planted.items() if low <= value < high]
        if inside:
            found = sum(row in dropped for row in inside)
            print(f"planted, {low} <= Jaccard < {high}: {found} of {len(inside)} dropped ({found / len(inside):.2%})")
    strangers = [row for row in dropped if row not in planted]
    print(f"dropped although not planted: {len(strangers)}")


if __name__ == "__main__":
    main()
