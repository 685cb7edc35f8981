"""What the benchmarks of models share: pairs of people, passes in alternation, an environment for peers, the machine."""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from humpback.errors import LMError
from humpback.lm import LM
from humpback.schema import Row

HERE = Path(__file__).parent
DATA = Path(os.environ.get("HUMPBACK_DATA", "../shared/data"))
REQUIREMENTS = HERE / "judge-requirements.txt"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "humpback-benchmarks" / "judge"
# Tokens of a response that a judge is shown.
CLIP = 256
# Nothing is counted by anybody, and nothing fetched.
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
}


def human_pairs() -> list[Row]:
    """All pairs of LIMA (id, instruction, response), in the file's order."""
    file = DATA / "instructions" / "lima_train.jsonl"
    if not file.is_file():
        sys.exit(f"{file} is not there: set HUMPBACK_DATA")
    turns = [json.loads(line)["conversations"] for line in file.read_text(encoding="utf-8").splitlines()]
    return [{"id": f"lima-{i}", "instruction": each[0], "response": each[1]} for i, each in enumerate(turns)]


class Unforced:
    """`lm`, which answers no typed question: the paper's way, in which an unreadable text is not asked about again."""

    def __init__(self, lm: LM) -> None:
        self._lm = lm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lm, name)

    def decide(self, *_: Any) -> Any:
        raise LMError("not asked", "", retryable=False)


def alternated(passes: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """What each of `passes` returns in every round, one after the other, so that all share the machine's noise."""
    found: dict[str, list[Any]] = {name: [] for name in passes}
    for number in range(rounds):
        for name, run in passes.items():
            started = time.perf_counter()
            found[name].append(run())
            say(f"{name}, round {number + 1}: {time.perf_counter() - started:.2f} s")
    return found


def say(text: str) -> None:
    """To whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """(seconds, what `work` returns)."""
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def middle(seconds: Sequence[float]) -> str:
    """The median, and between which the others lay."""
    return f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as their widest cell, the first one to the left."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *others = [
            f"{cell:{'<' if i == 0 else '>'}{width}}" for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  " + "   ".join([first, *others]).rstrip(), flush=True)


def peers_python(folder: Path, requirements: Path = REQUIREMENTS) -> Path:
    """The Python of the peers' environment, which is made on the first call and whenever its requirements change."""
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
        say(f"installing the peers in {folder}")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
        done = subprocess.run(install, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"the peers cannot be installed in {folder}:\n{done.stderr[-4000:]}")
        shutil.copy(requirements, stamp)
    return python


def ask_peer(python: Path, script: str, asked: Any) -> Any:
    """What the peers' script answers to `asked`: JSON in, JSON out, on the last line."""
    command = [str(python), str(HERE / script)]
    done = subprocess.run(command, input=json.dumps(asked), env=os.environ | QUIET, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """The processor, its load, the revision, and the versions of what was measured."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    describe = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cpus": os.cpu_count(),
        "gpu": gpu(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "revision": subprocess.run(describe, capture_output=True, text=True).stdout.strip(),
        **{name: installed(name) for name in packages},
        "peers": [pin for pin in REQUIREMENTS.read_text().splitlines() if pin.startswith("distilabel")],
    }


def gpu() -> str | None:
    """The first GPU's name; torch is loaded by now."""
    torch = sys.modules.get("torch")
    return str(torch.cuda.get_device_name(0)) if torch and torch.cuda.is_available() else None


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
