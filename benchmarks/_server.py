"""A server of one model on this machine, for benchmarks/lm.py: vLLM's, or that of transformers."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from _bench import QUIET, say

NAME = "embedded"
COUNTED = {"read": "prompt_tokens", "from cache": "prefix_cache_hits", "written": "generation_tokens"}
# From the first import to the first answer: a minute on a processor where nothing else runs.
START_SECONDS = 600


@dataclass(frozen=True)
class Server:
    """Where it is, how its model is called there, and what it can do."""

    address: str
    model: str
    is_vllm: bool

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    def forget(self) -> None:
        """Empty its cache of prompts, so that no pass gains from the one before."""
        if self.is_vllm:
            request = urllib.request.Request(f"{self.address}/reset_prefix_cache", method="POST")
            urllib.request.urlopen(request, timeout=60).close()

    def tokens(self) -> dict[str, float]:
        """Since it started, whoever asked; nothing where it does not count. Those from the cache are among those read."""
        if not self.is_vllm:
            return {}
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        values = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
        return {
            title: sum(float(value) for name, value in values if name.startswith(f"vllm:{metric}_total"))
            for title, metric in COUNTED.items()
        }


@contextmanager
def serving(folder: Path, vllm_python: Path | None, log: Path) -> Iterator[Server]:
    """The model in `folder`, by vLLM if there is a Python that has it; ends with the block."""
    port = free_port()
    command = vllm_command(vllm_python, folder, port) if vllm_python else transformers_command(folder, port)
    # The dev mode has the call that empties the cache.
    settings = {**QUIET, "VLLM_SERVER_DEV_MODE": "1", "VLLM_CPU_KVCACHE_SPACE": "2"}
    say(f"starting {' '.join(command)}")
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**settings, **os.environ}, stdout=out, stderr=out, start_new_session=True)
    try:
        wait(f"http://127.0.0.1:{port}/health", process, log)
        yield Server(f"http://127.0.0.1:{port}", NAME if vllm_python else str(folder), vllm_python is not None)
    finally:
        end(process)


def vllm_command(python: Path, folder: Path, port: int) -> list[str]:
    """By its module: the build for processors lacks what `vllm serve` looks for."""
    module = [str(python), "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", str(port)]
    return [*module, "--model", str(folder), "--served-model-name", NAME]


def transformers_command(folder: Path, port: int) -> list[str]:
    script = Path(sys.executable).with_name("transformers")
    return [str(script), "serve", str(folder), "--host", "127.0.0.1", "--port", str(port), "--continuous-batching"]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    latest = time.monotonic() + START_SECONDS
    while time.monotonic() < latest and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.5)
    sys.exit(f"the server did not start:\n{log.read_text(errors='replace')[-4000:]}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """Its processes are a group of their own."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
