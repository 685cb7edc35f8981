"""Kill the demo at random moments and run it again: does it always end in the rows of an undisturbed run?

    .venv/bin/python benchmarks/kill_demo.py --kills 10 --out runs/kill

Prints where each kill fell, and at the end how many rows of how many datasets are equal. Exit code 1 if any differs.
Options after `--` go to `humpback run demo`.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from humpback.store import MANIFEST, Dataset, read_json


def start(out: Path, options: list[str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "humpback.cli", "run", "demo", "--out", str(out), *options]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def where(out: Path) -> str:
    """The youngest folder of a run."""
    return max((p.name for p in out.glob("[0-9][0-9]-*")), default="nothing yet")


def contents(out: Path) -> dict[str, list]:
    """All rows of every dataset, and the bytes of every model."""
    found: dict[str, list] = {}
    for folder in sorted(out.glob("[0-9][0-9]-*")):
        if "steps" in read_json(folder / MANIFEST):
            found[folder.name] = list(Dataset(folder).rows())
        elif (folder / "model.safetensors").exists():
            found[folder.name] = [(folder / "model.safetensors").read_bytes()]
    return found


def differing(calm: dict[str, list], killed: dict[str, list]) -> list[str]:
    return [name for name in {**calm, **killed} if calm.get(name) != killed.get(name)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("runs/kill"))
    parser.add_argument("--seed", type=int, default=1)
    args, options = parser.parse_known_args()
    options = [option for option in options if option != "--"]
    shutil.rmtree(args.out, ignore_errors=True)
    started = time.monotonic()
    if start(args.out / "calm", options).wait():
        sys.exit("the undisturbed demo failed")
    whole = time.monotonic() - started
    print(f"undisturbed: {whole:.0f} s", flush=True)
    rng = random.Random(args.seed)
    for kill in range(args.kills):
        child = start(args.out / "killed", options)
        patience = rng.uniform(4, max(8, 0.25 * whole))
        try:
            child.wait(patience)
            print(f"kill {kill + 1:2}: finished before {patience:.0f} s", flush=True)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            print(f"kill {kill + 1:2}: after {patience:5.1f} s, in {where(args.out / 'killed')}", flush=True)
    if start(args.out / "killed", options).wait():
        sys.exit("the run after the kills failed")
    calm, killed = contents(args.out / "calm"), contents(args.out / "killed")
    unlike = differing(calm, killed)
    rows = sum(len(each) for each in calm.values())
    print(f"{len(calm) - len(unlike)} of {len(calm)} datasets and models equal, {rows} rows; differing: {unlike or 'none'}")
    sys.exit(1 if unlike or not rows else 0)


if __name__ == "__main__":
    main()
