"""The house: who may import whom, and what stays unloaded (docs/architecture.md)."""

import ast
import resource
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "humpback"
# A room imports from itself and from the floors before its own: rooms on one floor do not know each other.
FLOORS = [
    ["errors", "orphans", "progress"],
    ["schema", "config"],
    ["stage"],
    ["prompts", "text", "metrics", "ledger"],
    ["store"],
    ["lm"],
    ["engine"],
    ["work"],
    ["run"],
    ["guards", "corpus"],
    ["methods", "curate"],
    ["train", "evaluate"],
    ["loop"],
    ["report", "exports", "doctor", "settings_text", "forecast"],
    ["recipes", "view"],
    ["api"],
    ["cli"],
]
# The rooms within the corpus.
CORPUS = [
    ["documents", "cutting", "held_out", "exchanges"],
    ["inputs", "rules"],
    ["tables", "pages"],
    ["pairs"],
    ["explain", "extract", "texts"],
]
# Where torch is loaded: in the process of a training, and by backends that compute with it.
TORCH = ("train/process/", "lm/transformers", "lm/vllm", "lm/seq2seq/model.py", "lm/encoders.py")
HEAVY = {"torch", "transformers", "trl", "datasets", "peft", "accelerate", "vllm", "sentence_transformers", "bitsandbytes"}


def imported(path: Path, *, typing: bool = True, loading: bool = False) -> Iterator[str]:
    """What the module imports, wherever in it; `typing` counts what only annotations need, `loading` only what is imported
    when the module is."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        for_types = isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        if (for_types and (loading or not typing)) or (loading and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting += ast.iter_child_nodes(node)


def rooms(within: Path) -> dict[str, list[Path]]:
    """The modules of every room of a package, by the room's name: a folder, or a module by itself."""
    found: dict[str, list[Path]] = {}
    for path in sorted(within.rglob("*.py")):
        found.setdefault(path.relative_to(within).parts[0].removesuffix(".py"), []).append(path)
    return {name: paths for name, paths in found.items() if name != "__init__"}


def arrows(within: Path) -> dict[str, dict[str, list[str]]]:
    """room -> room that it imports -> the modules that do."""
    prefix = ["humpback", *within.relative_to(SOURCE).parts]
    found: dict[str, dict[str, list[str]]] = {}
    known = rooms(within)
    for room, paths in known.items():
        to = found.setdefault(room, {})
        for path in paths:
            for name in imported(path):
                *outer, other = name.split(".")[: len(prefix) + 1]
                if outer == prefix and other != room and other in known:
                    to.setdefault(other, []).append(path.relative_to(SOURCE).as_posix())
    return found


@pytest.mark.parametrize(("within", "floors"), [("", FLOORS), ("corpus", CORPUS)], ids=["humpback", "corpus"])
def test_no_room_imports_upwards_or_sideways(within: str, floors: list[list[str]]) -> None:
    """A science module that imports the run, or a room that imports its neighbour, ties the house in a knot."""
    floor = {room: level for level, side_by_side in enumerate(floors) for room in side_by_side}
    wrong = [
        f"{module} imports {other}"
        for room, to in arrows(SOURCE / within).items()
        for other, modules in to.items()
        for module in modules
        if floor.get(other, 99) >= floor.get(room, -1)
    ]
    assert not wrong


@pytest.mark.parametrize("within", ["", "corpus"], ids=["humpback", "corpus"])
def test_no_ring_of_rooms(within: str) -> None:
    """Curation and methods once imported each other, six times each way, on one floor, where nothing was looked at."""
    ring({room: list(to) for room, to in arrows(SOURCE / within).items()})


def test_no_ring_of_modules() -> None:
    """What a module needs while it is loaded is loaded before it; what a function loads when it is called is not meant."""
    names = {".".join(["humpback", *path.relative_to(SOURCE).with_suffix("").parts]): path for path in SOURCE.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in names.items()}

    def module(name: str) -> str:
        return name if name in modules or not name else module(name.rpartition(".")[0])

    found = {name: {module(each) for each in imported(path, loading=True)} for name, path in modules.items()}
    ring({name: [each for each in to if each not in ("", name)] for name, to in found.items()})


def ring(graph: dict[str, list[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a ring: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(("within", "floors"), [("", FLOORS), ("corpus", CORPUS)], ids=["humpback", "corpus"])
def test_every_room_is_on_the_plan(within: str, floors: list[list[str]]) -> None:
    """A new module that nobody placed would be checked by no rule."""
    assert set(rooms(SOURCE / within)) == {room for side_by_side in floors for room in side_by_side}


def test_torch_is_imported_in_its_own_rooms_only() -> None:
    """An import of torch elsewhere would cost every command seconds."""
    paths = {path.relative_to(SOURCE).as_posix(): path for path in SOURCE.rglob("*.py")}
    heavy = {name for name, path in paths.items() if HEAVY & {each.split(".")[0] for each in imported(path, typing=False)}}
    assert sorted(name for name in heavy if not name.startswith(TORCH)) == []


HELP = """
import sys
import humpback, humpback.cli
sys.argv = ["humpback", "--help"]
try:
    humpback.cli.main()
except SystemExit:
    pass
loaded = {"torch", "pyarrow", "transformers", "pydantic"} & set(sys.modules)
sys.exit(f"loaded: {loaded}" if loaded else 0)
"""


@pytest.mark.parametrize("code", ["import humpback", HELP], ids=["import", "help"])
def test_the_package_and_its_help_load_little(code: str) -> None:
    """`humpback --help` must answer at once: one careless import at the top of cli.py makes it take seconds. Counted is the
    processor's time; the best of three, since the machine may be busy."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.3, seconds
