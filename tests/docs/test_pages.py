"""The documentation is tried: its links, names, settings and commands, and what it asks its reader to write and type.

Blocks of the kind `sh` are carried out; those of the kind `console` are read, and every command in them must parse.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import documentation as pages
import pytest
import typer
from test_imports import FLOORS

from humpback import cli, recipes
from humpback.config import build, leaves
from humpback.recipes.demo import MATERIAL

SOURCE = pages.TREE / "src" / "humpback"
# Written from the code: what stands there is no advice to type.
REFERENCE = [name for name in pages.NAMES if name.startswith("docs/reference/")]
OWN = [name for name in pages.NAMES if name not in REFERENCE]
TRIED = [name for name in OWN if any(block.kind in ("sh", "python") and not block.file for block in pages.blocks(name))]
ADDITIONS = [name for name in TRIED if any(file.startswith("src/") for file in pages.files(name))]
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|md|txt|jsonl|yaml)")


def material(folder: Path) -> None:
    """What the pages take for granted: a folder of pages, seed pairs, pairs, web pairs, texts."""
    (folder / "pages").mkdir()
    shutil.copy(MATERIAL / "pages.warc.gz", folder / "pages")
    shutil.copy(MATERIAL / "seed.jsonl", folder)
    rows = [json.loads(line) for line in (MATERIAL / "seed.jsonl").read_text().splitlines()[:30]]
    given = [{key: row[key] for key in ("instruction", "response")} for row in rows]
    files = {
        "pairs.jsonl": given,
        "web.jsonl": [{**row, "url": f"https://site{i % 3}.example/{i}"} for i, row in enumerate(given)],
        "texts.jsonl": [{"text": row["response"], "title": row["instruction"]} for row in given[:8]],
    }
    for name, listed in files.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in listed))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    material(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def humpback(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line in this process; fails where it fails."""
    monkeypatch.setattr(sys, "argv", ["humpback", *arguments])
    try:
        cli.main()
    except SystemExit as ended:
        assert not ended.code, arguments


# What is named is there.


@pytest.mark.parametrize("page", pages.NAMES)
def test_links_lead_somewhere(page: str) -> None:
    """A page that was renamed leaves dead links behind."""
    dead = []
    for link in pages.links(page):
        target, _, anchor = link.partition("#")
        if not link.startswith(("http://", "https://")):
            path = (pages.TREE / page).parent / target if target else pages.TREE / page
            if not path.exists() or (anchor and anchor not in pages.anchors(path)):
                dead.append(link)
    assert not dead


@pytest.mark.parametrize("page", OWN)
def test_files_that_are_named_are_there(page: str) -> None:
    """Rooms move, and their readers look for them where they were."""
    named = [span for span in pages.spans(page) if FILE.fullmatch(span) and not span.startswith("runs/")]
    asked = pages.files(page)
    assert [
        name for name in named if not (pages.TREE / name).exists() and not (SOURCE / name).exists() and name not in asked
    ] == []


def settings() -> set[str]:
    """The dotted names of all settings of all recipes, and of those that hold others."""
    found: set[str] = set()
    for recipe in recipes.names():
        kind = recipes.load(recipe).Settings
        full = {"backward_sft": kind.model_fields["sft"].default} if "backward_sft" in kind.model_fields else {}
        for leaf, _ in leaves({**build(kind, []).model_dump(), **{name: each.model_dump() for name, each in full.items()}}):
            found |= {".".join(leaf.split(".")[: i + 1]) for i in range(leaf.count(".") + 1)}
    return found


SETTINGS = settings()
ROOTS = sorted({name.split(".")[0] for name in SETTINGS if "." in name})
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(ROOTS)})(?:\.[a-z_0-9]+)+")


@pytest.mark.parametrize("page", [*OWN, "CHANGELOG.md"])
def test_settings_that_are_named_are_there(page: str) -> None:
    """A setting that was renamed is typed by whoever reads the old name."""
    texts = [*pages.spans(page), *(block.text for block in pages.blocks(page) if block.kind in ("sh", "console"))]
    named = {name for text in texts for name in DOTTED.findall(text) if not name.endswith((".py", ".jsonl"))}
    assert sorted(named - SETTINGS) == []


def test_the_floors_are_those_that_are_held() -> None:
    """The plan of the house is drawn once in words and once in a test."""
    [drawn] = [block for block in pages.blocks("docs/architecture.md") if block.kind == "floors"]
    assert [line.split() for line in drawn.text.splitlines()] == FLOORS


# Commands.


@pytest.mark.parametrize("page", [name for name in OWN if name not in ADDITIONS])
def test_every_command_parses(page: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option or a setting that there is not is the first thing that a reader types."""
    known: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for arguments in pages.commands(page):
        for run in re.findall(r"runs/[\w-]+(?:/[\w-]+)*", " ".join(arguments)):
            Path(run).mkdir(parents=True, exist_ok=True)
            (Path(run) / "run.json").write_text('{"recipe": "humpback", "config": {}}')
        name, *rest = arguments
        if name == "run" or name in recipes.verb_names():
            humpback([*arguments, "--dry"], monkeypatch)
        elif name != "--help":
            known[name].make_context(name, rest)


@pytest.mark.parametrize("page", [name for name in TRIED if name not in ADDITIONS])
def test_what_a_page_says_can_be_typed(page: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A how-to that fails at its second command is closed."""
    for file, text in pages.files(page).items():
        (here / file).write_text(text)
    for block in pages.blocks(page):
        if block.kind == "python" and not block.file:
            exec(compile(block.text, page, "exec"), {})
        for line in pages.lines(block) if block.kind == "sh" else ():
            name, *arguments = pages.words(line)
            assert name == "humpback", line
            humpback(arguments, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("page", ADDITIONS)
def test_what_a_page_adds_works(page: str, here: Path) -> None:
    """Its files are written into a copy of the package, as its reader would, and nothing else is."""
    shutil.copytree(SOURCE, here / "src" / "humpback", copy_function=os.link, ignore=shutil.ignore_patterns("__pycache__"))
    for file, text in pages.files(page).items():
        path = here / file
        assert not path.exists(), f"{page} changes a file"
        path.write_text(text)
    script = "\n".join(block.text for block in pages.blocks(page) if block.kind == "sh")
    command = f'humpback() {{ "{sys.executable}" -m humpback.cli "$@"; }}\n{script}'
    env = {**os.environ, "PYTHONPATH": str(here / "src"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-e"], input=command, capture_output=True, text=True, check=False, cwd=here, env=env)
    assert done.returncode == 0, done.stderr
    linted = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", str(pages.TREE / "pyproject.toml"),
         *(file for file in pages.files(page) if file.startswith("src/") and file.endswith(".py"))],
        capture_output=True, text=True, check=False, cwd=here,
    )  # fmt: skip
    assert linted.returncode == 0, linted.stdout


# Lengths.


def test_pages_stay_short() -> None:
    """What is not finished is not read."""
    words = {page: len((pages.TREE / page).read_text().split()) for page in OWN}
    assert len((pages.TREE / "README.md").read_text().splitlines()) < 120
    assert [page for page in OWN if page.startswith("docs/how-to/") and words[page] >= 400] == []
    assert [page for page in OWN if words[page] > 900 and page not in WHOLE] == []


# The studies and what others' failures taught are kept whole; pages that show code have more words.
WHOLE = {"README.md", "docs/reproduction.md", "docs/study-smollm2.md", "docs/failures.md", "docs/log.md", *ADDITIONS}
