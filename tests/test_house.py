"""Rules of the house that are read off the source: sizes, and that nothing takes names or notes to pieces."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "humpback"
MOST_LINES, MOST_FUNCTION_LINES, HOP_LINES = 350, 50, 4
Function = ast.FunctionDef | ast.AsyncFunctionDef
TREES = {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")}


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def test_no_module_and_no_function_is_too_long() -> None:
    """What does not fit on a screen or two is read by nobody whole."""
    modules = {name: lines for name in TREES if (lines := len((SOURCE / name).read_text().splitlines())) > MOST_LINES}
    long = {
        f"{name}:{each.lineno} {each.name}": length(each)
        for name, tree in TREES.items()
        for each in functions(tree)
        if length(each) > MOST_FUNCTION_LINES
    }
    assert not modules and not long


def test_hops_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A private function of a few lines with one caller is a hop for whoever reads: a price, told and not forbidden."""
    hops = []
    for name, tree in TREES.items():
        uses = Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        uses += Counter(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))
        private = (each for each in functions(tree) if each.name[0] == "_" and each.name[:2] != "__")
        hops += [
            f"{name}:{each.lineno} {each.name}" for each in private if uses[each.name] == 1 and length(each) <= HOP_LINES
        ]
    with capsys.disabled():
        sys.stdout.write(f"\n{len(hops)} private functions of one caller and at most {HOP_LINES} lines\n")


# Names and notes.

# Names that others give, and that say what a thing is: devices, checkpoints of the trainer, files of users, our own prompts.
THEIRS = {
    "lm/devices.py": "/dev/nvidia0",
    "doctor.py": "/dev/nvidia0",
    "lm/firefox.py": "a direction is a folder of the package",
    "train/process/child.py": "the trainer's checkpoint-100",
    "prompts/__init__.py": "prompts are named by their files",
    "corpus/": "files, headers and elements of pages",
    "evaluate/preferences/files.py": "a model without a name is called by its file, of a user",
    "engine/": "engines are named by their files, and the note of a watch is a file",
    "recipes/__init__.py": "recipes are named by their files",
    "curate/scorers/__init__.py": "scorers are named by their files",
    "report/composed.py": "sections are named by their files",
}
PARTS = {"split", "rsplit", "partition", "rpartition", "removeprefix", "removesuffix", "startswith", "endswith"}
MATCHES = {"match", "search", "fullmatch", "findall", "sub", "split"}


def parsing(tree: ast.AST) -> Iterator[int]:
    """The lines where the name of a folder or the note of a metric is taken to pieces, or something is chosen by it."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        named = isinstance(node, ast.Attribute) and node.attr in ("name", "stem") and isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.expr) and (
            (named and _in_pieces(node, parents))
            or (_is_note(node) and _chooses(node, parents))
            or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _matches(node.func, node.args))
        ):
            yield node.lineno


def _matches(method: ast.Attribute, args: list[ast.expr]) -> bool:
    """Folders are looked for by numbers and dashes, or such are looked for in a name."""
    pattern = "".join(str(each.value) for arg in args[:1] for each in ast.walk(arg) if isinstance(each, ast.Constant))
    if method.attr == "glob":
        return bool(re.search(r"\[0-9\]|\*-|-\*", pattern)) and not pattern.startswith("part-")
    bare = isinstance(method.value, ast.Name) and method.value.id in ("name", "folder", "stem")
    if bare and method.attr in PARTS | {"replace"}:
        return pattern.strip().endswith("-")
    return method.attr in MATCHES and any(isinstance(each, ast.Name) and each.id == "name" for each in args[1:])


def _in_pieces(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """It is sliced, or a method that takes strings apart is called on it, or a pattern is matched with it."""
    above = parents[node]
    if isinstance(above, ast.Subscript):
        return above.value is node
    if isinstance(above, ast.Attribute):
        return above.attr in PARTS
    return isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute) and above.func.attr in MATCHES


def _is_note(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value == "note" and isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.Attribute) and node.attr == "note" and isinstance(node.ctx, ast.Load)


def _chooses(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """It is compared, is a key, sorts, becomes a number, or is taken apart: anything but shown."""
    child, above = node, parents[node]
    while not isinstance(above, ast.stmt):
        if isinstance(above, ast.Dict) and child in above.values:
            return False
        # Whether all are the same may be asked.
        counted = isinstance(parents[above], ast.Call) and getattr(parents[above].func, "id", "") == "len"  # type: ignore[attr-defined]
        called = above.func if isinstance(above, ast.Call) and above.func is not child else None
        if (
            (isinstance(above, ast.DictComp) and above.key is child)
            or (isinstance(above, ast.SetComp) and above.elt is child and not counted)
            or (isinstance(above, ast.Subscript) and above.slice is child)
            or (isinstance(above, ast.Attribute) and above.attr in PARTS | {"replace"})
            or isinstance(above, ast.Compare | ast.Dict | ast.Lambda)
            or getattr(called, "id", getattr(called, "attr", "")) in MATCHES | {"float", "int", "fromkeys"}
        ):
            return True
        if isinstance(above, ast.SetComp):
            return False
        child, above = above, parents[above]
    return False


@pytest.mark.parametrize("name", sorted(TREES))
def test_nothing_parses_the_names_of_folders_or_notes(name: str) -> None:
    """Some fifteen places read what a dataset is off its folder's name, and the report read figures back from sentences:
    both are in manifests and columns."""
    found = sorted(set(parsing(TREES[name])))
    assert not found or name.startswith(tuple(THEIRS)), f"{name}, lines {found}"


@pytest.mark.parametrize(
    "code",
    [
        'name = Path(spec).name.split("-", 1)[-1]',
        'made = path.name.split("-", 1)[1].replace("forward-", "M_")',
        'rounds = [int(name.removeprefix("selected-")) for name in finished if re.fullmatch("selected-1", name)]',
        'run.map(f"{made.path.name.split(chr(45), 1)[1]}-{title}", stage, made)',
        'found = sorted(folder.glob("[0-9][0-9]-pairs"))',
        'found = sorted(self.folder.glob(f"[0-9]*[0-9]-{name}"))',
        'trained = [name.replace("forward-", "M_") for name in steps]',
        "found = sorted(p for p in run.iterdir() if p.name[:2].isdigit())",
        'number = int(folder.name.rpartition("-")[2])',
        'ordered = sorted(rows, key=lambda row: str(row["note"]))',
        'found = {row["note"]: row["value"] for row in metrics}',
        'of = {(row["metric"], row["note"]): row["value"] for row in metrics}',
        'best = of[name, lead["note"]]',
        'names = list(dict.fromkeys(row["note"] for row in metrics))',
        'batches = {row["note"] for row in metrics}',
        'found = [row for row in rows if row["note"] == "test"]',
        'found = (row for row in metrics if note in (None, row["note"]))',
        'told = float(row["note"].removeprefix("N = "))',
        'told = row["note"].split(";")[0]',
        'found = _MEAN_P.search(row["note"] or "")',
        'found = re.search("p = (.*)", row.note)',
    ],
)
def test_the_rule_sees_what_was_done_before(code: str) -> None:
    """A rule that finds nothing is no proof that there is nothing."""
    assert list(parsing(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        'shown.append([figure(row), row["note"]])',
        'said = [f"{row.note}." for row in rows if row.note]',
        'yield {"note": row["note"], "value": 1}',
        "print(folder.name, spec.name)",
        'place = folder.with_name(folder.name + ".partial")',
    ],
)
def test_the_rule_lets_what_is_shown_be_shown(code: str) -> None:
    """Notes and names are for people."""
    assert not list(parsing(ast.parse(code)))
