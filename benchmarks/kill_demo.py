"""Kill the demo at chosen and at random moments and run it again: does it always end as an undisturbed run does?

    .venv/bin/python benchmarks/kill_demo.py --kills 10 --out runs/kill
    .venv/bin/python benchmarks/kill_demo.py --kills 0 --at training scoring between --out runs/kill

`--at` kills once in each of the moments that it names, in which something is half done: `training` with a checkpoint
written, `scoring` with answers in the journal, `between` rounds. Prints where each kill fell, and at the end how many rows
of how many datasets and the bytes of how many models are equal. Exit code 1 if any differs, or if a moment never came.
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

# Seconds are another number each time.
TIMED = ("judge_seconds",)


def start(out: Path, options: list[str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "humpback.cli", "run", "demo", "--out", str(out), *options]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def training(out: Path) -> bool:
    """A forward model is being trained and has a whole checkpoint to go on from."""
    return any(out.glob("[0-9][0-9]-forward-*.partial/checkpoints/*/whole"))


def scoring(out: Path) -> bool:
    """The judge has answered, and nothing of it is in a shard yet."""
    return any(file.stat().st_size for file in out.glob("[0-9][0-9]-scored-*/.window-*.answers*"))


def between(out: Path) -> bool:
    """A round has ended in its model, and the next has no scores."""
    ended = {folder.name[3:] for folder in out.glob("[0-9][0-9]-*") if (folder / MANIFEST).exists()}
    return "forward-1" in ended and not any(out.glob("[0-9][0-9]-scored-2"))


MOMENTS = {moment.__name__: moment for moment in (training, scoring, between)}


def strike(child: subprocess.Popen, out: Path, moment: str) -> bool:
    """End `child` by force in `moment`; false if it ended by itself before that came."""
    while not MOMENTS[moment](out):
        if child.poll() is not None:
            return False
        time.sleep(0.01)
    end(child)
    return True


def end(child: subprocess.Popen) -> None:
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    time.sleep(1)  # a training ends within a fifth of a second of the run that started it


def where(out: Path) -> str:
    """The youngest folder of a run."""
    return max((p.name for p in out.glob("[0-9][0-9]-*")), default="nothing yet")


def contents(out: Path) -> dict[str, list]:
    """All rows of every dataset but the seconds measured, and the bytes of every model."""
    found: dict[str, list] = {}
    for folder in sorted(out.glob("[0-9][0-9]-*")):
        if "steps" in read_json(folder / MANIFEST):
            found[folder.name] = [row for row in Dataset(folder).rows() if row.get("metric") not in TIMED]
        elif (folder / "model.safetensors").exists():
            found[folder.name] = [(folder / "model.safetensors").read_bytes()]
    return found


def differing(calm: dict[str, list], killed: dict[str, list]) -> list[str]:
    return [name for name in {**calm, **killed} if calm.get(name) != killed.get(name)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--at", nargs="*", choices=MOMENTS, default=[], metavar="MOMENT", help=", ".join(MOMENTS))
    parser.add_argument("--out", type=Path, default=Path("runs/kill"))
    parser.add_argument("--seed", type=int, default=1)
    args, options = parser.parse_known_args()
    # The demo trains for fewer steps than lie between two checkpoints.
    options = ["--set", "hardware.checkpoint_steps=5", *(option for option in options if option != "--")]
    shutil.rmtree(args.out, ignore_errors=True)
    started = time.monotonic()
    if start(args.out / "calm", options).wait():
        sys.exit("the undisturbed demo failed")
    whole = time.monotonic() - started
    print(f"undisturbed: {whole:.0f} s", flush=True)
    for moment in args.at:
        if not strike(start(args.out / "killed", options), args.out / "killed", moment):
            sys.exit(f"the demo ended, and never was {moment}")
        print(f"killed {moment}: in {where(args.out / 'killed')}", flush=True)
    rng = random.Random(args.seed)
    for kill in range(args.kills):
        child = start(args.out / "killed", options)
        patience = rng.uniform(4, max(8, 0.25 * whole))
        try:
            child.wait(patience)
            print(f"kill {kill + 1:2}: finished before {patience:.0f} s", flush=True)
        except subprocess.TimeoutExpired:
            end(child)
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
