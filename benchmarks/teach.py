"""Does a judge learn from damaged seed pairs? M_0 trained with and without lessons, on kinds of damage that it never saw.

python benchmarks/teach.py [--seeds 2] [--shares 0 0.2 0.5] [--pairs FILE]

Prints the AUC of the judge on each held-out kind, the share of valid answers, and the held-out NLL, which tells what the
lessons cost. The pairs are LIMA's, in HUMPBACK_DATA; the base is the embedded model under the settings it recommends.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from humpback import lm as language_models
from humpback.config import build
from humpback.corpus.pairs import pair_sources, read_pairs, split
from humpback.curate.select import CurateConfig
from humpback.curate.teach import TeachConfig
from humpback.evaluate.competence import competence
from humpback.evaluate.held_out import forward_nll
from humpback.evaluate.metrics import mean_and_error, mean_of
from humpback.lm.spec import recommended
from humpback.progress import Progress
from humpback.prompts.forward import TagConfig
from humpback.schema import Row
from humpback.train.config import SftConfig
from humpback.train.job import Job
from humpback.train.sft import train

DATA = Path(os.environ.get("HUMPBACK_DATA", Path(__file__).parents[2] / "shared" / "data"))
CASES = 70
WANTED = ("judge_auc", "judge_valid", "judge_canary", "judge_order_gap")


def pairs(path: str) -> dict[str, list[Row]]:
    """The pairs of `path` by split: train, dev, test."""
    rows = [row for row in read_pairs("seed", pair_sources(path)) if isinstance(row, dict)]
    parts: dict[str, list[Row]] = {"train": [], "dev": [], "test": []}
    for row in split(0.1, 0.1, 42, rows):
        parts[row["split"]].append(row)  # type: ignore[index, union-attr]
    return parts


def arm(parts: dict[str, list[Row]], share: float, seed: int) -> dict[str, float | None]:
    """The metrics of one training."""
    settings: dict[str, Any] = {**recommended("embedded")["sft"], "seed": seed}  # type: ignore[dict-item]
    tags, curate = TagConfig(), CurateConfig(max_tokens=256)
    with tempfile.TemporaryDirectory() as folder:
        known = [{k: v for k, v in row.items() if k != "split"} for row in parts["train"]]
        job = Job(
            role="forward", base_name="embedded", sft=build(SftConfig, [settings]), tags=tags, teach=TeachConfig(share=share)
        )
        train(Path(folder), job, known, Progress())
        lm = language_models.open(f"transformers:{folder}")
        rows = [*competence(parts["dev"][:CASES], lm, tags, curate, 1), *_nll(parts["test"][:CASES], lm, tags)]
        lm.close()
    return {_name(row): row["value"] for row in rows if row["metric"] in (*WANTED, "nll")}


def _nll(test: list[Row], lm: Any, tags: TagConfig) -> Iterator[Row]:
    yield mean_of("nll", "M_0", forward_nll(test, lm, tags, 256), unit="nats/token")


def _name(row: Row) -> str:
    return f"{row['metric']} {row['note']}" if row["metric"] == "judge_auc" else str(row["metric"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.2, 0.5])
    parser.add_argument("--pairs", default=str(DATA / "instructions" / "lima_train.jsonl"))
    options = parser.parse_args()
    if not Path(options.pairs).is_file():
        sys.exit(f"there are no pairs at {options.pairs}; give --pairs FILE, or set HUMPBACK_DATA")
    parts = pairs(options.pairs)
    print({name: len(rows) for name, rows in parts.items()})
    for share in options.shares:
        runs = [arm(parts, share, seed) for seed in range(options.seeds)]
        print(f"\nshare of lessons {share:g}, {options.seeds} trainings")
        for name in runs[0]:
            mean, error = mean_and_error([run[name] for run in runs if run[name] is not None])  # type: ignore[misc]
            print(f"  {name:<32} {mean:.3f}" + (f" ± {error:.3f}" if error is not None else ""), flush=True)


if __name__ == "__main__":
    main()
