"""The labelled pool (tests/curate/labelled.jsonl) in two files for `sweep`: tune on one, and report the other.

    python scripts/labelled_pool.py --out runs/labels
    humpback run sweep --out runs/sweep --set lm=MODEL --set pairs=runs/labels/tune.jsonl --set labels=runs/labels/tune.jsonl

Texts of other people's pages are not in the pool: they are cut anew from the pages in HUMPBACK_DATA (default ../shared/data)
and found by their digests. Without these pages the pairs of the demo's own pages are left.
"""

import argparse
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

POOL = Path(__file__).parents[1] / "tests" / "curate" / "labelled.jsonl"
HALVES = ("tune", "report")


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def half(row: Mapping[str, Any]) -> str:
    """Pairs of one text are in one half, whatever else is in the pool."""
    return HALVES[int(row["text"], 16) % 2]


def joined(rows: Iterable[dict[str, Any]], texts: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each half that are good or bad and whose text is at hand: those of `texts`, and what is in the pool."""
    known = {digest(text): text for text in texts}
    out: dict[str, list[dict[str, Any]]] = {name: [] for name in HALVES}
    for row in rows:
        response = row.get("response") or known.get(row["text"])
        if response and row["label"] is not None:
            told = {name: row[name] for name in ("id", "instruction", "header_path", "label") if name in row}
            out[half(row)].append({**told, "response": response})
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder of the two files")
    out = parser.parse_args().out
    import humpback  # not before: --help writes nothing and loads nothing

    rows = [json.loads(line) for line in POOL.read_text(encoding="utf-8").splitlines()]
    data = Path(os.environ.get("HUMPBACK_DATA", "../shared/data"))
    pages = [str(path) for path in (data / "web", data / "extraction" / "wcxb_dev.jsonl.gz") if path.exists()]
    texts = [row["text"] for row in humpback.segments(pages, out / "segments").rows()] if pages else []
    for name, pairs in joined(rows, texts).items():
        (out / f"{name}.jsonl").parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs]
        (out / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        print(f"{out / name}.jsonl: {len(pairs)} pairs, {sum(pair['label'] for pair in pairs)} good")


if __name__ == "__main__":
    main()
