"""What is in the tree: sources, and none of what building, installing or one machine leaves behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
# The model that ships; nothing else may be large.
EMBEDDED = "src/humpback/lm/embedded/model/model.safetensors"
MOST_BYTES = 2 << 20
ARTEFACTS = {
    ".whl", ".egg", ".pyc", ".pyo", ".so", ".o", ".log", ".tmp", ".swp", ".orig", ".rej",
    ".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".npy", ".parquet", ".arrow", ".zip", ".tar", ".tgz",
}  # fmt: skip
MACHINE = re.compile(rb"(?<![\w./-])/(?:work|root|tmp|home|mnt|opt|scratch)/\w")
INSTALLER = re.compile(rb"(?:extra-)?index[-_]url|trusted[-_]host|find[-_]links", re.IGNORECASE)


def tracked() -> list[str]:
    """The names of all files that are tracked; skips where the tree is no repository (an unpacked archive)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TREE, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this tree is no repository")
    return sorted(name for name in listed.stdout.split("\0") if name and (TREE / name).is_file())


def lines_with(pattern: re.Pattern[bytes]) -> list[str]:
    found = []
    for name in tracked():
        data = (TREE / name).read_bytes()
        if b"\0" not in data[:4096] and name != Path(__file__).relative_to(TREE).as_posix():
            found += [f"{name}:{data.count(bytes([10]), 0, hit.start()) + 1}" for hit in pattern.finditer(data)]
    return found


def test_no_artefacts() -> None:
    """A stray wheel was committed once, and stayed for weeks."""
    assert [name for name in tracked() if Path(name).suffix in ARTEFACTS and name != EMBEDDED] == []


def test_nothing_large_but_the_model_that_ships() -> None:
    """What is committed is cloned for ever."""
    sizes = {name: (TREE / name).stat().st_size for name in tracked()}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {EMBEDDED: sizes[EMBEDDED]}


def test_no_paths_of_one_machine() -> None:
    """A path that is there on one machine works there alone."""
    assert lines_with(MACHINE) == []


def test_no_addresses_of_package_indexes() -> None:
    """Where packages come from is a matter of whoever installs; a mirror's address is nobody else's business."""
    settings = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, check=False).stdout
    told = settings + " ".join(value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))).encode()
    hosts = set(re.findall(rb"https?://(?:[^/\s'@]*@)?([a-z][^/\s':]+\.[^/\s':]+)", told)) - {b"pypi.org"}
    patterns = [INSTALLER.pattern, *(re.escape(host) for host in sorted(hosts))]
    assert lines_with(re.compile(b"|".join(patterns), re.IGNORECASE)) == []
