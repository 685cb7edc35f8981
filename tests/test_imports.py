"""The house: who may import whom, and what stays unloaded (docs/architecture.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "humpback"
TORCH_ALLOWED = {
    "train/child.py", "train/load.py", "train/save.py", "train/packing.py", "train/trainer.py", "train/contrastive.py",
    "train/launcher.py",
    "lm/transformers.py", "lm/_sampling.py",
}  # fmt: skip
# Each room may import from itself and from the rooms before it; the science sits on one floor.
ORDER = [["errors"], ["schema", "config"], ["stage"], ["prompts"], ["store", "progress"], ["engine", "lm"],
         ["corpus", "methods", "curate"], ["train", "evaluate"], ["run"], ["report", "export", "doctor", "settings_text"],
         ["recipes"], ["alone"], ["cli"]]  # fmt: skip
FLOOR = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_module_imports_upwards(path: Path) -> None:
    """A science module that imports the run, or a store that imports a stage's science, ties the house in a knot."""
    relative = path.relative_to(SOURCE)
    room = relative.parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "humpback" and len(parts) > 1 and parts[1] in FLOOR:
            assert FLOOR[parts[1]] <= FLOOR[room], f"{relative} imports {name}"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_torch_is_imported_in_its_own_rooms_only(path: Path) -> None:
    """An import of torch elsewhere would cost every command seconds."""
    relative = path.relative_to(SOURCE).as_posix()
    heavy = {name.split(".")[0] for name in imported(path)} & {"torch", "trl", "transformers", "datasets"}
    typing_only = relative in ("lm/chat.py", "lm/decisions.py")
    assert not heavy or relative in TORCH_ALLOWED or typing_only


def test_the_package_and_its_help_load_no_torch_and_no_arrow() -> None:
    """`humpback --help` must answer at once; one careless import at the top of cli.py makes it take seconds."""
    code = (
        "import sys, humpback, humpback.cli\n"
        "sys.argv = ['humpback', '--help']\n"
        "try:\n    humpback.cli.main()\n"
        "except SystemExit:\n    pass\n"
        "loaded = {'torch', 'pyarrow', 'transformers', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_room_is_on_the_plan() -> None:
    """A new module that nobody placed would be checked by no rule."""
    rooms = {p.name.removesuffix(".py") for p in SOURCE.iterdir() if p.suffix == ".py" or p.is_dir()} - {
        "__init__",
        "__pycache__",
    }
    assert rooms == set(FLOOR)
